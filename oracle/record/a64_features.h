// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What an AArch64 CPU has that an access depends on, by what Linux and the CPU say of it,
// for the recorders that run on one.

#ifndef STORESCOPE_A64_FEATURES_H
#define STORESCOPE_A64_FEATURES_H

#include <stdbool.h>
#include <stdint.h>

// Of AT_HWCAP (Linux' asm/hwcap.h).
enum { A64_HAS_SVE = 1 << 22, A64_HAS_USCAT = 1 << 25 };

// The widest aligned access that is single-copy atomic (Arm ARM, B2.2.1): with FEAT_LSE2
// also 16 bytes, of one register or of two.
static inline uint8_t a64_atomic_bytes(uint64_t hwcap)
{
    return hwcap & A64_HAS_USCAT ? 16 : 8;
}

// Bytes of an SVE vector, by what prctl(PR_SVE_GET_VL) gives; 0: there are none.
static inline unsigned a64_vector_bytes(uint64_t hwcap, int length)
{
    enum { LENGTH_MASK = 0xffff };
    return hwcap & A64_HAS_SVE && length > 0 ? (unsigned)length & LENGTH_MASK : 0;
}

// What dc zva clears, by DCZID_EL0.
static inline unsigned a64_zero_bytes(uint64_t dczid)
{
    enum { BLOCK_MASK = 0xf, WORD = 4 };
    return WORD << (dczid & BLOCK_MASK);
}

#endif
