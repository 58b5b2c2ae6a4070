// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The order of stores and loads, and their widths and alignments as a device
// sees them.

#include "backends/planted/planted_copy.h"

static bool is_element(size_t n)
{
    return n == 1 || n == 2 || n == 4 || n == 8;
}

// One access for a request of 1, 2, 4 or 8 bytes, aligned or not.
ROUTINE(request_whole)
{
    if (is_element(n)) {
        copy_element(to, from, n);
    } else {
        copy_whole(to, from, n);
    }
    return to;
}

ROUTINE(descending)
{
    uint8_t *dst = to;
    const uint8_t *src = from;
    while (n > 0) {
        size_t width = whole_width(dst + n, n, 8);
        n -= width;
        copy_element(dst + n, src + n, width);
    }
    return to;
}

// The second word, the first, then the rest.
ROUTINE(reordered_store)
{
    uint8_t *dst = to;
    const uint8_t *src = from;
    if (n < 24 || (uintptr_t)dst % 8 != 0) {
        copy_whole(dst, src, n);
        return to;
    }
    copy_element(dst + 8, src + 8, 8);
    copy_element(dst, src, 8);
    copy_whole(dst + 16, src + 16, n - 16);
    return to;
}

ROUTINE(last_byte_first)
{
    if (n > 0) {
        size_t last = whole_width((uint8_t *)to + n, n, 8);
        n -= last;
        copy_element((uint8_t *)to + n, (const uint8_t *)from + n, last);
        copy_whole(to, from, n);
    }
    return to;
}

// The last word, then its lower half once more: in order, yet not the last byte.
ROUTINE(last_byte_not_last)
{
    copy_whole(to, from, n);
    if (n >= 8 && ((uintptr_t)to + n) % 8 == 0) {
        copy_element((uint8_t *)to + n - 8, (const uint8_t *)from + n - 8, 4);
    }
    return to;
}

ROUTINE(split_store)
{
    copy_whole(to, from, n);
    return to;
}

// A request of four bytes as two of two.
ROUTINE(split_store_of_four)
{
    if (n == 4) {
        copy_element(to, from, 2);
        copy_element((uint8_t *)to + 2, (const uint8_t *)from + 2, 2);
    } else {
        (void)planted_request_whole(to, from, n);
    }
    return to;
}

ROUTINE(duplicate_store_of_one)
{
    if (n == 1) {
        uint64_t value = load(from, 1);
        store(to, value, 1);
        store(to, value, 1);
    } else {
        (void)planted_request_whole(to, from, n);
    }
    return to;
}

// Eight bytes to an address that is a multiple of four only.
ROUTINE(misaligned_store)
{
    if (n == 8 && (uintptr_t)to % 8 == 4) {
        copy_element(to, from, 8);
    } else {
        copy_whole(to, from, n);
    }
    return to;
}

ROUTINE(wide_store_ok)
{
    copy_whole_max(to, from, n, 4);
    return to;
}

// Loads whole aligned elements of the source, ascending.
ALWAYS_INLINE void load_whole(uint8_t *to, const uint8_t *from, size_t n, size_t max)
{
    while (n > 0) {
        size_t width = whole_width(from, n, max);
        copy_element(to, from, width);
        to += width;
        from += width;
        n -= width;
    }
}

ROUTINE(loads_whole)
{
    load_whole(to, from, n, 8);
    return to;
}

ROUTINE(loads_whole_of_four)
{
    load_whole(to, from, n, 4);
    return to;
}

// A position of eight bytes that the other side advances, read as two halves.
ROUTINE(torn_load)
{
    uint8_t *dst = to;
    const uint8_t *src = from;
    while (n > 0) {
        size_t width = whole_width(src, n, 8);
        if (width == 8) {
            store(dst, load(src, 4) | load(src + 4, 4) << 32, 8);
        } else {
            copy_element(dst, src, width);
        }
        dst += width;
        src += width;
        n -= width;
    }
    return to;
}

// Loaded whole; to memory of its own it may store byte by byte.
ROUTINE(torn_load_ok)
{
    uint8_t *dst = to;
    const uint8_t *src = from;
    while (n > 0) {
        size_t width = whole_width(src, n, 8);
        uint64_t value = load(src, width);
        for (size_t i = 0; i < width; i++) {
            store(dst + i, value >> (8 * i), 1);
        }
        dst += width;
        src += width;
        n -= width;
    }
    return to;
}

ROUTINE(split_load)
{
    if (n == 2) {
        copy_bytes(to, from, n);
    } else {
        (void)planted_request_whole(to, from, n);
    }
    return to;
}

ROUTINE(reordered_load)
{
    if (n < 16) {
        return planted_request_whole(to, from, n);
    }
    copy_element((uint8_t *)to + 8, (const uint8_t *)from + 8, 8);
    copy_element(to, from, 8);
    copy_whole((uint8_t *)to + 16, (const uint8_t *)from + 16, n - 16);
    return to;
}

ROUTINE(misaligned_load)
{
    if (n == 4 && (uintptr_t)from % 4 == 2) {
        copy_element(to, from, 4);
    } else {
        load_whole(to, from, n, 8);
    }
    return to;
}

ROUTINE(wide_load)
{
    load_whole(to, from, n, 8);
    return to;
}

ROUTINE(wide_store)
{
    copy_whole(to, from, n);
    return to;
}

// Words, and the rest byte by byte.
ROUTINE(narrow_store)
{
    for (size_t i = 0; i < n;) {
        size_t width = n - i >= 4 ? 4 : 1;
        copy_element((uint8_t *)to + i, (const uint8_t *)from + i, width);
        i += width;
    }
    return to;
}

ROUTINE(narrow_store_of_words)
{
    for (size_t i = 0; i + 4 <= n; i += 4) {
        uint64_t value = load((const uint8_t *)from + i, 4);
        store((uint8_t *)to + i, value, 2);
        store((uint8_t *)to + i + 2, value >> 16, 2);
    }
    return to;
}

// One word is loaded in halves.
ROUTINE(narrow_load)
{
    for (size_t i = 0; i < n;) {
        size_t width = n - i >= 4 ? 4 : 1;
        uint64_t value = i || width < 4 ? load((const uint8_t *)from + i, width)
                                        : load(from, 2) | load((const uint8_t *)from + 2, 2) << 16;
        store((uint8_t *)to + i, value, width);
        i += width;
    }
    return to;
}

ROUTINE(narrow_words)
{
    for (size_t i = 0; i < n; i += 4) {
        copy_element((uint8_t *)to + i, (const uint8_t *)from + i, 4);
    }
    return to;
}

ROUTINE(narrow_tail_ok)
{
    copy_whole_max(to, from, n, 4);
    return to;
}

ROUTINE(narrow_bytes_ok)
{
    copy_bytes(to, from, n);
    return to;
}

// Entries of fields of 8, 4, 2 and 2 bytes; LEN is how the second is copied.
ALWAYS_INLINE void *copy_records(uint8_t *to, const uint8_t *from, size_t n,
                                 void (*len)(uint8_t *to, const uint8_t *from))
{
    for (size_t i = 0; i + 16 <= n; i += 16) {
        copy_element(to + i, from + i, 8);
        len(to + i + 8, from + i + 8);
        copy_element(to + i + 12, from + i + 12, 2);
        copy_element(to + i + 14, from + i + 14, 2);
    }
    return to;
}

ALWAYS_INLINE void len_whole(uint8_t *to, const uint8_t *from)
{
    copy_element(to, from, 4);
}

ALWAYS_INLINE void len_in_halves(uint8_t *to, const uint8_t *from)
{
    uint64_t value = load(from, 4);
    store(to, value, 2);
    store(to + 2, value >> 16, 2);
}

ALWAYS_INLINE void len_of_halves(uint8_t *to, const uint8_t *from)
{
    store(to, load(from, 2) | load(from + 2, 2) << 16, 4);
}

ROUTINE(record_fields)
{
    return copy_records(to, from, n, len_whole);
}

ROUTINE(record_torn)
{
    return copy_records(to, from, n, len_in_halves);
}

ROUTINE(record_torn_load)
{
    return copy_records(to, from, n, len_of_halves);
}

ROUTINE(burst_broken)
{
    for (size_t i = 0; i < n; i += 8) {
        copy_element((uint8_t *)to + i, (const uint8_t *)from + i, 8);
    }
    return to;
}
