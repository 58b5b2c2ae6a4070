// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include <stddef.h>
#include <stdint.h>
#include <string.h>

void *copy_to_bar(void *dst, const void *src, size_t size);
void *copy_in_a_hurry(void *dst, const void *src, size_t size);
void push_words(const uint32_t *from, volatile uint32_t *to, size_t words);

// Each byte once, upwards.
void *copy_to_bar(void *dst, const void *src, size_t size)
{
    volatile uint8_t *to = dst;
    const volatile uint8_t *from = src;
    for (size_t i = 0; i < size; i++)
        to[i] = from[i];
    return dst;
}

// Eight bytes at once; the last eight overlap those before them.
void *copy_in_a_hurry(void *dst, const void *src, size_t size)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    if (size < 8)
        return copy_to_bar(dst, src, size);
    for (size_t i = 0; i < size; i += 8) {
        size_t at = i + 8 <= size ? i : size - 8;
        __builtin_memcpy(to + at, from + at, 8);
    }
    return dst;
}

// The source first, and a count.
void push_words(const uint32_t *from, volatile uint32_t *to, size_t words)
{
    for (size_t i = 0; i < words; i++)
        to[i] = from[i];
}
