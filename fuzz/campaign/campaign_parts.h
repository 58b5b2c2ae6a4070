// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A fuzzing campaign: the folder it lives in (folder.c), the engines that
// run in it (engines.c), what they have done so far (status.c), and what
// becomes of their findings (collect.c). campaign.c puts them together.
//
//   DIR/findings         findings, minimised: saved cases
//   DIR/.campaign/state  what is run, for how long: see folder_save
//        .../board       what the harnesses have done: fuzz/harness/scoreboard.h
//        .../found       findings as harnesses wrote them
//        .../seeds       what the engines start from
//        .../group-N     corpora and logs of the engines, for the Nth few backends
//   DIR/*                saved cases of the user's: seeds

#ifndef STORESCOPE_FUZZ_PARTS_H
#define STORESCOPE_FUZZ_PARTS_H

#include "findings/rejudge.h"
#include "fuzz/harness/scoreboard.h"
#include "findings/compare.h"
#include "fuzz/campaign/history.h"
#include "base/error.h"
#include "base/terminal.h"
#include "findings/minimise.h"
#include "backends/selection.h"

#include <sys/types.h>

enum engine_kind { ENGINE_LIBFUZZER = 1, ENGINE_AFL = 2, ENGINE_BOTH = 3 };

struct fuzz_options {
    uint64_t seconds; // 0: not said
    const char *corpus;
    bool resume, history;
    enum engine_kind engine;
    const char *db; // NULL: the default
    const char *baseline, *write;
    bool has_op;
    enum copy_op op;
};

// ---- folder.c ----

struct fuzz_folder {
    char *root, *state, *found, *seeds, *findings, *board; // paths
    int lock;
    // The state that outlives the process.
    char key[HISTORY_KEY_MAX];
    double seconds, total; // run so far, and to be run
    char **backends;       // names
    size_t backend_count;
    char *contracts; // list
    enum device_side device;
    int op; // enum copy_op, or -1: each its own
    // What was no saved case among the user's files.
    uint64_t seed_count, skipped_count;
    char **skipped; // the first few, with why
    size_t skipped_kept;
};

// Makes the folder, or opens the one there is, with RESUME. False and one line
// in ERROR.
bool folder_open(struct fuzz_folder *f, const char *root, bool resume, char *error,
                 size_t error_size);
// Writes the state, whole or not at all.
bool folder_save(const struct fuzz_folder *f, char *error, size_t error_size);
// Makes seeds of the user's files, of those in READY (or NULL), which are taken as
// they are, and of a few cases that are always tried.
bool folder_seed(struct fuzz_folder *f, const char *ready, char *error, size_t error_size);
void folder_close(struct fuzz_folder *f);

char *path_join(const char *folder, const char *name) __attribute__((malloc)); // caller frees
bool make_folder(const char *path, char *error, size_t error_size);
void remove_tree(const char *path);

// ---- engines.c ----

struct engine_programs {
    char *libfuzzer, *afl, *mutator, *afl_fuzz; // NULL: not there
    char *seeds; // folder of the corpus's cases as bytes; NULL: not there
};

// Finds what there is of the engines asked for. What is missing is told on
// stderr by its package; false and one line in ERROR when nothing is left.
bool programs_find(struct engine_programs *p, enum engine_kind wanted, char *error,
                   size_t error_size);
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

// ---- status.c ----

// Milliseconds of a clock that only goes forward.
uint64_t fuzz_clock_ms(void);

struct fuzz_status {
    uint64_t executions, corpus, known, reached;
    uint64_t findings[RULE_COUNT], expected[RULE_COUNT], finding_count, expected_count;
    uint64_t skipped, broken;
};
void status_read(const struct fuzz_folder *f, const struct board *board, struct fuzz_status *out);

struct fuzz_screen {
    FILE *out;
    struct look look;
    bool terminal; // one screen, drawn again; else a line now and then
    unsigned lines;
    uint64_t shown_ms;
    uint64_t last_executions, last_ms;
    double rate;
};
// EXECUTIONS: so many were there before.
void screen_init(struct fuzz_screen *s, bool quiet, uint64_t executions);
void screen_show(struct fuzz_screen *s, const struct fuzz_folder *f, const struct fuzz_status *now,
                 const struct engines *e, double left_seconds);
// After the fuzzing: WHAT is done, and how far; likewise. screen_clear ends it.
void screen_step(struct fuzz_screen *s, const char *what, size_t done, size_t count);
void screen_clear(struct fuzz_screen *s);

// ---- collect.c ----

struct fuzz_finding {
    struct saved saved; // minimised
    char message[256];
    char *path; // of the file
    bool confirmed, is_new;
    char reason[TRACE_REASON_MAX]; // not confirmed: why
};

struct fuzz_findings {
    struct fuzz_finding *items;
    size_t count;
    uint64_t unreadable; // files among the found that are no saved cases
};

// Minimises what was found and saves it. After a time that suits the campaign's,
// or some seconds once the user wants to stop, findings are saved as they are.
bool findings_collect(struct fuzz_findings *x, const struct fuzz_folder *f,
                      const struct selection *backends, const struct campaign_options *run,
                      struct fuzz_screen *screen, char *error, size_t error_size);
void findings_free(struct fuzz_findings *x);

#endif
