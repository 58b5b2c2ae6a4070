// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Ways to copy to and from guest memory that were weighed for QEMU, written
// from their description: a guest's access of 1, 2, 4 or 8 bytes must not be
// torn or made twice. Those that are left to the compiler and the libc call
// them by name.

#include "backends/routines/routines.h"

#include <stdint.h>

ROUTINE_UNIT(8)
ROUTINE_UNIT(16)
ROUTINE_UNIT(32)
ROUTINE_UNIT(64)

static inline void move_unit(uint8_t *dst, const uint8_t *src, size_t unit)
{
    switch (unit) {
    case 1:
        move_8(dst, src);
        break;
    case 2:
        move_16(dst, src);
        break;
    case 4:
        move_32(dst, src);
        break;
    default:
        move_64(dst, src);
        break;
    }
}

// Lowest set bit of BITS, at most 8; 8 when no bit is set.
static inline size_t lowest_bit(uintptr_t bits)
{
    bits |= 8;
    return bits & -bits;
}

// (a) Relies on the compiler: a copy of fixed size is one load and one store.
void *qemu_switch(void *dst, const void *src, size_t size)
{
    switch (size) {
    case 1:
        return __builtin_memcpy(dst, src, 1);
    case 2:
        return __builtin_memcpy(dst, src, 2);
    case 4:
        return __builtin_memcpy(dst, src, 4);
    case 8:
        return __builtin_memcpy(dst, src, 8);
    default:
        return __builtin_memcpy(dst, src, size);
    }
}

// (b) Stores aligned, whatever the source.
void *qemu_lowbit(void *dst, const void *src, size_t size)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    for (size_t left = size; left > 0;) {
        size_t unit = lowest_bit((uintptr_t)to | left);
        move_unit(to, from, unit);
        to += unit;
        from += unit;
        left -= unit;
    }
    return dst;
}

// (c) The unit chosen once for all rounds.
void *qemu_unit(void *dst, const void *src, size_t size)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    size_t unit = lowest_bit((uintptr_t)dst | size);
    for (size_t i = 0; i < size; i += unit) {
        move_unit(to + i, from + i, unit);
    }
    return dst;
}

// (d) On x86, which takes unaligned accesses: as few single ones as there can
// be; the request's own size decides, not where it lies.
void *qemu_host(void *dst, const void *src, size_t size)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    size_t i = 0;
    for (; size - i >= 8; i += 8) {
        move_64(to + i, from + i);
    }
    for (size_t unit = 4; unit > 0; unit /= 2) {
        if ((size - i) >= unit) {
            move_unit(to + i, from + i, unit);
            i += unit;
        }
    }
    return dst;
}

// (e) Only the one-byte store is promised.
void *qemu_byte_or_move(void *dst, const void *src, size_t size)
{
    if (size == 1) {
        move_8(dst, src);
        return dst;
    }
    return __builtin_memmove(dst, src, size);
}

// What landed: 1, 2, 4 or 8 bytes with both pointers aligned to that are one
// load and one store; nothing is promised otherwise.
void *qemu_ram_move(void *dst, const void *src, size_t size)
{
    uintptr_t both = (uintptr_t)dst | (uintptr_t)src;
    if ((size == 1 || size == 2 || size == 4 || size == 8) && (both & (size - 1)) == 0) {
        move_unit(dst, src, size);
        return dst;
    }
    return __builtin_memmove(dst, src, size);
}
