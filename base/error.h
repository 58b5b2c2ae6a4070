// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// How the program ends, and the one line on stderr that says why it could not do what
// was asked.

#ifndef STORESCOPE_BASE_ERROR_H
#define STORESCOPE_BASE_ERROR_H

enum { EXIT_CLEAN = 0, EXIT_FINDINGS = 1, EXIT_TROUBLE = 2 };

// One line on stderr, "storescope: ...", whatever is in the message, and none for
// an empty one. Returns EXIT_TROUBLE.
int error_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
