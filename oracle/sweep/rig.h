// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What happens inside a worker: a rig (routine, recorder, arena, shadow) runs and
// judges one case after the other, and counts them in one report. The routine is
// foreign code: what the report says is kept apart from everything else until it
// is sent, and a case after which this process cannot be trusted is reported alone.

#ifndef STORESCOPE_RIG_H
#define STORESCOPE_RIG_H

#include "judge/judge_cache.h"
#include "sweep/chunk_result.h"

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
    uint64_t expected_lo, expected_hi; // cases of the plan that the recorder was told of
    bool again;                        // the last case stored bytes again
    bool careful;                      // look at the whole arena after every case
    bool distrusted;                   // this process was, or may have been, written to
    // For rig_judge: where the first run of each case counts its edges (see
    // recorder.h), or NULL.
    uint8_t *edges;
    size_t edge_count;
    uint64_t batch, batch_bytes; // since the whole arena was looked at
};

// False and one line in ERROR when routine, recorder or memory cannot be had.
bool rig_open(struct rig *rig, const struct job *job, struct error *error);

// Judges one case of no plan, for whoever picks them one by one; the process runs
// foreign code, and may be lost by it (rig->distrusted). rig->result is then of
// that case alone, but for its tallies; rig->broken says what it broke. The case must
// be one that the backend takes.
void rig_judge(struct rig *rig, const struct copy_case *c);

// Tells the shadow of the case just recorded, whose memory is not cleared yet, whether
// what lies around the destination is as before, if it asks.
void rig_note_neighbours(struct rig *rig, const struct layout *layout);

// What chunks are made of.

// Cases, or bytes copied, after which the whole arena is looked at.
enum { RIG_BATCH_CASES = 64, RIG_BATCH_BYTES = 1 << 18 };

// What became of a case. WHY of one that is not judged lasts as long as the rig's traces.
enum case_end { CASE_JUDGED, CASE_SKIPPED, CASE_BROKEN };
struct case_outcome {
    enum case_end end;
    enum stored stored; // of a judged case
    const char *why;
};

// Tells the recorder, if it wants to know, which cases of the plan are the next ones
// before HI; K is about to be run.
void rig_expect(struct rig *rig, uint64_t k, uint64_t hi);

// Runs and judges a case; what it broke is in rig->broken.
struct case_outcome rig_case(struct rig *rig, const struct copy_case *c);

// The one place that counts cases, to their chunk's result.
void rig_count(struct rig *rig, const struct copy_case *c, struct case_outcome o);

// As a case that changed bytes of the arena without a recorded store.
void rig_count_unrecorded(struct rig *rig, const struct copy_case *c);

// What the case broke, to its chunk's result.
void rig_count_broken(struct rig *rig, const struct copy_case *c);

// A case after which nothing here can be trusted is judged again from what its
// shadow says, and reported alone; the parent has the others run again.
void rig_report_alone(struct rig *rig, uint64_t id, uint64_t index, const struct copy_case *c);

// Begins a result at a case number.
void rig_reset(struct rig *rig, uint64_t id, uint64_t lo);

void rig_renew_arena(struct rig *rig);

#endif
