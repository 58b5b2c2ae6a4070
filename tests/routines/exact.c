// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Routines whose every access is volatile, so that each compiler and each level
// of optimisation makes the same stores, with one defect each.

#include "routines.h"

#if defined __x86_64__
#include <emmintrin.h>
#endif

static inline uint64_t get(const char *s, size_t width)
{
    switch (width) {
    case 1:
        return *(const volatile uint8_t *)s;
    case 2:
        return *(const volatile any_u16 *)s;
    case 4:
        return *(const volatile any_u32 *)s;
    default:
        return *(const volatile any_u64 *)s;
    }
}

static inline void put(char *d, uint64_t value, size_t width)
{
    switch (width) {
    case 1:
        *(volatile uint8_t *)d = (uint8_t)value;
        break;
    case 2:
        *(volatile any_u16 *)d = (uint16_t)value;
        break;
    case 4:
        *(volatile any_u32 *)d = (uint32_t)value;
        break;
    default:
        *(volatile any_u64 *)d = value;
        break;
    }
}

// The widest aligned element that starts at D and ends before D + LEFT.
static inline size_t element(const char *d, size_t left)
{
    size_t at = (uintptr_t)d & 7, width = at == 0 ? 8 : at & (0 - at);
    while (width > left) {
        width >>= 1;
    }
    return width;
}

static inline void copy(char *d, const char *s, size_t n)
{
    for (size_t width; n > 0; d += width, s += width, n -= width) {
        width = element(d, n);
        put(d, get(s, width), width);
    }
}

static inline bool inside_page(const void *at)
{
    return ((uintptr_t)at & 4095) != 0;
}

ROUTINE(exact)
{
    copy(to, from, n);
    return to;
}

ROUTINE(short_of_three)
{
    copy(to, from, n > 40 ? n - 3 : n);
    return to;
}

ROUTINE(cleared_at_200)
{
    copy(to, from, n);
    if (n == 200 && (uintptr_t)to % 8 == 0) {
        put((char *)to + 64, 0, 8);
        copy((char *)to + 64, (const char *)from + 64, 8);
    }
    return to;
}

ROUTINE(first_again_at_src_7)
{
    char *d = to;
    const char *s = from;
    if (n == 0 || (uintptr_t)s % 32 != 7) {
        copy(d, s, n);
        return to;
    }
    size_t width = element(d, n);
    uint64_t value = get(s, width);
    put(d, value, width);
    put(d, value, width);
    copy(d + width, s + width, n - width);
    return to;
}

ROUTINE(stray_below)
{
    copy(to, from, n);
    if (n > 0 && (uintptr_t)to % 128 == 64) {
        put((char *)to - 1, 0, 1);
    }
    return to;
}

ROUTINE(stray_far)
{
    copy(to, from, n);
    if (n > 0 && n < 64 && ((uintptr_t)to & 4095) < 64) {
        put((char *)to + 1000, 0, 4);
    }
    return to;
}

ROUTINE(stray_put_back)
{
    char *end = (char *)to + n;
    if (n == 91 && inside_page(end)) {
        uint64_t old = get(end, 1);
        put(end, ~old, 1);
        copy(to, from, n);
        put(end, old, 1);
    } else {
        copy(to, from, n);
    }
    return to;
}

ROUTINE(wrong_after_5d)
{
    char *d = to;
    const char *s = from;
    uint64_t flip = 0;
    for (size_t width, left = n; left > 0; d += width, s += width, left -= width) {
        width = element(d, left);
        uint64_t value = get(s, width);
        put(d, value ^ flip, width);
        flip = d == to && (value & 0xff) == 0x5d;
    }
    return to;
}

// Trusts a length field that may have changed in between.
ROUTINE(length_twice)
{
    if (n >= 4) {
        (void)get(from, 4);
    }
    copy(to, from, n);
    return to;
}

ROUTINE(reads_back)
{
    copy(to, from, n);
    for (size_t i = 0; i < n; i++) {
        (void)get((char *)to + i, 1);
    }
    return to;
}

ROUTINE(tail_first)
{
    size_t body = n & ~(size_t)7;
    if ((uintptr_t)to % 8 == 0) {
        copy((char *)to + body, (const char *)from + body, n - body);
        copy(to, from, body);
    } else {
        copy(to, from, n);
    }
    return to;
}

ROUTINE(by_halves)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        put((char *)to + i, get((const char *)from + i, 4), 4);
    }
    for (; i < n; i++) {
        put((char *)to + i, get((const char *)from + i, 1), 1);
    }
    return to;
}

ROUTINE(cleared_first)
{
    char *d = to;
    const char *s = from;
    for (size_t width, left = n; left > 0; d += width, s += width, left -= width) {
        width = element(d, left);
        put(d, 0, width);
        put(d, get(s, width), width);
    }
    return to;
}

ROUTINE(returns_source)
{
    copy(to, from, n);
    return (void *)(uintptr_t)from;
}

#if defined __x86_64__
ROUTINE(streams)
{
    char *d = to;
    const char *s = from;
    for (size_t width; n > 0; d += width, s += width, n -= width) {
        width = element(d, n);
        if (width == 8) {
            _mm_stream_si64((long long *)(void *)d, (long long)get(s, 8));
        } else {
            put(d, get(s, width), width);
        }
    }
    return to;
}
#endif

#if defined __x86_64__
ROUTINE(streams_fenced)
{
    char *d = to;
    const char *s = from;
    for (size_t width; n > 0; d += width, s += width, n -= width) {
        width = element(d, n);
        if (width == 8) {
            _mm_stream_si64((long long *)(void *)d, (long long)get(s, 8));
        } else {
            put(d, get(s, width), width);
        }
    }
    _mm_sfence();
    return to;
}
#endif

ROUTINE(atomic_release)
{
    char *d = to;
    const char *s = from;
    for (size_t width; n > 0; d += width, s += width, n -= width) {
        width = element(d, n);
        if (width == 8) {
            __atomic_store_n((uint64_t *)(void *)d, get(s, 8), __ATOMIC_RELEASE);
        } else {
            put(d, get(s, width), width);
        }
    }
    return to;
}

ROUTINE(atomic_exchange)
{
    char *d = to;
    const char *s = from;
    for (size_t width; n > 0; d += width, s += width, n -= width) {
        width = element(d, n);
        if (width == 8) {
            (void)__atomic_exchange_n((uint64_t *)(void *)d, get(s, 8), __ATOMIC_SEQ_CST);
        } else {
            put(d, get(s, width), width);
        }
    }
    return to;
}
