// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What storecopy.h calls an error of the caller, checked where it was built with
// STORECOPY_CHECKS: a line on stderr, then abort. Without it a null pointer faults
// at its first access, and all else is refused by the return value.

#ifndef STORECOPY_CHECK_H
#define STORECOPY_CHECK_H

#include "access.h"

#if defined(STORECOPY_CHECKS)
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition, what)                                      \
    do {                                                            \
        if (!(condition)) {                                         \
            fprintf(stderr, "storecopy: %s: %s\n", __func__, what); \
            abort();                                                \
        }                                                           \
    } while (0)
#else
#define CHECK(condition, what) ((void)0)
#endif

// Do A_BYTES at A and B_BYTES at B have bytes in common?
#define MEET(a, a_bytes, b, b_bytes)                           \
    ((uintptr_t)(a) - (uintptr_t)(b) < (uintptr_t)(b_bytes) || \
     (uintptr_t)(b) - (uintptr_t)(a) < (uintptr_t)(a_bytes))

#define CHECK_BUFFERS(dst, src, n)                                                        \
    do {                                                                                  \
        CHECK((n) == 0 || ((dst) != NULL && (src) != NULL), "a null pointer with n > 0"); \
        CHECK((n) <= PTRDIFF_MAX, "n is larger than any object");                         \
    } while (0)

#define CHECK_BUFFER(dst, n) CHECK_BUFFERS(dst, dst, n)

#define CHECK_APART(dst, src, n) \
    CHECK(!MEET(dst, n, src, n), "destination and source overlap, which this function cannot do")

#endif
