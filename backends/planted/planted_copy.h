// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Copying with stores and loads that no compiler may change, for planted
// routines written in C. The plain copy is whole: each aligned element of up to
// eight bytes is one store, ascending, and every byte is loaded and stored once.

#ifndef STORESCOPE_PLANTED_COPY_H
#define STORESCOPE_PLANTED_COPY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint16_t __attribute__((aligned(1), may_alias)) any_u16;
typedef uint32_t __attribute__((aligned(1), may_alias)) any_u32;
typedef uint64_t __attribute__((aligned(1), may_alias)) any_u64;

#define PLANTED(name, op, contract, options, cpu, rules) \
    void *planted_##name(void *to, const void *from, size_t n);
#include "backends/planted/planted.def"
#undef PLANTED

#define ROUTINE(name) void *planted_##name(void *to, const void *from, size_t n)
#define ALWAYS_INLINE static inline __attribute__((always_inline))

ALWAYS_INLINE uint64_t load(const void *from, size_t width)
{
    switch (width) {
    case 1:
        return *(const volatile uint8_t *)from;
    case 2:
        return *(const volatile any_u16 *)from;
    case 4:
        return *(const volatile any_u32 *)from;
    default:
        return *(const volatile any_u64 *)from;
    }
}

ALWAYS_INLINE void store(void *to, uint64_t value, size_t width)
{
    switch (width) {
    case 1:
        *(volatile uint8_t *)to = (uint8_t)value;
        break;
    case 2:
        *(volatile any_u16 *)to = (uint16_t)value;
        break;
    case 4:
        *(volatile any_u32 *)to = (uint32_t)value;
        break;
    default:
        *(volatile any_u64 *)to = value;
        break;
    }
}

// Widest of 8, 4, 2, 1, at most MAX, that AT is a multiple of and LEFT has room for.
ALWAYS_INLINE size_t whole_width(const void *at, size_t left, size_t max)
{
    size_t width = max;
    while ((uintptr_t)at % width != 0 || width > left) {
        width /= 2;
    }
    return width;
}

ALWAYS_INLINE void copy_element(void *to, const void *from, size_t width)
{
    store(to, load(from, width), width);
}

ALWAYS_INLINE void copy_whole_max(uint8_t *to, const uint8_t *from, size_t n, size_t max)
{
    while (n > 0) {
        size_t width = whole_width(to, n, max);
        copy_element(to, from, width);
        to += width;
        from += width;
        n -= width;
    }
}

ALWAYS_INLINE void copy_whole(void *to, const void *from, size_t n)
{
    copy_whole_max(to, from, n, 8);
}

ALWAYS_INLINE void copy_bytes(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        copy_element((uint8_t *)to + i, (const uint8_t *)from + i, 1);
    }
}

// What an otherwise whole copy does with its last element.
enum last_element {
    LAST_RIGHT,
    LAST_FLIPPED,     // top bit wrong
    LAST_TWICE,       // stored twice
    LAST_WRONG_FIRST, // stored with a wrong value, then again with the right one
    LAST_BYTE_AGAIN,  // its last byte stored once more
    LAST_LEFT_OUT,
};

ALWAYS_INLINE void store_last(uint8_t *to, uint64_t value, size_t width, enum last_element how)
{
    uint64_t top_bit = UINT64_C(1) << (8 * width - 1);
    if (how == LAST_LEFT_OUT) {
        return;
    }
    store(to, how == LAST_FLIPPED || how == LAST_WRONG_FIRST ? value ^ top_bit : value, width);
    if (how == LAST_TWICE || how == LAST_WRONG_FIRST) {
        store(to, value, width);
    } else if (how == LAST_BYTE_AGAIN) {
        store(to + width - 1, value >> (8 * (width - 1)), 1);
    }
}

ALWAYS_INLINE void *copy_last(void *dst, const void *src, size_t n, enum last_element how)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    while (n > 0) {
        size_t width = whole_width(to, n, 8);
        store_last(to, load(from, width), width, width == n ? how : LAST_RIGHT);
        to += width;
        from += width;
        n -= width;
    }
    return dst;
}

#endif
