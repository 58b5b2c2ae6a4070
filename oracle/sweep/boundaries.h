// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The sizes of a light plan: those at which a routine's branches go another way. They are
// read off recordings, not off code: a routine is run with one size after the other, at a
// few alignments and distances, in a worker, and where the path of the call changes lies a
// boundary. What branches on else than these is not seen, so a light plan has other sizes, too.

#ifndef STORESCOPE_BOUNDARIES_H
#define STORESCOPE_BOUNDARIES_H

#include "case/plan.h"
#include "sweep/sweep_options.h"
#include "sweep/worker.h"

enum {
    BOUNDARIES_ALL = 64,    // up to here each size is listed
    BOUNDARIES_EACH = 1088, // up to here each size is recorded
    BOUNDARIES_FAR = 4352,  // up to here every 256th, with bisection where they differ
};

// False where they cannot be told, since a case did not return, or the routine cannot be
// run: then nothing but the whole sweep is right. TUNABLE: of the cases, TUNABLE_COUNT.
bool boundaries_find(const struct backend *backend, enum copy_op op, const uint64_t *tunable,
                     const struct sweep_options *options, struct plan_sizes *out);

// The same by a worker of a job that records loads.
bool boundaries_survey(struct worker *worker, const struct job *job, enum copy_op op,
                       const uint64_t *tunable, const struct sweep_options *options,
                       struct plan_sizes *out);

// Adds what stands for COUNT sizes LO, LO + STEP, ... whose paths these are (0: no size).
// Of each run of sizes with one path its ends, their neighbours and its middle; of runs whose
// path came before, as in loops that end in one of a few ways, the first three and the last.
void boundaries_choose(const uint64_t *paths, size_t count, uint64_t lo, uint64_t step,
                       struct plan_sizes *out);

#endif
