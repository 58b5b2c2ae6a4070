// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Shared RAM by vectors of 16 and 32 bytes at addresses that are multiples of 8.
// CPUs cut such a store, if at all, between lanes of 8 or 16 bytes (two halves on
// Sandy Bridge and Zen 1) or at the end of a cache line: never in an element.

#include "paths.h"
#include "shared_steps.h"

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
#endif
