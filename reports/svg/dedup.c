// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/svg/dedup.h"

#include <assert.h>
#include <stdlib.h>

void dedup_begin(struct dedup_drawing *d, const struct markup *m)
{
    *d = (struct dedup_drawing){.text = NULL};
    FILE *out = open_memstream(&d->text, &d->length);
    assert(out != NULL);
    markup_init(&d->markup, out);
    d->markup.foreign = UINT32_MAX;
    d->markup.terse = m->terse;
}

// FNV-1a, of two starting values: drawings are taken for the same by 128 bits.
static void hash(const char *text, size_t length, uint64_t out[2])
{
    uint64_t a = 0xcbf29ce484222325u, b = 0x9e3779b97f4a7c15u;
    for (size_t i = 0; i < length; i++) {
        a = (a ^ (uint8_t)text[i]) * 0x100000001b3u;
        b = (b + (uint8_t)text[i]) * 0xff51afd7ed558ccdu;
        b ^= b >> 29;
    }
    out[0] = a;
    out[1] = b | 1;
}

static struct dedup_entry *slot(struct dedup_entry *entries, size_t capacity,
                                const uint64_t wanted[2])
{
    size_t at = (size_t)wanted[1] & (capacity - 1);
    while (entries[at].hash[1] != 0 &&
           (entries[at].hash[0] != wanted[0] || entries[at].hash[1] != wanted[1]))
        at = (at + 1) & (capacity - 1);
    return &entries[at];
}

static void grow(struct dedup *dedup)
{
    size_t capacity = dedup->capacity ? 2 * dedup->capacity : 256;
    struct dedup_entry *entries = calloc(capacity, sizeof *entries);
    assert(entries != NULL);
    for (size_t i = 0; i < dedup->capacity; i++)
        if (dedup->entries[i].hash[1] != 0)
            *slot(entries, capacity, dedup->entries[i].hash) = dedup->entries[i];
    free(dedup->entries);
    dedup->entries = entries;
    dedup->capacity = capacity;
}

bool dedup_seen(struct dedup *dedup, const char *text, size_t length, size_t *id)
{
    uint64_t wanted[2];
    if (2 * dedup->count >= dedup->capacity)
        grow(dedup);
    hash(text, length, wanted);
    struct dedup_entry *entry = slot(dedup->entries, dedup->capacity, wanted);
    bool again = entry->hash[1] != 0;
    if (!again)
        *entry = (struct dedup_entry){.hash = {wanted[0], wanted[1]}, .id = dedup->count++};
    *id = entry->id;
    return again;
}

void dedup_end(struct dedup *dedup, struct dedup_drawing *d, struct markup *m)
{
    size_t id;
    assert(d->markup.depth == 0);
    fclose(d->markup.out);
    bool again = dedup_seen(dedup, d->text, d->length, &id);
    markup_open(m, again ? "use" : "g");
    markup_attr_format(m, again ? "href" : "id", "%sp%zu", again ? "#" : "", id);
    if (!again) {
        markup_attr(m, "class", "pic");
        markup_raw(m, d->text, d->length);
    }
    markup_close(m);
    free(d->text);
}

void dedup_free(struct dedup *dedup)
{
    free(dedup->entries);
    *dedup = (struct dedup){.entries = NULL};
}
