// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A routine's verdicts over time, in words.

#ifndef STORESCOPE_HISTORY_TEXT_H
#define STORESCOPE_HISTORY_TEXT_H

#include "reports/history/history.h"

enum { HISTORY_TEXT_MAX = 1024 };

// "conforms in 3 reports since 2026-11-01, violates in 2 since 2026-11-20 and now" of a
// column; "" where no earlier report has it. Gives TEXT.
char *history_sentence(const struct history *h, const struct history_table *t, size_t column,
                       char text[HISTORY_TEXT_MAX]);

// A line for each contract under which something changed since the report before.
void history_print_changes(const struct history_table *t, const char *backend, FILE *out);

// What there is: "3 earlier reports, the last of 2026-11-24 06:30 UTC, by storescope 0.1".
// Gives TEXT.
char *history_describe(const struct history *h, char text[HISTORY_TEXT_MAX]);

#endif
