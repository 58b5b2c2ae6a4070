// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// How far a sweep of one or more backends is: one line on a terminal, drawn again; in a
// pipe or a log a line now and then, and none of a sweep that is short.

#ifndef STORESCOPE_PROGRESS_H
#define STORESCOPE_PROGRESS_H

#include "base/terminal.h"
#include "sweep/sweep.h"

struct progress {
    FILE *out; // NULL: show nothing
    struct terminal terminal;
    size_t backend, backends; // number of this one, from 1, and of all that are run
    uint64_t started_ms;
    uint64_t shown_ms; // when the line was last drawn
    bool visible;
};

// Shows on OUT, unless QUIET.
void progress_init(struct progress *p, FILE *out, bool quiet);

// Fits sweep_options.progress, with the struct progress as context.
void progress_show(const struct sweep_progress *state, void *context);

// The text of the line, without colour or control characters, SECONDS after the first
// backend was begun. It fits the terminal: first the rate is left out, then the findings.
void progress_print(const struct progress *p, const struct sweep_progress *state, double seconds,
                    char *text, size_t text_size);

// Takes the line away, before anything else is printed.
void progress_clear(struct progress *p);

#endif
