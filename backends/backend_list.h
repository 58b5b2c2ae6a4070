// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the files of this folder share about lists of backends. Nobody else
// includes this.

#ifndef STORESCOPE_BACKEND_PARTS_H
#define STORESCOPE_BACKEND_PARTS_H

#include "backends/backend.h"
#include "base/nearest.h"

// Appends a backend with the defaults of its SYMBOL: its op, and the features
// its name says it needs. Valid until the next call.
struct backend *backend_add(struct backend_list *list, const char *name, const char *path,
                            const char *symbol, const char *from);

// Marks the backend as missing, unless it is already.
__attribute__((format(printf, 2, 3))) void backend_miss(struct backend *b, const char *format, ...);

// Marks the backend as missing when the CPU lacks one of the blank-separated
// FEATURES.
void backend_need(struct backend *b, const char *features);

// Sorts the items from FIRST on by name and drops those named twice.
void backend_sort(struct backend_list *list, size_t first);

// Appends the running CPU's and libraries' families.
void families_list(struct backend_list *out);

// Appends the families of other CPUs.
void cross_list(struct backend_list *out);

// Appends a routine for ARCH; it is missing where the tools for that are.
struct backend *cross_add(struct backend_list *out, const struct arch *arch, const char *name,
                          const char *path, const char *symbol, const char *from);

// PATH:SYMBOL of a file for another CPU, GIVEN as the user wrote PATH.
enum cross_found {
    CROSS_NOT,    // the file is none
    CROSS_FOUND,  // appended
    CROSS_FAILED, // one line in ERROR
};
enum cross_found cross_find(const char *given, const char *path, const char *symbol,
                            struct backend_list *out, char *error, size_t error_size);

// Is PATTERN a glob?
bool pattern_is_glob(const char *pattern);

// PATH:SYMBOL, as backend_list_find has it.
bool path_find(const char *pattern, struct backend_list *out, char *error, size_t error_size);

#endif
