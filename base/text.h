// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Counts and names as text for people.

#ifndef STORESCOPE_BASE_TEXT_H
#define STORESCOPE_BASE_TEXT_H

#include <stdint.h>

// "1 case", "2 cases", "1,234,567 cases": UNIT in the singular. TEXT holds
// COUNT_TEXT_MAX bytes.
enum { COUNT_TEXT_MAX = 64 };
const char *count_print(uint64_t count, const char *unit, char *text);

// "1,230,000/s": COUNT things in SECONDS, to three digits; "" where that says nothing.
const char *rate_print(uint64_t count, double seconds, char *text);

// A copy that is UTF-8 whatever TEXT holds, as JSON must be and a file's name
// need not: bytes that are not become '?'. The caller frees it.
char *utf8_copy(const char *text);

#endif
