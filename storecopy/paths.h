// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Each function of storecopy.h, pinned to one instruction set: what the choice at
// run time chooses from, and what storescope judges. Nobody but the library, its
// tests and storescope's list of backends includes this. A pinned function of an
// instruction set that the CPU lacks must not be called.

#ifndef STORECOPY_PATHS_H
#define STORECOPY_PATHS_H

#include "storecopy.h"

typedef void *storecopy_function(void *dst, const void *src, size_t n);
typedef void *storecopy_set_function(void *dst, int value, size_t n);

storecopy_function storecopy_shared_portable, storecopy_shared_sse2, storecopy_shared_avx2,
    storecopy_shared_avx512, storecopy_shared_avx512_wide;
storecopy_function storecopy_ordered_portable, storecopy_ordered_avx;
storecopy_function storecopy_wc_portable, storecopy_wc_sse2, storecopy_wc_avx2, storecopy_wc_avx512;
storecopy_function storecopy_pmem_clflush, storecopy_pmem_clflushopt, storecopy_pmem_clwb;
storecopy_set_function storecopy_set_shared_portable, storecopy_set_shared_avx2;
storecopy_set_function storecopy_set_pmem_clflush, storecopy_set_pmem_clflushopt,
    storecopy_set_pmem_clwb;

#endif
