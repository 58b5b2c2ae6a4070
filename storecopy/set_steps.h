// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Setting bytes by the steps that a copy takes (shared_steps.h): the same ones, with
// nothing to load.

#ifndef STORECOPY_SET_STEPS_H
#define STORECOPY_SET_STEPS_H

#include "shared_steps.h"

// VALUE, converted to unsigned char as memset does, in each of eight bytes.
INLINE uint64_t pattern_of(int value)
{
    return (uint8_t)value * UINT64_C(0x0101010101010101);
}

// One step of UNIT bytes, which divides TO; a vector may lie at any multiple of 8.
INLINE void set_step(uint8_t *to, uint64_t pattern, size_t unit)
{
    switch (unit) {
    case 1:
        store_aligned_8(to, (uint8_t)pattern);
        break;
    case 2:
        store_aligned_16(to, (uint16_t)pattern);
        break;
    case 4:
        store_aligned_32(to, (uint32_t)pattern);
        break;
    case 8:
        store_aligned_64(to, pattern);
        break;
#if STORECOPY_VECTORS
    case 16:
        set_128(to, pattern);
        break;
#endif
    default:
        break;
    }
}

// A request of 1, 2, 4 or 8 bytes as one store, of any alignment; false for others.
INLINE int set_any(uint8_t *to, uint64_t pattern, size_t n)
{
    if (n == 1)
        store_8(to, (uint8_t)pattern);
    else if (n == 2)
        store_16(to, (uint16_t)pattern);
    else if (n == 4)
        store_32(to, (uint32_t)pattern);
    else if (n == 8 && WHOLE_MAX == 8)
        store_64(to, pattern);
    else
        return 0;
    return 1;
}

// Ascending, by steps of up to WIDEST bytes, a constant of the caller's.
INLINE void set_up(uint8_t *to, uint64_t pattern, size_t n, size_t widest)
{
    const size_t element = widest < 8 ? widest : 8;
    for (size_t unit = 1; unit < element && (uintptr_t)to % element != 0; unit *= 2) {
        if (((uintptr_t)to & unit) != 0 && n >= unit) {
            set_step(to, pattern, unit);
            to += unit, n -= unit;
        }
    }
    for (size_t unit = widest; unit > 0 && n > 0; unit /= 2) {
        for (; n >= unit; to += unit, n -= unit)
            set_step(to, pattern, unit);
    }
}

#endif
