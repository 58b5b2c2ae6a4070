// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Memory that the program cannot do without: there is nothing left to report that it
// is missing, so one line on stderr says so and the process aborts. What a user can
// ask too much of (a case's buffers, a routine's stack) is an error of its function.

#ifndef STORESCOPE_BASE_MEMORY_H
#define STORESCOPE_BASE_MEMORY_H

#include <stddef.h>

// Gives back MEMORY, which malloc and the like returned; never NULL.
void *must(void *memory) __attribute__((returns_nonnull));

// The text as printf would print it, owned by the caller; never NULL.
char *must_print(const char *format, ...)
    __attribute__((format(printf, 1, 2), returns_nonnull, malloc));

#endif
