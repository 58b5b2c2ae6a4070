// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The fuzzing engines of a campaign: which there are, and the processes that run.

#ifndef STORESCOPE_CAMPAIGN_ENGINES_H
#define STORESCOPE_CAMPAIGN_ENGINES_H

#include "base/error.h"
#include "fuzz/campaign/folder.h"

#include <sys/types.h>

enum engine_kind {
    ENGINE_LIBFUZZER = 1,
    ENGINE_AFL = 2,
    ENGINE_BOTH = 3,
    ENGINE_SOLVE = 4, // see solve.h; no program of its own
    ENGINE_ALL = 7,
};

struct engine_programs {
    char *libfuzzer, *afl, *mutator, *afl_fuzz; // NULL: not there
    char *seeds; // folder of the corpus's cases as bytes; NULL: not there
};

// Finds what there is of the engines asked for. What is missing is told on
// stderr by its package; false and one line in ERROR when nothing is left.
bool programs_find(struct engine_programs *p, enum engine_kind wanted, struct error *error);
void programs_free(struct engine_programs *p);

struct engine {
    enum engine_kind kind;
    char name[24]; // "libfuzzer", "afl-main", "afl-1"
    unsigned jobs;
    pid_t pid; // 0: not running
    uint64_t started_ms, again_ms;
    unsigned crashes;  // ends that were not asked for
    unsigned too_soon; // of these, one after the other right after the start
    bool given_up;
    char *log;
};

struct engines {
    const struct engine_programs *programs;
    const struct fuzz_folder *folder;
    char *group;    // folder of the group
    char *backends; // list
    const char *expect;
    struct engine *items;
    size_t count;
    unsigned crashes;
    char trouble[512]; // why an engine was given up; "": none was
};

// Starts engines of the kinds for JOBS processes, to end by themselves after MS.
void engines_start(struct engines *e, enum engine_kind kinds, unsigned jobs, uint64_t ms);
// Takes note of those that have ended, and starts them again while MS are left.
// False when all were given up.
bool engines_tend(struct engines *e, uint64_t left_ms);
void engines_stop(struct engines *e);
void engines_free(struct engines *e);

#endif
