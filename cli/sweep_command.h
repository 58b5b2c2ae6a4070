// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What check and compare have in common: the backends of a command line, each
// swept under the contracts of the command line, and one or more reports of the
// results. The two differ in the formats they have.

#ifndef STORESCOPE_SWEEP_COMMAND_H
#define STORESCOPE_SWEEP_COMMAND_H

#include "cli/cli.h"

// Who looks on while a sweep is reported.
struct run_observer {
    // After each backend, whose COUNT results are gone after the call.
    void (*results)(void *context, const struct result *results, size_t count);
    // After the last one, before the reports end.
    void (*end)(void *context, const struct totals *totals);
    // The status in place of STATUS, which is the sweep's own.
    int (*status)(void *context, const struct totals *totals);
    const struct baseline *baseline; // for the reports
    void *context;
};

// Sweeps and reports. OBSERVER may be NULL. Returns the exit status.
int run_command(struct options *o, const struct run_observer *observer);

// The same, with one report of that format to OUT, which is closed, instead of
// those of the command line.
int run_into(struct options *o, const struct run_observer *observer, const struct format *format,
             FILE *out);

#endif
