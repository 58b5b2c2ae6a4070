// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "watch/tally.h"

#include <assert.h>
#include <stdlib.h>

enum { STAMP_PAGE = 4096, STAMP_BUCKETS = 1 << 12 };

struct stamp_page {
    struct stamp_page *next;
    uint64_t number;
    uint32_t call[STAMP_PAGE]; // the low bits of its number
};

struct stamps {
    struct stamp_page *buckets[STAMP_BUCKETS];
};

struct stamps *stamps_new(void)
{
    struct stamps *s = calloc(1, sizeof *s);
    assert(s != NULL);
    return s;
}

void stamps_free(struct stamps *s)
{
    for (size_t i = 0; i < STAMP_BUCKETS; i++)
        while (s->buckets[i] != NULL) {
            struct stamp_page *page = s->buckets[i];
            s->buckets[i] = page->next;
            free(page);
        }
    free(s);
}

static struct stamp_page *page_of(struct stamps *s, uint64_t offset)
{
    uint64_t number = offset / STAMP_PAGE;
    struct stamp_page **bucket = &s->buckets[number % STAMP_BUCKETS];
    for (struct stamp_page *page = *bucket; page != NULL; page = page->next)
        if (page->number == number)
            return page;
    struct stamp_page *page = calloc(1, sizeof *page);
    assert(page != NULL);
    page->number = number;
    page->next = *bucket;
    return *bucket = page;
}

// Marks the bytes; how many of them the call had touched before.
static uint64_t stamp(struct stamps *s, const struct watch_access *a)
{
    uint64_t again = 0;
    uint32_t call = (uint32_t)a->call;
    for (uint64_t i = 0; i < (uint64_t)a->width * a->count; i++) {
        uint64_t offset = a->offset + i;
        uint32_t *mark = &page_of(s, offset)->call[offset % STAMP_PAGE];
        again += *mark == call;
        *mark = call;
    }
    return again;
}

static void add_run(struct watch_tally *t, uint64_t lo, uint64_t hi)
{
    bool goes_on = t->run_count > 0 && t->run_end == lo;
    t->run_end = hi;
    if (!goes_on)
        t->run_count++;
    if (t->run_count > CALL_RUNS_MAX)
        return;
    struct watch_run *run = &t->runs[t->run_count - 1];
    if (!goes_on)
        run->lo = lo;
    run->hi = hi;
}

void watch_tally_add(struct watch_tally *t, const struct watch_access *a, struct stamps *stamps)
{
    uint64_t bytes = (uint64_t)a->width * a->count;
    unsigned width_log = (unsigned)__builtin_ctz(a->width);
    if (t->count > 0 && a->offset < t->last)
        t->descends = true;
    t->last = a->offset;
    if (t->count == 0 || a->offset < t->lo)
        t->lo = a->offset;
    if (a->offset + bytes > t->hi)
        t->hi = a->offset + bytes;
    t->count += a->count;
    t->bytes += bytes;
    t->widths[width_log < 6 ? width_log : 6] += a->count;
    if (a->addr % a->width != 0)
        t->misaligned += a->count;
    add_run(t, a->offset, a->offset + bytes);
    t->bytes_again += stamp(stamps, a);
}
