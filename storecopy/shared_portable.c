// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Plain C, for every CPU and compiler.

#include "paths.h"
#include "shared_steps.h"

void *storecopy_shared_portable(void *dst, const void *src, size_t n)
{
    shared_steps(dst, src, n, WHOLE_MAX);
    return dst;
}
