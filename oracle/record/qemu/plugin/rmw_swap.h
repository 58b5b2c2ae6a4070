// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Compare-and-swaps that any CPU of 64 bits does: of WIDTH bytes, and of two halves of 4
// bytes, the lower one first. True: memory held what was expected, and now holds VALUE.
// EXPECTED becomes what it held.

#ifndef STORESCOPE_QEMU_RMW_SWAP_H
#define STORESCOPE_QEMU_RMW_SWAP_H

#include <stdbool.h>
#include <stdint.h>

static inline bool swap_single(void *at, uint64_t *expected, uint64_t value, unsigned width)
{
#define SWAP(bytes, type)                                                             \
    case bytes: {                                                                     \
        type old = (type)*expected;                                                   \
        bool same = __atomic_compare_exchange_n((type *)at, &old, (type)value, false, \
                                                __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);  \
        *expected = old;                                                              \
        return same;                                                                  \
    }
    switch (width) {
        SWAP(1, uint8_t)
        SWAP(2, uint16_t)
        SWAP(4, uint32_t)
    default:
        SWAP(8, uint64_t)
    }
#undef SWAP
}

static inline bool swap_halves(void *at, uint64_t expected[2], const uint64_t value[2])
{
    uint64_t whole = (expected[0] & UINT32_MAX) | expected[1] << 32;
    bool same = swap_single(at, &whole, (value[0] & UINT32_MAX) | value[1] << 32, 8);
    expected[0] = whole & UINT32_MAX;
    expected[1] = whole >> 32;
    return same;
}

#endif
