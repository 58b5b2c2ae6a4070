// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The outcome of a sweep of one backend under one contract. A closed set of
// four verdicts; what could not be judged is never `conforms`, nor is a routine that
// stores nothing.

#ifndef STORESCOPE_VERDICT_H
#define STORESCOPE_VERDICT_H

#include "case/heatmap.h"
#include "judge/contract.h"
#include "record/recorder.h"
#include "story/story.h"
#include "sweep/proof_note.h"
#include "trace/coverage.h"
#include "trace/pattern.h"
#include "trace/recording.h"

enum verdict {
    VERDICT_CONFORMS, // every case of the sweep was judged and broke no rule
    VERDICT_VIOLATES, // at least one finding
    VERDICT_SKIPPED,  // not judged, for a reason outside of the routine
    VERDICT_BROKEN,   // the tool could not judge some case, and found nothing
    VERDICT_COUNT
};
extern const char *const verdict_name[VERDICT_COUNT];

struct finding {
    enum rule_id rule;
    struct rule_params params;
    uint64_t cases;           // how many cases of the sweep broke it
    struct copy_case witness; // the smallest of them
    struct chart *chart;      // where they lie; NULL: not asked for. Owned
    // Recorded again after the sweep; empty when that failed.
    struct recording recording;
    uint32_t *accesses; // indices into recording.trace.accesses
    size_t access_count;
    char message[RULE_MESSAGE_MAX];
    struct story *story; // what the witness does to an observer; NULL: not asked for. Owned
};

// What a sweep saw that no contract forbids: a rule that one may add.
struct fact {
    enum rule_id rule;
    uint64_t cases;           // how many of the sweep it holds for
    struct copy_case witness; // the smallest of them
    char message[RULE_MESSAGE_MAX];
};

enum { FACTS_MAX = 4 };

struct result {
    const struct backend *backend;
    const struct contract *contract;
    enum copy_op op;
    enum device_side device; // which side the contract is about
    const char *recorder;
    char cpu[RECORDER_CPU_MAX];         // model that was emulated; "": none was
    const struct recorder_setup *setup; // what the user said of it, or NULL
    enum verdict verdict;
    bool light;       // the plan was of some sizes alone, see sweep/boundaries.h
    uint64_t cases;   // cases run and judged
    uint64_t planned; // cases of the plan
    uint64_t skipped_cases, broken_cases;
    bool has_reason_case;
    struct copy_case reason_case;  // smallest skipped or broken one, if any
    char reason[TRACE_REASON_MAX]; // why skipped, broken or not at the plan's
                                   // end; "" when none of these
    bool stores_nothing;           // no case that asked for bytes stored any
    bool stores_something;         // some case stored
    uint64_t plan;                 // of a part: a digest of the plan that was cut
    bool part;                     // other shards have cases of it that are not in here
    bool interrupted;              // stopped by the user before the plan's end
    bool cut_short;                // given up before the plan's end, since the
                                   // routine cost too many timeouts or workers
    double seconds;                // wall time of the sweep (shared by all
                                   // contracts judged in it)
    struct finding findings[RULE_COUNT];
    size_t finding_count; // in the order of the rule table
    struct fact facts[FACTS_MAX];
    size_t fact_count;
    struct chart *chart; // where the judged cases lie; NULL: not asked for. Owned
    // Instructions reached by the sweep, out of those known; none known when the
    // recorder cannot tell. Workers that died took what they had reached along.
    struct coverage coverage;
    struct proof_note proof;
    char hint[1024]; // in the first result of a sweep, "" mostly: that the routine is called
                     // otherwise, and the option that says how
    struct patterns patterns; // in the first result of a sweep, if asked for: for all of them
};

// Decides the verdict from what the result holds: a proof that contradicts the sweep, then
// findings, then broken cases, then an end before the plan's, then skipped ones. Completes the reason.
void result_decide(struct result *r);

// Was it stopped before its end, or is it a part of one, and nothing was found?
bool result_is_incomplete(const struct result *r);

// The verdict's name for a reader: what is so is "incomplete", neither unfit to be judged
// nor good.
const char *result_verdict(const struct result *r);

// Is there nothing against it but that other shards have the rest of its cases?
bool result_is_sound_part(const struct result *r);

// Rules of its contract that say nothing of its op, as bits by id.
uint64_t result_not_asked(const struct result *r);

void result_free(struct result *r);

#endif
