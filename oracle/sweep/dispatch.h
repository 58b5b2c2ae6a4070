// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The parent's side of a sweep: hands chunks of a plan to workers, takes their
// reports, replaces workers that die, hang or cannot be trusted any more, and
// adds everything up. Every case number is counted once: judged, skipped,
// broken, left out, or not reached.

#ifndef STORESCOPE_DISPATCH_H
#define STORESCOPE_DISPATCH_H

#include "base/error.h"
#include "sweep/chunk_result.h"
#include "sweep/worker.h"
#include "trace/coverage.h"

// What a routine may cost before its sweep is given up.
enum {
    DISPATCH_TIMEOUTS_MAX = 4,
    DISPATCH_STALLS_MAX = 4,
    DISPATCH_DISTRUSTED_MAX = 64,
    DISPATCH_DEATHS_MAX = 64,
    DISPATCH_LOADING_DEATHS_MAX = 2,
    // Where hardly a case leaves its worker in order, and each takes long, fewer
    // tell as much.
    DISPATCH_PATIENCE_MS = 5000,
    DISPATCH_LOST_SLOWLY_MAX = 4,
    DISPATCH_JUDGED_PER_LOST = 16,
};

struct dispatch_sum {
    uint64_t done; // case numbers accounted for
    uint64_t judged, skipped, broken, left_out;
    uint64_t stored[STORED_COUNT]; // of the judged, by enum stored
    uint64_t timeouts, stalls, distrusted, deaths, loading_deaths;
    struct reason skip_reason, broken_reason;
    struct tally *tallies;             // one a check of the job's judge; owned
    struct chart *charts;              // likewise, then one of the judged cases; or NULL
    struct coverage coverage;          // without what workers that died had reached
    bool interrupted;                  // the user's stop came before the end
    char given_up[TRACE_REASON_MAX];   // "": not given up
    char not_opened[TRACE_REASON_MAX]; // routine or recorder; "": opened
    double seconds;
};

// FIRST: a worker of the job that has its plan, or none; afterwards one that is as good as a
// new one, so that it may record the witnesses, or none. False and one line in ERROR when the
// system has no processes or memory; OUT is to be freed in any case.
bool dispatch_run(const struct job *job, const struct sweep_options *options, struct worker *first,
                  struct dispatch_sum *out, struct error *error);
void dispatch_free(struct dispatch_sum *sum);

#endif
