// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What ends up in the destination, and what is returned: wrong data, bytes left
// out, values that are only passing, accesses that follow the data.

#include "backends/planted/planted_copy.h"

static bool crosses_page(const void *at, size_t n)
{
    return n > 0 && (uintptr_t)at / 4096 != ((uintptr_t)at + n - 1) / 4096;
}

ROUTINE(whole)
{
    return copy_last(to, from, n, LAST_RIGHT);
}

ROUTINE(wrong_data)
{
    return copy_last(to, from, n, LAST_FLIPPED);
}

ROUTINE(wrong_data_at_size_333)
{
    return copy_last(to, from, n, n == 333 ? LAST_FLIPPED : LAST_RIGHT);
}

ROUTINE(wrong_data_across_page)
{
    return copy_last(to, from, n, crosses_page(to, n) ? LAST_FLIPPED : LAST_RIGHT);
}

ROUTINE(wrong_data_across_source_page)
{
    return copy_last(to, from, n, crosses_page(from, n) ? LAST_FLIPPED : LAST_RIGHT);
}

// Looks at the value on its way, so that no source byte is loaded twice.
ALWAYS_INLINE void *copy_unless_first(void *dst, const void *src, size_t n, uint64_t value,
                                      uint64_t mask)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    enum last_element how = LAST_RIGHT;
    while (n > 0) {
        size_t width = whole_width(to, n, 8);
        uint64_t element = load(from, width);
        if (to == dst && (element & mask) == value) {
            how = LAST_FLIPPED;
        }
        store_last(to, element, width, width == n ? how : LAST_RIGHT);
        to += width;
        from += width;
        n -= width;
    }
    return dst;
}

ROUTINE(wrong_data_on_byte_a7)
{
    return copy_unless_first(to, from, n, 0xa7, 0xff);
}

ROUTINE(wrong_data_on_word_b52c)
{
    return copy_unless_first(to, from, n, 0xb52c, 0xffff);
}

ROUTINE(missing_store)
{
    return copy_last(to, from, n, LAST_LEFT_OUT);
}

// Leaves the right data behind, so nothing but the stores themselves tells.
ROUTINE(missing_store_of_equal)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t value = load((const uint8_t *)from + i, 1);
        if (value != load((uint8_t *)to + i, 1)) {
            store((uint8_t *)to + i, value, 1);
        }
    }
    return to;
}

ROUTINE(missing_store_of_equal_ok)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t value = load((const uint8_t *)from + i, 1);
        if (value == load((uint8_t *)to + i, 1)) {
            store((uint8_t *)to + i, value, 1);
        } else {
            store((uint8_t *)to + i, value, 1);
        }
    }
    return to;
}

// Copies words, but for those that WORD is, where the destination is taken to hold what
// it should.
ALWAYS_INLINE void copy_words_but(uint8_t *to, const uint8_t *from, size_t n, uint64_t word,
                                  bool look)
{
    while (n > 0) {
        size_t width = whole_width(to, n, 8);
        uint64_t value = load(from, width);
        bool skip = width == 8 && value == word && (!look || load(to, 8) == word);
        if (!skip) {
            store(to, value, width);
        }
        to += width;
        from += width;
        n -= width;
    }
}

// As into memory that is known to be cleared.
ROUTINE(missing_store_of_zeros)
{
    copy_words_but(to, from, n, 0, false);
    return to;
}

// As into flash that has been erased, whose words are left alone.
ROUTINE(missing_store_of_erased)
{
    copy_words_but(to, from, n, UINT64_MAX, true);
    return to;
}

ROUTINE(missing_store_of_cleared)
{
    copy_words_but(to, from, n, 0, true);
    return to;
}

ROUTINE(missing_store_of_equal_near)
{
    return planted_missing_store_of_equal(to, from, n);
}

ROUTINE(destination_never_advanced)
{
    if (n % 8 != 0) {
        return copy_last(to, from, n, LAST_RIGHT);
    }
    for (size_t i = 0; i < n; i += 8) {
        copy_element(to, (const uint8_t *)from + i, 8);
    }
    return to;
}

ROUTINE(wrong_then_right)
{
    return copy_last(to, from, n, LAST_WRONG_FIRST);
}

ROUTINE(wrong_then_right_at_size_96)
{
    return copy_last(to, from, n, n == 96 ? LAST_WRONG_FIRST : LAST_RIGHT);
}

// Eight bytes wrong, then both halves right: not the same range again.
ROUTINE(wrong_then_right_in_halves)
{
    if (n != 8 || (uintptr_t)to % 8 != 0) {
        return copy_last(to, from, n, LAST_RIGHT);
    }
    uint64_t value = load(from, 8);
    store(to, ~value, 8);
    store(to, value, 4);
    store((uint8_t *)to + 4, value >> 32, 4);
    return to;
}

// The width of the stores follows from a bit of the data.
ROUTINE(data_dependent)
{
    if (n > 0 && (load(from, 1) & 1) != 0) {
        copy_bytes(to, from, n);
    } else {
        copy_whole(to, from, n);
    }
    return to;
}

ROUTINE(data_dependent_ok)
{
    if (n > 0 && (load(from, 1) & 0) != 0) {
        copy_bytes(to, from, n);
    } else {
        copy_whole(to, from, n);
    }
    return to;
}

ROUTINE(wrong_return)
{
    copy_whole(to, from, n);
    return (uint8_t *)to + n;
}

ROUTINE(wrong_return_of_zero)
{
    copy_whole(to, from, n);
    return n == 0 ? NULL : to;
}

ROUTINE(wrong_return_of_mempcpy)
{
    copy_whole(to, from, n);
    return to;
}

ROUTINE(wrong_return_of_mempcpy_ok)
{
    copy_whole(to, from, n);
    return (uint8_t *)to + n;
}

// memcpy that goes by the name of memmove.
ROUTINE(move_forward_only)
{
    copy_bytes(to, from, n);
    return to;
}

ALWAYS_INLINE void copy_whole_backward(uint8_t *to, const uint8_t *from, size_t n)
{
    while (n > 0) {
        size_t width = whole_width(to + n, n, 8);
        n -= width;
        copy_element(to + n, from + n, width);
    }
}

ROUTINE(move_both_ways)
{
    if ((uintptr_t)to - (uintptr_t)from < n) {
        copy_whole_backward(to, from, n);
    } else {
        copy_whole(to, from, n);
    }
    return to;
}
