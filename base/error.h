// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a function says when it cannot do what was asked, how the program ends, and the
// one line on stderr that says why.

#ifndef STORESCOPE_BASE_ERROR_H
#define STORESCOPE_BASE_ERROR_H

#include <limits.h>
#include <stdbool.h>

enum { EXIT_CLEAN = 0, EXIT_FINDINGS = 1, EXIT_TROUBLE = 2 };

// Bytes with the NUL: any path, and a sentence about it. What is longer is cut.
enum { ERROR_TEXT_MAX = PATH_MAX + 512 };

// The caller's, often on its stack; nothing in it is to be freed. A function that takes
// one, as its last parameter and never NULL, fills it when it fails: one line, without a
// newline. Who asks the text whether anything failed begins with {""}.
struct error {
    char text[ERROR_TEXT_MAX];
};

// In place of what it said. The arguments may not point into E. Returns false, so that
// a function that fails ends with `return error_set(...)`.
bool error_set(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

// After what it says. Returns false.
bool error_add(struct error *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

// One line on stderr, "storescope: ...", whatever is in the message, and none for
// an empty one. Returns EXIT_TROUBLE.
int error_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
