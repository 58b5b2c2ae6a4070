// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A routine's declaration, by the debug information of the file that holds it, and the
// call (backends/call.h) that it looks like. A guess by types and names: it is proposed,
// never taken. No debug information, or a build without libdw: none.

#ifndef STORESCOPE_PROTOTYPE_H
#define STORESCOPE_PROTOTYPE_H

#include "backends/backend.h"

enum { PROTOTYPE_TEXT_MAX = 320 };

struct prototype {
    char text[PROTOTYPE_TEXT_MAX]; // "my_copy(uint32_t *dst, const uint32_t *src, size_t words)"
    char call[PROTOTYPE_TEXT_MAX]; // "void my_copy(dst, src, n/4)"; "": it looks as memcpy
                                   // does, or nothing that is known
};

bool prototype_find(const struct backend *b, struct prototype *out);

#endif
