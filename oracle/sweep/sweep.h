// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Runs a plan of one backend in worker processes and judges every case under
// several contracts at once. No routine ever runs in the calling process. A
// worker that dies, hangs or was written to by the routine is replaced; its
// case is accounted for and the sweep goes on.

#ifndef STORESCOPE_SWEEP_H
#define STORESCOPE_SWEEP_H

#include "base/error.h"
#include "case/plan.h"
#include "sweep/sweep_options.h"
#include "sweep/verdict.h"

// One result per contract, in RESULTS. Returns false and one line in ERROR only
// for the system's failures (no processes, no memory); everything about the
// routine is in the results.
bool sweep_run(const struct backend *backend, const struct plan *plan,
               const struct contract *contracts, size_t contract_count,
               const struct sweep_options *options, struct result *results, struct error *error);

// A sweep of fewer cases: those at the sizes where the routine's branches go another way.
struct sweep_lightly {
    const uint64_t *tunable; // of the cases that it is run with to find them, TUNABLE_COUNT
    // Makes the plan lighter: at SIZES, or where that is NULL, since they cannot be told, as
    // it is to be then. Called once, before any case of the plan is run.
    void (*plan)(void *context, const struct plan_sizes *sizes, struct plan *plan);
    void *context;
};

// The same for such a sweep. The worker that the sizes were found with goes on with it, where
// its routine runs elsewhere.
bool sweep_run_lightly(const struct backend *backend, struct plan *plan,
                       const struct sweep_lightly *lightly, const struct contract *contracts,
                       size_t contract_count, const struct sweep_options *options,
                       struct result *results, struct error *error);

// The sizes of sweep_patterns, unless the options say else.
enum { SWEEP_PATTERNS_SIZE = 512 };

// Records every size up to that of the options that the routine takes, both sides
// at page starts, and reads the patterns off. Ends at the first size whose recording is
// lost; OUT is to be freed.
void sweep_patterns(const struct backend *backend, enum copy_op op,
                    const struct sweep_options *options, struct patterns *out);

// Records one case in a worker. `values` as in recorder.h. False and one line
// in ERROR when there is no recording (the worker died; the routine could not
// be loaded); a refusal or fault of the routine is in the trace.
bool sweep_record(const struct backend *backend, const struct copy_case *c, bool values,
                  const struct sweep_options *options, struct recording *out, struct error *error);

#endif
