// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Whole cache lines by non-temporal stores, in ascending order, and what comes
// before the first and after the last. On memory mapped write-combining every
// store gathers in the buffer; a non-temporal one does so on write-back memory too
// (Intel SDM vol. 1, 10.4.6.2).

#ifndef STORECOPY_LINES_H
#define STORECOPY_LINES_H

#include "set_steps.h"

// One line, by stores of WIDEST bytes; 8 is plain C.
INLINE void line(uint8_t *to, const uint8_t *from, size_t widest)
{
    switch (widest) {
#if STORECOPY_VECTORS
    case 16:
        for (size_t i = 0; i < LINE; i += 16)
            __asm__ volatile("movdqu (%1), %%xmm0\n\tmovntdq %%xmm0, (%0)"
                             :
                             : "r"(to + i), "r"(from + i)
                             : "xmm0", "memory");
        break;
    case 32:
        for (size_t i = 0; i < LINE; i += 32)
            __asm__ volatile("vmovdqu (%1), %%ymm0\n\tvmovntdq %%ymm0, (%0)"
                             :
                             : "r"(to + i), "r"(from + i)
                             : "xmm0", "memory");
        break;
    case 64:
        // A register that needs no vzeroupper, and that only a compiler which may
        // use it knows.
        __asm__ volatile("vmovdqu64 (%1), %%zmm16\n\tvmovntdq %%zmm16, (%0)"
                         :
                         : "r"(to), "r"(from)
#if defined(__AVX512F__)
                         : "xmm16", "memory");
#else
                         : "memory");
#endif
        break;
#endif
    default:
        for (size_t i = 0; i < LINE; i += WHOLE_MAX)
            step(to + i, from + i, WHOLE_MAX);
        break;
    }
}

// One line of the same bytes.
INLINE void set_line(uint8_t *to, uint64_t pattern)
{
#if STORECOPY_VECTORS
    typedef uint64_t two __attribute__((vector_size(16)));
    const two both = {pattern, pattern};
    for (size_t i = 0; i < LINE; i += 16)
        __asm__ volatile("movntdq %1, (%0)" : : "r"(to + i), "x"(both) : "memory");
#else
    for (size_t i = 0; i < LINE; i += WHOLE_MAX)
        set_step(to + i, pattern, WHOLE_MAX);
#endif
}

// Bytes of the N at TO that lie before the first whole line.
INLINE size_t before_lines(const uint8_t *to, size_t n)
{
    size_t before = -(uintptr_t)to % LINE;
    return before < n ? before : n;
}

#endif
