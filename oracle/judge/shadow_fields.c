// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Fields of records: which of them is touched in parts. Records lie one behind the
// other from the side's start. Only for contracts that name a layout, so a pass of its
// own.

#include "judge/access_bytes.h"

#include <string.h>

// The field that holds the byte at OFF of a side.
static struct span field_at(uint64_t fields, uint32_t record, uint64_t off)
{
    uint64_t at = off % record, base = off - at;
    uint64_t start = WORD_BITS - 1 - (uint64_t)__builtin_clzll(fields & low_bits(at + 1));
    uint64_t later = fields & ~low_bits(start + 1);
    return (struct span){base + start, base + (later ? (uint64_t)__builtin_ctzll(later) : record)};
}

static bool any_touched(const uint64_t *once, struct span field)
{
    for (uint64_t i = field.lo; i < field.hi; i++)
        if (once[i / WORD_BITS] >> i % WORD_BITS & 1)
            return true;
    return false;
}

// Is the field one that can be touched at once, and is to be?
static bool is_judged(struct shadow_view view, struct span field, uint32_t max)
{
    uint64_t size = field.hi - field.lo;
    return size > 1 && size <= max && field.hi <= view.size && (view.base + field.lo) % size == 0;
}

bool shadow_find_torn_field(const struct shadow *s, enum access_kind kind, struct record record,
                            uint32_t max, struct torn_field *out)
{
    struct shadow_scratch *scratch = s->scratch;
    struct shadow_view view = shadow_view(s, kind);
    size_t words = view.size / WORD_BITS + 1;
    uint64_t *once = shadow_room(&scratch->slow, &scratch->slow_bytes, words * sizeof *once);
    memset(once, 0, words * sizeof *once);

    for (size_t i = 0; i < s->trace->count; i++) {
        const struct access *a = &s->trace->accesses[i];
        struct byte_walk walk = byte_walk_start(view, a, NULL);
        while (byte_walk_next(&walk)) {
            struct span field = field_at(record.fields, record.bytes, walk.off);
            uint32_t size = (uint32_t)(field.hi - field.lo);
            if (is_judged(view, field, max) && !any_touched(once, field) &&
                !element_covers(access_element(a, view.base + walk.off), view.base + field.lo,
                                size)) {
                *out = (struct torn_field){(uint32_t)i, field.lo, size};
                return true;
            }
            walk.next = max_u64(walk.next, min_u64(field.hi, walk.end));
        }
        walk = byte_walk_start(view, a, NULL);
        while (byte_walk_next(&walk))
            once[walk.off / WORD_BITS] |= UINT64_C(1) << walk.off % WORD_BITS;
    }
    return false;
}
