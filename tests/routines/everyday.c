// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Copies as people write them, correct but for what a comment says. A compiler
// may turn them into anything, so they are held to the standard's rules alone.

#include "routines.h"

#if defined __x86_64__
#include <emmintrin.h>
#endif
#include <stdlib.h>
#include <string.h>

static uint64_t call_count;
static unsigned char static_bytes[4096];
static unsigned char *volatile static_buffer = static_bytes;

ROUTINE(duff)
{
    unsigned char *d = to;
    const unsigned char *s = from;
    size_t rounds = (n + 7) / 8;
    if (n == 0) {
        return to;
    }
    switch (n % 8) {
        do {
        case 0:
            *d++ = *s++; // fall through
        case 7:
            *d++ = *s++; // fall through
        case 6:
            *d++ = *s++; // fall through
        case 5:
            *d++ = *s++; // fall through
        case 4:
            *d++ = *s++; // fall through
        case 3:
            *d++ = *s++; // fall through
        case 2:
            *d++ = *s++; // fall through
        case 1:
            *d++ = *s++;
        } while (--rounds > 0);
    }
    return to;
}

ROUTINE(by_libc)
{
    return memcpy(to, from, n);
}

ROUTINE(move_by_libc)
{
    return memmove(to, from, n);
}

ROUTINE(end_by_libc)
{
    memcpy(to, from, n);
    return (char *)to + n;
}

ROUTINE(fixed_sizes)
{
    switch (n) {
    case 1:
        return __builtin_memcpy(to, from, 1);
    case 2:
        return __builtin_memcpy(to, from, 2);
    case 3:
        return __builtin_memcpy(to, from, 3);
    case 7:
        return __builtin_memcpy(to, from, 7);
    case 8:
        return __builtin_memcpy(to, from, 8);
    case 15:
        return __builtin_memcpy(to, from, 15);
    case 31:
        return __builtin_memcpy(to, from, 31);
    case 64:
        return __builtin_memcpy(to, from, 64);
    case 200:
        return __builtin_memcpy(to, from, 200);
    }
    for (size_t i = 0; i < n; i++) {
        ((char *)to)[i] = ((const char *)from)[i];
    }
    return to;
}

struct __attribute__((packed, may_alias)) record {
    uint64_t id;
    uint32_t kind;
    char name[13];
};

ROUTINE(structs)
{
    char *d = to;
    const char *s = from;
    for (; n >= sizeof(struct record); n -= sizeof(struct record)) {
        *(struct record *)d = *(const struct record *)s;
        d += sizeof(struct record);
        s += sizeof(struct record);
    }
    while (n-- > 0) {
        *d++ = *s++;
    }
    return to;
}

typedef unsigned __int128 __attribute__((aligned(1), may_alias)) any_u128;

ROUTINE(int128)
{
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        *(any_u128 *)((char *)to + i) = *(const any_u128 *)((const char *)from + i);
    }
    for (; i < n; i++) {
        ((char *)to)[i] = ((const char *)from)[i];
    }
    return to;
}

#if defined __x86_64__
ROUTINE(sse)
{
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        __m128i a = _mm_loadu_si128((const __m128i_u *)((const char *)from + i));
        __m128i b = _mm_loadu_si128((const __m128i_u *)((const char *)from + i + 16));
        _mm_storeu_si128((__m128i_u *)((char *)to + i), a);
        _mm_storeu_si128((__m128i_u *)((char *)to + i + 16), b);
    }
    for (; i < n; i++) {
        ((char *)to)[i] = ((const char *)from)[i];
    }
    return to;
}
#endif

// Through an array on the stack that is as long as the request.
ROUTINE(variable_array)
{
    unsigned char copy[n + 1];
    for (size_t i = 0; i < n; i++) {
        copy[i] = ((const unsigned char *)from)[n - 1 - i];
    }
    for (size_t i = 0; i < n; i++) {
        ((unsigned char *)to)[n - 1 - i] = copy[i];
    }
    return to;
}

ROUTINE(cleared_frame)
{
    unsigned char frame[700];
    memset(frame, 0, sizeof frame);
    size_t part = n < sizeof frame ? n : sizeof frame;
    memcpy(frame, from, part);
    memcpy(to, frame, part);
    memcpy((char *)to + part, (const char *)from + part, n - part);
    return to;
}

static void NAMED(halves, SUFFIX)(char *to, const char *from, size_t n)
{
    if (n <= 3) {
        for (size_t i = 0; i < n; i++) {
            to[i] = from[i];
        }
        return;
    }
    NAMED(halves, SUFFIX)(to + n / 2, from + n / 2, n - n / 2);
    NAMED(halves, SUFFIX)(to, from, n / 2);
}

ROUTINE(recursive)
{
    NAMED(halves, SUFFIX)(to, from, n);
    return to;
}

ROUTINE(switch_table)
{
    char *d = to;
    const char *s = from;
    for (; n >= 8; n -= 8, d += 8, s += 8) {
        *(any_u64 *)d = *(const any_u64 *)s;
    }
    switch (n) {
    case 7:
        d[6] = s[6]; // fall through
    case 6:
        *(any_u32 *)d = *(const any_u32 *)s;
        *(any_u16 *)(d + 4) = *(const any_u16 *)(s + 4);
        break;
    case 5:
        d[4] = s[4]; // fall through
    case 4:
        *(any_u32 *)d = *(const any_u32 *)s;
        break;
    case 3:
        d[2] = s[2]; // fall through
    case 2:
        *(any_u16 *)d = *(const any_u16 *)s;
        break;
    case 1:
        d[0] = s[0];
        break;
    }
    return to;
}

ROUTINE(labels)
{
    static const void *const next[] = {&&done, &&one, &&two, &&two};
    char *d = to;
    const char *s = from;
    goto *next[n < 3 ? n : 3];
two:
    *(any_u16 *)d = *(const any_u16 *)s;
    d += 2;
    s += 2;
    n -= 2;
    goto *next[n < 3 ? n : 3];
one:
    *d = *s;
done:
    return to;
}

typedef void part_copier(char *, const char *);
static void one_byte(char *to, const char *from)
{
    *to = *from;
}
static void two_bytes(char *to, const char *from)
{
    *(any_u16 *)to = *(const any_u16 *)from;
}
static void eight_bytes(char *to, const char *from)
{
    *(any_u64 *)to = *(const any_u64 *)from;
}

ROUTINE(function_pointers)
{
    static part_copier *const volatile parts[] = {one_byte, two_bytes, eight_bytes};
    static const unsigned char widths[] = {1, 2, 8};
    for (size_t i = 0; i < n;) {
        unsigned k = n - i >= 8 ? 2 : n - i >= 2 ? 1 : 0;
        parts[k]((char *)to + i, (const char *)from + i);
        i += widths[k];
    }
    return to;
}

ROUTINE(move_both_ways)
{
    char *d = to;
    const char *s = from;
    if ((uintptr_t)d < (uintptr_t)s) {
        for (size_t i = 0; i < n; i++) {
            d[i] = s[i];
        }
    } else {
        for (size_t i = n; i-- > 0;) {
            d[i] = s[i];
        }
    }
    return to;
}

#if defined __x86_64__
// Overlaps of fewer than sixteen bytes go wrong.
ROUTINE(move_by_sixteen)
{
    char *d = to;
    const char *s = from;
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        _mm_storeu_si128((__m128i_u *)(d + i), _mm_loadu_si128((const __m128i_u *)(s + i)));
    }
    for (; i < n; i++) {
        d[i] = s[i];
    }
    return to;
}
#endif

// Counts its calls in a variable of its own.
ROUTINE(counts_calls)
{
    __atomic_fetch_add(&call_count, 1, __ATOMIC_RELAXED);
    for (size_t i = 0; i < n; i++) {
        ((char *)to)[i] = ((const char *)from)[i];
    }
    return to;
}

ROUTINE(stores_nothing)
{
    (void)from, (void)n;
    return to;
}

// Goes through a buffer that two threads would share.
ROUTINE(static_buffer)
{
    size_t part = n < sizeof static_bytes ? n : sizeof static_bytes;
    memcpy(static_buffer, from, part);
    memcpy(to, static_buffer, part);
    memcpy((char *)to + part, (const char *)from + part, n - part);
    return to;
}

// Gives up on one size.
ROUTINE(aborts_at_77)
{
    if (n == 77) {
        abort();
    }
    return memcpy(to, from, n);
}
