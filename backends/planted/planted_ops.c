// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What sets bytes, what goes to and from a FIFO, and what checks a request before it takes
// it. What is set comes in the place of the source.

#include "backends/planted/planted_copy.h"

ALWAYS_INLINE uint64_t pattern_of(const void *value)
{
    return (uint8_t)(uintptr_t)value * UINT64_C(0x0101010101010101);
}

ALWAYS_INLINE void set_whole(uint8_t *to, uint64_t pattern, size_t n)
{
    for (size_t width; n > 0; to += width, n -= width) {
        width = whole_width(to, n, 8);
        store(to, pattern, width);
    }
}

// A request of a register's size as one store, as a whole copy makes it.
ALWAYS_INLINE void set_request(void *to, uint64_t pattern, size_t n)
{
    if (n == 1 || n == 2 || n == 4 || n == 8) {
        store(to, pattern, n);
    } else {
        set_whole(to, pattern, n);
    }
}

ROUTINE(set_whole)
{
    set_request(to, pattern_of(from), n);
    return to;
}

// Takes memset's int for a byte already.
ROUTINE(set_unconverted)
{
    uint32_t pattern = (uint32_t)(uintptr_t)from * 0x01010101u;
    for (size_t i = 0; i < n; i++) {
        store((uint8_t *)to + i, pattern >> 8 * (i % 4), 1);
    }
    return to;
}

ROUTINE(set_short)
{
    set_whole(to, pattern_of(from), n > 0 ? n - 1 : 0);
    return to;
}

ROUTINE(set_twice)
{
    set_whole(to, pattern_of(from), n);
    set_whole(to, pattern_of(from), n);
    return to;
}

ROUTINE(set_cleared_first)
{
    set_whole(to, 0, n);
    set_whole(to, pattern_of(from), n);
    return to;
}

ROUTINE(set_beyond)
{
    set_whole(to, pattern_of(from), n);
    store((uint8_t *)to + n, pattern_of(from), 1);
    return to;
}

ROUTINE(set_if_other)
{
    uint8_t *at = to;
    for (size_t width; n > 0; at += width, n -= width) {
        uint64_t pattern = pattern_of(from);
        width = whole_width(at, n, 8);
        if (load(at, width) != (width < 8 ? pattern >> (64 - 8 * width) : pattern)) {
            store(at, pattern, width);
        }
    }
    return to;
}

ROUTINE(set_bytes)
{
    for (size_t i = 0; i < n; i++) {
        store((uint8_t *)to + i, pattern_of(from), 1);
    }
    return to;
}

ROUTINE(set_wrong_return)
{
    set_whole(to, pattern_of(from), n);
    return (uint8_t *)to + n;
}

// ---- to a FIFO ----

enum { ELEMENT = 4, DEFECT_AT = 3 * ELEMENT };

ROUTINE(to_fifo)
{
    for (size_t i = 0; i < n; i += ELEMENT) {
        copy_element(to, (const uint8_t *)from + i, ELEMENT);
    }
    return to;
}

ROUTINE(to_fifo_lost)
{
    for (size_t i = 0; i < n; i += ELEMENT) {
        if (i != DEFECT_AT) {
            copy_element(to, (const uint8_t *)from + i, ELEMENT);
        }
    }
    return to;
}

ROUTINE(to_fifo_again)
{
    for (size_t i = 0; i < n; i += ELEMENT) {
        uint64_t element = load((const uint8_t *)from + i, ELEMENT);
        store(to, element, ELEMENT);
        if (i == DEFECT_AT) {
            store(to, element, ELEMENT);
        }
    }
    return to;
}

ROUTINE(to_fifo_swapped)
{
    for (size_t i = 0; i < n; i += ELEMENT) {
        size_t other = i == 0 && n > ELEMENT ? ELEMENT : i == ELEMENT ? 0 : i;
        copy_element(to, (const uint8_t *)from + other, ELEMENT);
    }
    return to;
}

ROUTINE(to_fifo_wide)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        copy_element(to, (const uint8_t *)from + i, 8);
    }
    if (i < n) {
        copy_element(to, (const uint8_t *)from + i, ELEMENT);
    }
    return to;
}

ROUTINE(to_fifo_narrow)
{
    for (size_t i = 0; i < n; i += 2) {
        copy_element(to, (const uint8_t *)from + i, 2);
    }
    return to;
}

ROUTINE(to_fifo_moving)
{
    for (size_t i = 0; i < n; i += ELEMENT) {
        copy_element((uint8_t *)to + i, (const uint8_t *)from + i, ELEMENT);
    }
    return to;
}

ROUTINE(to_fifo_looks)
{
    for (size_t i = 0; i < n; i += ELEMENT) {
        copy_element(to, (const uint8_t *)from + i, ELEMENT);
        (void)load(to, ELEMENT);
    }
    return to;
}

ROUTINE(to_fifo_rereads)
{
    for (size_t i = 0; i < n; i += ELEMENT) {
        (void)load((const uint8_t *)from + i, ELEMENT);
        copy_element(to, (const uint8_t *)from + i, ELEMENT);
    }
    return to;
}

// ---- from a FIFO ----

ROUTINE(from_fifo)
{
    for (size_t i = 0; i < n; i += ELEMENT) {
        copy_element((uint8_t *)to + i, from, ELEMENT);
    }
    return to;
}

// Of one element it takes the next for it.
ROUTINE(from_fifo_lost)
{
    for (size_t i = 0; i < n; i += ELEMENT) {
        if (i == DEFECT_AT) {
            (void)load(from, ELEMENT);
        }
        copy_element((uint8_t *)to + i, from, ELEMENT);
    }
    return to;
}

// One element it stores once more in the place of the next.
ROUTINE(from_fifo_again)
{
    uint64_t element = 0;
    for (size_t i = 0; i < n; i += ELEMENT) {
        element = i == DEFECT_AT ? element : load(from, ELEMENT);
        store((uint8_t *)to + i, element, ELEMENT);
    }
    return to;
}

ROUTINE(from_fifo_swapped)
{
    for (size_t i = 0; i < n; i += ELEMENT) {
        size_t other = i == 0 && n > ELEMENT ? ELEMENT : i == ELEMENT ? 0 : i;
        copy_element((uint8_t *)to + other, from, ELEMENT);
    }
    return to;
}

// Takes out what nobody asked for.
ROUTINE(from_fifo_ahead)
{
    uint64_t next = load(from, ELEMENT);
    for (size_t i = 0; i < n; i += ELEMENT) {
        store((uint8_t *)to + i, next, ELEMENT);
        next = load(from, ELEMENT);
    }
    return to;
}

ROUTINE(from_fifo_wide)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        copy_element((uint8_t *)to + i, from, 8);
    }
    if (i < n) {
        copy_element((uint8_t *)to + i, from, ELEMENT);
    }
    return to;
}

ROUTINE(from_fifo_narrow)
{
    for (size_t i = 0; i < n; i += 2) {
        copy_element((uint8_t *)to + i, from, 2);
    }
    return to;
}

ROUTINE(from_fifo_moving)
{
    for (size_t i = 0; i < n; i += ELEMENT) {
        copy_element((uint8_t *)to + i, (const uint8_t *)from + i, ELEMENT);
    }
    return to;
}

// ---- requests that are checked ----

enum { LENGTH_AT = 4, LENGTH_MAX = 4096 };

ROUTINE(checked_twice)
{
    if (load((const uint8_t *)from + LENGTH_AT, 4) <= LENGTH_MAX) {
        copy_whole(to, from, n);
    }
    return to;
}

// What was checked is what is taken.
ROUTINE(checked_once)
{
    const uint8_t *at = from;
    uint8_t *out = to;
    uint64_t length = load(at + LENGTH_AT, 4);
    if (length > LENGTH_MAX || n < LENGTH_AT + 4) {
        return to;
    }
    copy_whole(out, at, LENGTH_AT);
    store(out + LENGTH_AT, length, 4);
    copy_whole(out + LENGTH_AT + 4, at + LENGTH_AT + 4, n - LENGTH_AT - 4);
    return to;
}
