// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// One line on a terminal that tells how far a sweep is; nothing at all where
// there is no terminal.

#ifndef STORESCOPE_PROGRESS_H
#define STORESCOPE_PROGRESS_H

#include "base/terminal.h"
#include "sweep/sweep.h"

struct progress {
    FILE *out; // NULL: show nothing
    struct terminal terminal;
    size_t backend, backends; // number of this one, from 1, and of all
    uint64_t shown_ms;        // when the line was last drawn
    bool visible;
};

// Shows on OUT, if that is a terminal.
void progress_init(struct progress *p, FILE *out, bool quiet);

// Fits sweep_options.progress, with the struct progress as context.
void progress_show(const struct sweep_progress *state, void *context);

// The text of the line, without colour or control characters.
void progress_print(const struct progress *p, const struct sweep_progress *state, char *text,
                    size_t text_size);

// Takes the line away, before anything else is printed.
void progress_clear(struct progress *p);

#endif
