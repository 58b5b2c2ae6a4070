// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Shared RAM by vectors of 16 and 32 bytes at addresses that are multiples of 8.
// CPUs cut such a store, if at all, between lanes of 8 or 16 bytes (two halves on
// Sandy Bridge and Zen 1) or at the end of a cache line: never in an element.

#include "paths.h"
#include "set_steps.h"

#if STORECOPY_VECTORS
void *storecopy_shared_sse2(void *dst, const void *src, size_t n)
{
    shared_steps(dst, src, n, 16);
    return dst;
}

void *storecopy_shared_avx2(void *dst, const void *src, size_t n)
{
    shared_steps(dst, src, n, 32);
    if (n >= 32)
        end_256();
    return dst;
}

// Below WORTH_IT bytes vectors of 16 are faster.
void *storecopy_set_shared_avx2(void *dst, int value, size_t n)
{
    enum { WORTH_IT = 64 };
    if (n < WORTH_IT)
        return storecopy_set_shared_portable(dst, value, n);
    const uint64_t pattern = pattern_of(value);
    uint8_t *to = dst;
    size_t head = -(uintptr_t)to % 8;
    set_up(to, pattern, head, 8);
    to += head, n -= head;
    size_t vectors = n & ~(size_t)31;
    set_run_256(to, pattern, vectors);
    set_up(to + vectors, pattern, n - vectors, 16);
    return dst;
}
#endif
