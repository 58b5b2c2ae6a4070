// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Plain C, for every CPU and compiler. What is set has no source that could be wider,
// so that baseline vectors do on x86-64.

#include "check.h"
#include "paths.h"
#include "set_steps.h"

void *storecopy_shared_portable(void *dst, const void *src, size_t n)
{
    shared_steps(dst, src, n, WHOLE_MAX);
    return dst;
}

// By vectors of 16 bytes where every CPU of the kind has them.
void *storecopy_set_shared_portable(void *dst, int value, size_t n)
{
    if (!MISALIGNED_IS_WHOLE || !set_any(dst, pattern_of(value), n))
        set_up(dst, pattern_of(value), n, STORECOPY_VECTORS ? 16 : WHOLE_MAX);
    return dst;
}
