// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Test routines in C are compiled once per compiler and flag set; SUFFIX tells
// them apart: duff becomes duff_gcc_O2.

#ifndef STORESCOPE_TEST_ROUTINES_H
#define STORESCOPE_TEST_ROUTINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JOIN(name, suffix)  name##suffix
#define NAMED(name, suffix) JOIN(name, suffix)
#define ROUTINE(name)                                        \
    void *NAMED(name, SUFFIX)(void *, const void *, size_t); \
    void *NAMED(name, SUFFIX)(void *to, const void *from, size_t n)

typedef uint16_t __attribute__((aligned(1), may_alias)) any_u16;
typedef uint32_t __attribute__((aligned(1), may_alias)) any_u32;
typedef uint64_t __attribute__((aligned(1), may_alias)) any_u64;

#endif
