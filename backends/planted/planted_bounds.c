// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Stores and loads outside of what was asked for.

#include "backends/planted/planted_copy.h"

static volatile uint64_t calls;
static _Thread_local volatile uint64_t thread_calls;
static const volatile uint8_t table[16] = {0, 1, 2, 3, 4, 5, 6, 7};

// Is the byte at AT in one page with the bytes before and after it? Those of
// the destination's lane are then accessible.
static bool inside_page(const void *at)
{
    return (uintptr_t)at % 4096 != 0 && (uintptr_t)at % 4096 != 4095;
}

ROUTINE(byte_after_end)
{
    copy_whole(to, from, n);
    uint8_t *end = (uint8_t *)to + n;
    if (n > 0 && inside_page(end)) {
        store(end, 0, 1);
    }
    return to;
}

ROUTINE(byte_after_end_at_size_333)
{
    copy_whole(to, from, n);
    uint8_t *end = (uint8_t *)to + n;
    if (n == 333 && inside_page(end)) {
        store(end, 0, 1);
    }
    return to;
}

ROUTINE(byte_before_start)
{
    copy_whole(to, from, n);
    uint8_t *before = (uint8_t *)to - 1;
    if (n > 0 && inside_page(to)) {
        store(before, 0, 1);
    }
    return to;
}

// The memory ends as if nothing had happened.
ROUTINE(byte_put_back)
{
    copy_whole(to, from, n);
    uint8_t *end = (uint8_t *)to + n;
    if (n > 0 && inside_page(end)) {
        uint64_t old = load(end, 1);
        store(end, old ^ 0xff, 1);
        store(end, old, 1);
    }
    return to;
}

ROUTINE(byte_put_back_across_page)
{
    copy_whole(to, from, n);
    uint8_t *end = (uint8_t *)to + n;
    if (n > 0 && inside_page(end) && (uintptr_t)end / 4096 != (uintptr_t)to / 4096) {
        uint64_t old = load(end, 1);
        store(end, old ^ 0xff, 1);
        store(end, old, 1);
    }
    return to;
}

// The last eight bytes in one go, also when fewer are left.
ROUTINE(rounded_up)
{
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        copy_element((uint8_t *)to + i, (const uint8_t *)from + i, 8);
    }
    if (i < n) {
        uint64_t value = 0;
        for (size_t k = 0; k < n - i; k++) {
            value |= load((const uint8_t *)from + i + k, 1) << (8 * k);
        }
        store((uint8_t *)to + i, value, 8);
    }
    return to;
}

ROUTINE(source_stored)
{
    copy_whole(to, from, n);
    if (n > 0) {
        uint8_t *source = (uint8_t *)(uintptr_t)from;
        store(source, load(source, 1), 1);
    }
    return to;
}

ROUTINE(static_stored)
{
    copy_whole(to, from, n);
    calls = n;
    return to;
}

ROUTINE(static_stored_ok)
{
    copy_whole(to, from, n);
    return (uint8_t *)to + table[0];
}

ROUTINE(thread_local_stored)
{
    copy_whole(to, from, n);
    thread_calls = n;
    return to;
}

// A frame of its own, as large as it likes.
ROUTINE(frame_stored)
{
    volatile uint8_t frame[600];
    for (size_t i = 0; i < sizeof frame; i += 8) {
        frame[i] = (uint8_t)n;
    }
    copy_whole(to, from, n);
    return (uint8_t *)to + (frame[8] - (uint8_t)n);
}

ROUTINE(byte_before_source)
{
    copy_whole(to, from, n);
    if (n > 0 && inside_page(from)) {
        (void)load((const uint8_t *)from - 1, 1);
    }
    return to;
}

ROUTINE(byte_after_source)
{
    copy_whole(to, from, n);
    const uint8_t *end = (const uint8_t *)from + n;
    if (n > 0 && inside_page(end)) {
        (void)load(end, 1);
    }
    return to;
}

ROUTINE(destination_loaded)
{
    if (n > 0) {
        (void)load((uint8_t *)to + n - 1, 1);
    }
    copy_whole(to, from, n);
    return to;
}

ROUTINE(destination_loaded_after)
{
    copy_whole(to, from, n);
    if (n == 63) {
        (void)load((uint8_t *)to + n / 2, 1);
    }
    return to;
}

// A bus of words: the first and the last are patched. MORE: after a request of whole
// words one more is written back; OTHER: what is added to the rest of the last.
ALWAYS_INLINE void *copy_in_words(uint8_t *to, const uint8_t *from, size_t n, bool more,
                                  uint8_t other, bool twice)
{
    uint8_t *const start = to;
    size_t i = 0;
    while (i < n || (more && n && (uintptr_t)(to + i) % 4 == 0)) {
        size_t skip = (uintptr_t)(to + i) % 4, take = 4 - skip < n - i ? 4 - skip : n - i;
        uint8_t *word = to + i - skip;
        uint64_t value = take == 4 ? 0 : load(word, 4);
        for (size_t k = 0; k < take; k++) {
            uint64_t at = 8 * (skip + k);
            value = (value & ~(UINT64_C(0xff) << at)) | load(from + i + k, 1) << at;
        }
        if (skip + take < 4) {
            if (twice) {
                uint8_t *last = word + 3;
                uint64_t held = load(last, 1);
                store(last, ~held, 1);
                store(last, held, 1);
            }
            value += (uint64_t)other << 24;
        }
        store(word, value, 4);
        if (take == 0) {
            break;
        }
        i += take;
    }
    return start;
}

ROUTINE(words_written_back)
{
    return copy_in_words(to, from, n, false, 0, false);
}

ROUTINE(words_one_too_many)
{
    return copy_in_words(to, from, n, true, 0, false);
}

ROUTINE(words_with_other_rest)
{
    return copy_in_words(to, from, n, false, 1, false);
}

ROUTINE(words_with_other_rest_for_a_while)
{
    return copy_in_words(to, from, n, false, 0, true);
}
