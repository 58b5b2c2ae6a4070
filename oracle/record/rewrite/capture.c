// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What is done by a call out of the copy, after an instruction: values of stores that no
// plain move can copy are taken, and a FIFO that was read gets what comes next.

#include "record/rewrite/rewrite.h"

#include <string.h>

// Appends the bytes that the access has just stored; gives their number.
static size_t capture_access(struct recorder *r, const struct access *a)
{
    size_t bytes = (size_t)a->width * a->count;
    if (bytes > CAPTURE_RESERVED - r->capture_used)
        return 0;
    uint8_t *to = r->capture + r->capture_used;
    if (!(a->flags & (ACCESS_MASKED | ACCESS_DESCENDING))) {
        memcpy(to, (const void *)a->addr, bytes);
        return bytes;
    }
    for (uint64_t i = 0; i < a->count; i++, to += a->width) {
        uint64_t step = i * a->width;
        const uint8_t *from =
            (const uint8_t *)(a->flags & ACCESS_DESCENDING ? a->addr - step : a->addr + step);
        for (unsigned k = 0; k < a->width; k++) {
            bool stored = !(a->flags & ACCESS_MASKED) || (a->mask >> k & 1);
            to[k] = stored ? from[k] : 0;
        }
    }
    return bytes;
}

static void capture(struct recorder *r, const struct segment *s, const struct descriptor *d,
                    uint64_t *record)
{
    bool begun = false;
    for (uint32_t i = 0; i < s->count; i++, d++) {
        if (!d->captured)
            continue;
        if (!begun)
            record[d->value_word] = r->capture_used;
        begun = true;
        struct access accesses[EXPAND_MOST];
        size_t n = expand_descriptor(d, record, accesses);
        for (size_t k = 0; k < n; k++)
            r->capture_used += capture_access(r, &accesses[k]);
    }
}

static void play_fifo(struct recorder *r, const struct segment *s, const struct descriptor *d,
                      const uint64_t *record)
{
    struct access accesses[EXPAND_MOST];
    for (uint32_t i = 0; i < s->count; i++, d++) {
        size_t n = d->access.kind == ACCESS_LOAD ? expand_descriptor(d, record, accesses) : 0;
        for (size_t k = 0; k < n; k++)
            fifo_follow(&r->fifo, &accesses[k]);
    }
}

void rewrite_call_out(struct recorder *r)
{
    const struct translation *t = r->running;
    const struct segment *s = &t->table.segments[r->context->helper_segment];
    const struct descriptor *d = &t->table.descriptors[s->first];
    uint64_t *record = (uint64_t *)(uintptr_t)r->context->helper_record;
    if (t->rules.values)
        capture(r, s, d, record);
    if (t->rules.fifo)
        play_fifo(r, s, d, record);
}
