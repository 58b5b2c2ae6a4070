// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Values of stores that no plain move can copy, taken by a call out of the copy.

#include "record/rewrite/rewrite.h"

// Appends the bytes that the access has just stored; gives their number.
static size_t capture_access(struct recorder *r, const struct access *a)
{
    size_t bytes = (size_t)a->width * a->count;
    if (bytes > CAPTURE_RESERVED - r->capture_used)
        return 0;
    uint8_t *to = r->capture + r->capture_used;
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

void rewrite_capture(struct recorder *r)
{
    const struct translation *t = r->running;
    const struct segment *s = &t->table.segments[r->context->helper_segment];
    uint64_t *record = (uint64_t *)(uintptr_t)r->context->helper_record;
    const struct descriptor *d = &t->table.descriptors[s->first];
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
