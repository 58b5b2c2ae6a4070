// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The plainest copies there are.

#include "backends/routines/routines.h"

#include <stdint.h>

ROUTINE_UNIT(8)
ROUTINE_UNIT(64)

void *loop_byte(void *dst, const void *src, size_t size)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    for (size_t i = 0; i < size; i++) {
        move_8(to + i, from + i);
    }
    return dst;
}

void *loop_byte_backward(void *dst, const void *src, size_t size)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    for (size_t i = size; i > 0; i--) {
        move_8(to + i - 1, from + i - 1);
    }
    return dst;
}

// Does an ascending copy read every byte before it is overwritten?
static inline int ascends(const void *dst, const void *src, size_t size)
{
    return (uintptr_t)dst - (uintptr_t)src >= size;
}

void *loop_byte_move(void *dst, const void *src, size_t size)
{
    return ascends(dst, src, size) ? loop_byte(dst, src, size) : loop_byte_backward(dst, src, size);
}

void *loop_word(void *dst, const void *src, size_t size)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    size_t i = 0;
    for (; size - i >= 8; i += 8) {
        move_64(to + i, from + i);
    }
    for (; i < size; i++) {
        move_8(to + i, from + i);
    }
    return dst;
}

void *loop_word_move(void *dst, const void *src, size_t size)
{
    if (ascends(dst, src, size)) {
        return loop_word(dst, src, size);
    }
    uint8_t *to = dst;
    const uint8_t *from = src;
    size_t i = size;
    for (; i >= 8; i -= 8) {
        move_64(to + i - 8, from + i - 8);
    }
    for (; i > 0; i--) {
        move_8(to + i - 1, from + i - 1);
    }
    return dst;
}
