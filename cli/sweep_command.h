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

// Results that are there already, and what is told of them.
struct run_source {
    // The next routine's, one a contract. False: there is none, or ERROR, which is empty
    // otherwise, says why the rest is lost. EXCUSED: it may be left unjudged.
    bool (*next)(void *context, struct result *results, bool *excused, struct error *error);
    void *context;
    const char *date;               // when they were made; NULL: not known
    const struct host *host;        // that they are of
    const struct sweep_head *sweep; // NULL: not all of a sweep is there
    const char *note;
    const char *incomplete; // "", or what is lacking, which makes the status 2
};

// Reports results as if they were made now, under the contracts of O. Returns the exit
// status that the sweep would have had.
int run_given(struct options *o, const struct run_source *source);

// Sweeps and reports. OBSERVER may be NULL. Returns the exit status.
int run_command(struct options *o, const struct run_observer *observer);

// The same, with one report of that format to OUT, which is closed, instead of
// those of the command line.
int run_into(struct options *o, const struct run_observer *observer, const struct format *format,
             FILE *out);

#endif
