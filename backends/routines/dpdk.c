// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// DPDK's rte_memcpy, which is inline and picks its instructions when it is
// compiled: this file is built once per instruction set, with DPDK_ISA naming
// the row to define.

#include "backends/routines/routines.h"

#if __has_include(<rte_memcpy.h>)
#include <rte_memcpy.h>

static void *routine(void *dst, const void *src, size_t size)
{
    return rte_memcpy(dst, src, size);
}
#else
#define routine NULL
#endif

#ifdef __clang__
#define COMPILER "clang"
#else
#define COMPILER "gcc"
#endif

const struct dpdk_routine DPDK_ISA = {routine, COMPILER};
