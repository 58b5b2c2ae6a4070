// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Several routines of a sweep at once: each is swept by one of a few processes, which are
// forked from this one and send what came of it, so that no processor waits while a program
// is linked, an emulator started or a witness recorded. Results are taken in the order of
// the routines.

#ifndef STORESCOPE_SWEEP_ASIDE_H
#define STORESCOPE_SWEEP_ASIDE_H

#include "cli/cli.h"

// What came of a routine.
struct aside_row {
    bool excused, failed; // as in struct run
    struct error error;   // of what failed
    struct result *results;
};

struct aside_job {
    // Sweeps the routine of that number, in one of the processes: fills all but RESULTS, of
    // which there are `result_count`, zeroed. Runs with at most JOBS workers.
    void (*sweep)(void *context, size_t number, struct aside_row *row);
    void *context;
    struct options *options;
    size_t result_count;
    const size_t *numbers; // of the routines, ascending
    size_t number_count;
};

struct aside;

// JOB outlives it. NULL where there is nothing to gain: one routine, one worker, or no
// process to be had.
struct aside *aside_start(const struct aside_job *job);

// The numbers are asked for in their order, each once. False: its process is gone, or the
// user wants to stop; then it was not swept.
bool aside_take(struct aside *a, size_t number, struct aside_row *row);

// Ends the processes. NULL is taken.
void aside_end(struct aside *a);

#endif
