// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What check and compare have in common: the backends of a command line, each
// swept under the contracts of the command line, and a report of the results.
// The two differ in their text alone.

#ifndef STORESCOPE_RUN_H
#define STORESCOPE_RUN_H

#include "cli.h"

// How a command shows results as text.
struct run_text {
    // After each backend: COUNT results, one a contract. They are gone after
    // the call.
    void (*add)(void *context, const struct result *results, size_t count, const struct look *look,
                FILE *out);
    // After the last one.
    void (*end)(void *context, const struct look *look, FILE *out);
    void *context;
};

// Sweeps and reports. Returns the exit status.
int run_command(struct options *o, const struct run_text *text);

#endif
