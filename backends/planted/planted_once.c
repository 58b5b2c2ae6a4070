// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Each byte once: stored again, loaded again, written in parts.

#include "backends/planted/planted_copy.h"

ROUTINE(duplicate_store)
{
    return copy_last(to, from, n, LAST_TWICE);
}

ROUTINE(duplicate_store_at_size_333)
{
    return copy_last(to, from, n, n == 333 ? LAST_TWICE : LAST_RIGHT);
}

ROUTINE(duplicate_store_at_dst_37)
{
    return copy_last(to, from, n, (uintptr_t)to % 64 == 37 ? LAST_TWICE : LAST_RIGHT);
}

ROUTINE(duplicate_store_at_pair)
{
    bool pair = (uintptr_t)to % 16 == 11 && (uintptr_t)from % 16 == 6;
    return copy_last(to, from, n, pair ? LAST_TWICE : LAST_RIGHT);
}

ROUTINE(duplicate_store_at_pair_of_64)
{
    bool pair = (uintptr_t)to % 64 == 21 && (uintptr_t)from % 64 == 42;
    return copy_last(to, from, n, pair ? LAST_TWICE : LAST_RIGHT);
}

ROUTINE(duplicate_store_across_page)
{
    bool crosses = n > 0 && (uintptr_t)to / 4096 != ((uintptr_t)to + n - 1) / 4096;
    return copy_last(to, from, n, crosses ? LAST_TWICE : LAST_RIGHT);
}

// Three branch-free byte stores for one to three bytes, as generic memcpy's do.
ROUTINE(three_stores_for_one_byte)
{
    if (n == 0 || n > 3) {
        return copy_last(to, from, n, LAST_RIGHT);
    }
    uint8_t *dst = to;
    const uint8_t *src = from;
    uint64_t first = load(src, 1), middle = load(src + n / 2, 1), last = load(src + n - 1, 1);
    store(dst, first, 1);
    store(dst + n / 2, middle, 1);
    store(dst + n - 1, last, 1);
    return to;
}

ROUTINE(overlapping_store)
{
    bool whole_end = n >= 8 && ((uintptr_t)to + n) % 8 == 0;
    return copy_last(to, from, n, whole_end ? LAST_BYTE_AGAIN : LAST_RIGHT);
}

// The rest after whole words as one word that overlaps the last of them.
ROUTINE(overlapping_tail)
{
    uint8_t *dst = to;
    const uint8_t *src = from;
    size_t head = (0 - (uintptr_t)dst) % 8;
    if (n < head + 8) {
        return copy_last(to, from, n, LAST_RIGHT);
    }
    copy_whole(dst, src, head);
    size_t i = head;
    for (; i + 8 <= n; i += 8) {
        copy_element(dst + i, src + i, 8);
    }
    if (i < n) {
        copy_element(dst + n - 8, src + n - 8, 8);
    }
    return to;
}

ROUTINE(repeated_load)
{
    if (n > 0) {
        (void)load(from, 1);
    }
    return copy_last(to, from, n, LAST_RIGHT);
}

// Looks at a length field, then copies what holds it.
ROUTINE(repeated_load_of_two)
{
    if (n == 2) {
        (void)load(from, 2);
    }
    return copy_last(to, from, n, LAST_RIGHT);
}

ROUTINE(torn_element)
{
    copy_bytes(to, from, n);
    return to;
}

// Whole words, but of the source's alignment.
ROUTINE(torn_by_source_alignment)
{
    uint8_t *dst = to;
    const uint8_t *src = from;
    while (n > 0) {
        size_t width = whole_width(src, n, 8);
        copy_element(dst, src, width);
        dst += width;
        src += width;
        n -= width;
    }
    return to;
}

ROUTINE(torn_word_at_size_6)
{
    if (n != 6) {
        return copy_last(to, from, n, LAST_RIGHT);
    }
    for (size_t i = 0; i < 6; i += 2) {
        copy_element((uint8_t *)to + i, (const uint8_t *)from + i, 2);
    }
    return to;
}
