// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The copy for shared RAM, without masks: steps of 1, 2 and 4 bytes to an aligned
// address, then 8 bytes, or vectors up to WIDEST, a constant of the caller's.
// Boundaries between steps are multiples of the smaller step, so that no aligned
// element has one inside.

#ifndef STORECOPY_SHARED_STEPS_H
#define STORECOPY_SHARED_STEPS_H

#include "access.h"

// One step of UNIT bytes, which divides TO.
INLINE void step(uint8_t *to, const uint8_t *from, size_t unit)
{
    switch (unit) {
    case 1:
        store_aligned_8(to, load_8(from));
        break;
    case 2:
        store_aligned_16(to, load_16(from));
        break;
    case 4:
        store_aligned_32(to, load_32(from));
        break;
    case 8:
        store_aligned_64(to, load_64(from));
        break;
#if STORECOPY_VECTORS
    case 16:
        move_128(to, from);
        break;
    case 32:
        move_256(to, from);
        break;
#endif
    default:
        break;
    }
}

// One beside steps of WIDEST bytes.
INLINE void step_beside(uint8_t *to, const uint8_t *from, size_t unit, size_t widest)
{
#if STORECOPY_VECTORS
    if (unit == 16 && widest == 32) {
        move_128_avx_any(to, from);
        return;
    }
#endif
    (void)widest;
    step(to, from, unit);
}

// Where only aligned accesses are whole, an access to any address is bytes, and one
// that stores reads what is there, too.
#define WHOLE(bits)                                              \
    INLINE void whole_##bits(uint8_t *to, const uint8_t *from)   \
    {                                                            \
        if (MISALIGNED_IS_WHOLE)                                 \
            store_##bits(to, load_##bits(from));                 \
        else if ((uintptr_t)from % (bits / 8) == 0)              \
            store_aligned_##bits(to, load_aligned_##bits(from)); \
        else                                                     \
            store_aligned_##bits(to, load_##bits(from));         \
    }

WHOLE(8)
WHOLE(16)
WHOLE(32)
WHOLE(64)

// A request of 1, 2, 4 or 8 bytes as one load and one store; false for others,
// and for those this CPU cannot store whole. A load is one where it can be.
INLINE int whole_request(uint8_t *to, const uint8_t *from, size_t n)
{
    if (n > WHOLE_MAX || (n & (n - 1)) != 0 || n == 0)
        return 0;
    if (!MISALIGNED_IS_WHOLE && (uintptr_t)to % n != 0)
        return 0;
    if (n == 1)
        whole_8(to, from);
    else if (n == 2)
        whole_16(to, from);
    else if (n == 4)
        whole_32(to, from);
    else
        whole_64(to, from);
    return 1;
}

INLINE void steps_up(uint8_t *to, const uint8_t *from, size_t n, size_t widest)
{
    const size_t element = widest < 8 ? widest : 8;
    for (size_t unit = 1; unit < element && (uintptr_t)to % element != 0; unit *= 2) {
        if (((uintptr_t)to & unit) != 0 && n >= unit) {
            step(to, from, unit);
            to += unit, from += unit, n -= unit;
        }
    }
    for (; n >= 4 * widest; to += 4 * widest, from += 4 * widest, n -= 4 * widest) {
        step(to, from, widest);
        step(to + widest, from + widest, widest);
        step(to + 2 * widest, from + 2 * widest, widest);
        step(to + 3 * widest, from + 3 * widest, widest);
    }
    for (size_t unit = widest; unit > 0 && n > 0; unit /= 2) {
        for (; n >= unit; to += unit, from += unit, n -= unit)
            step_beside(to, from, unit, widest);
    }
}

// Steps from the end, each of which reads only what no earlier one has stored.
INLINE void steps_down(uint8_t *to, const uint8_t *from, size_t n, size_t widest)
{
    const size_t element = widest < 8 ? widest : 8;
    for (size_t unit = 1; unit < element && (uintptr_t)(to + n) % element != 0; unit *= 2) {
        if (((uintptr_t)(to + n) & unit) != 0 && n >= unit) {
            n -= unit;
            step(to + n, from + n, unit);
        }
    }
    for (size_t unit = widest; unit > 0 && n > 0; unit /= 2) {
        for (; n >= unit; n -= unit)
            step_beside(to + n - unit, from + n - unit, unit, widest);
    }
}

INLINE void shared_steps(void *dst, const void *src, size_t n, size_t widest)
{
    if (whole_request(dst, src, n))
        return;
    if (overwrites_ahead(dst, src, n))
        steps_down(dst, src, n, widest);
    else
        steps_up(dst, src, n, widest);
}

#endif
