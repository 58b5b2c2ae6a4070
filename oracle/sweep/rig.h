// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What happens inside a worker: a rig (routine, recorder, arena, shadow) takes
// a chunk, a range of case numbers of the plan, runs and judges each case, and
// gives one report. The routine is foreign code: what the report says is kept
// apart from everything else until it is sent, and a case after which this
// process cannot be trusted is reported alone.

#ifndef STORESCOPE_RIG_H
#define STORESCOPE_RIG_H

#include "base/error.h"
#include "case/plan.h"
#include "judge/judge.h"
#include "judge/judge_cache.h"
#include "record/recorder.h"

#include <stdatomic.h>

// What a sweep's workers have in common; they inherit it by fork.
struct job {
    const struct backend *backend;
    const struct plan *plan; // NULL: no sweep, recordings only
    const struct judge *judge;
    const struct recorder_kind *recorder;
    struct recorder_options recorder_options;
    bool charts; // reports have charts as well
};

// Shared with the parent. The routine may write here: nothing in it is trusted.
struct worker_slot {
    _Atomic uint64_t at;        // number of the case that is running, or a stage
    _Atomic uint32_t stop;      // nonzero: report what there is
    _Atomic uint32_t forbidden; // system call that ended the worker; see confine.h
};

#define WORKER_LOADING (UINT64_MAX)

struct rig {
    const struct job *job;
    struct routine routine;
    struct recorder *recorder;
    struct arena *arena;
    struct shadow *shadow;
    struct judge_cache *cache; // NULL without a judge or a plan
    struct layout layout, other_layout;
    struct trace trace, other_trace; // `other`: with values, or with other data
    struct copy_case other_case;     // the case in the shadow, with other data
    uint16_t *broken;                // checks that the last case broke, in order
    size_t broken_count;
    struct chunk_result *result; // of the chunk; its tallies follow it
    struct chart *charts;        // in it; NULL: not wanted
    size_t result_bytes;
    bool again;      // the last case stored bytes again
    bool careful;    // look at the whole arena after every case
    bool distrusted; // this process was, or may have been, written to
    // For rig_judge: where the first run of each case counts its edges (see
    // recorder.h), or NULL.
    uint8_t *edges;
    size_t edge_count;
    uint64_t batch, batch_bytes; // since the whole arena was looked at
};

struct reason {
    struct copy_case c;
    char text[TRACE_REASON_MAX]; // "": none
};

struct chunk_result {
    uint64_t id;      // as in the command
    uint64_t lo, end; // case numbers judged, lo..end-1
    uint64_t judged, skipped, broken;
    uint64_t left_out;                        // numbers that are no case of the sweep
    uint64_t timeouts;                        // among the judged and skipped
    uint64_t stored[STORED_COUNT];            // likewise, by enum stored
    uint64_t distrusted;                      // 1: case `lo` alone; the worker has ended
    struct reason skip_reason, broken_reason; // of the smallest such case
    struct tally tallies[];                   // one a check
    // Then, if the job wants charts: one a check, and one of the judged cases.
};

// Bytes of a report of the job; its charts, or NULL.
size_t chunk_result_size(const struct job *job);
struct chart *chunk_result_charts(const struct job *job, const struct chunk_result *result);

// False and one line in ERROR when routine, recorder or memory cannot be had.
bool rig_open(struct rig *rig, const struct job *job, struct error *error);

// Runs cases lo..hi-1, or fewer when the time of a chunk is over or the slot
// says stop, and fills rig->report.
void chunk_run(struct rig *rig, uint64_t id, uint64_t lo, uint64_t hi, struct worker_slot *slot);

// Judges one case of no plan, for whoever picks them one by one; the process runs
// foreign code, and may be lost by it (rig->distrusted). rig->report is then of
// that case alone, but for its tallies; rig->broken says what it broke. The case must
// be one that the backend takes.
void rig_judge(struct rig *rig, const struct copy_case *c);

#endif
