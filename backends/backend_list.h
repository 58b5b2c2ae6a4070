// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the families of backends make their lists with. Nobody outside of this
// folder includes this.

#ifndef STORESCOPE_BACKEND_LIST_H
#define STORESCOPE_BACKEND_LIST_H

#include "backends/backend.h"

// Appends a backend with the defaults of its SYMBOL: its op, and the features
// its name says it needs. Valid until the next call.
struct backend *backend_add(struct backend_list *list, const char *name, const char *path,
                            const char *symbol, const char *from);

// Appends what *B says, in strings of the list's own.
void backend_add_copy(struct backend_list *list, const struct backend *b);

// Gives it another name, and the call that this says, or none.
void backend_set_call(struct backend *b, const char *name, const struct call *call);

// Marks the backend as missing, unless it is already.
__attribute__((format(printf, 2, 3))) void backend_miss(struct backend *b, const char *format, ...);

// Marks the backend as missing when the CPU lacks one of the blank-separated
// FEATURES.
void backend_need(struct backend *b, const char *features);

// Sorts the items from FIRST on by name and drops those named twice.
void backend_sort(struct backend_list *list, size_t first);

// Is PATTERN a glob?
bool pattern_is_glob(const char *pattern);

#endif
