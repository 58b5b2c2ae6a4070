// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The bytes that an access touches, which is worked out here alone. A faulty trace must
// not lead astray, so spans saturate at the ends of the address space instead of
// wrapping. Inline, as judging asks for every access.

#ifndef STORESCOPE_ACCESS_H
#define STORESCOPE_ACCESS_H

#include "trace/trace.h"

enum { WORD_BITS = 64, LINE_BYTES = 64 }; // LINE: of the caches of x86

static inline uint64_t low_bits(uint64_t n)
{
    return n < WORD_BITS ? (UINT64_C(1) << n) - 1 : ~UINT64_C(0);
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

// One element of at most 64 bytes: its bytes fit a mask.
static inline bool access_is_small(const struct access *a)
{
    return a->count == 1 && a->width <= WORD_BITS;
}

// Bytes that a small access touches; bit 0 is the byte at addr.
static inline uint64_t access_mask(const struct access *a)
{
    uint64_t mask = low_bits(a->width);
    return a->flags & ACCESS_MASKED ? mask & a->mask : mask;
}

// Lowest byte touched and the byte after the highest; lo == hi for none.
static inline struct span access_reach(const struct access *a)
{
    if (access_is_small(a)) {
        uint64_t mask = access_mask(a);
        if (!mask)
            return (struct span){a->addr, a->addr};
        uint64_t hi = a->addr + WORD_BITS - (uint64_t)__builtin_clzll(mask);
        return (struct span){a->addr + (uint64_t)__builtin_ctzll(mask),
                             hi < a->addr ? UINT64_MAX : hi};
    }
    if (a->count == 0 || a->width == 0)
        return (struct span){a->addr, a->addr};

    bool down = a->flags & ACCESS_DESCENDING;
    uint64_t room = (down ? a->addr : UINT64_MAX - a->addr) / a->width;
    uint64_t steps = min_u64(a->count - 1, room);
    uint64_t first = down ? a->addr - steps * a->width : a->addr;
    uint64_t last = down ? a->addr : a->addr + steps * a->width;
    return (struct span){first, last + min_u64(a->width, UINT64_MAX - last)};
}

// Is the byte at ADDR, which lies in the access's reach, touched?
static inline bool access_touches(const struct access *a, uint64_t addr)
{
    return !access_is_small(a) || access_mask(a) >> (addr - a->addr) & 1;
}

// Where the value of a stored byte lies in trace.values.
static inline uint64_t access_value_index(const struct access *a, uint64_t addr)
{
    if (!(a->flags & ACCESS_DESCENDING))
        return a->value + (addr - a->addr);
    uint64_t index = (a->addr + a->width - 1 - addr) / a->width;
    return a->value + index * a->width + (addr - (a->addr - index * a->width));
}

// Are its bytes, a store's, known?
static inline bool access_has_values(const struct trace *t, const struct access *a)
{
    if (a->value == TRACE_NO_VALUE || a->value > t->value_bytes)
        return false;
    return a->count <= (t->value_bytes - a->value) / a->width;
}

#endif
