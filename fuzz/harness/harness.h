// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the targets that run copy routines share: which routines and contracts
// (settings.c), one rig for each (harness.c), the code it reached as the engine's
// coverage (edges.c), and what becomes of a finding (triage.c).
//
// The routines run in this process: fast, and unprotected. One that writes over
// the fuzzer ends it; `storescope fuzz` starts another.
//
// Settings, from the environment, or as arguments --backend=... behind libFuzzer's
// -ignore_remaining_args=1:
//
//   STORESCOPE_BACKEND   names, globs, PATH:SYMBOL, commas between; unset: every
//                        one that runs here, and a byte of the input picks one
//   STORESCOPE_CONTRACT  names or files, commas between
//   STORESCOPE_DEVICE    dst, src, both
//   STORESCOPE_OP        memcpy, memmove, mempcpy, set, to-fifo, from-fifo; unset: what
//                        each claims to be
//   STORESCOPE_DATA      u32@4=0..64, fields of the source that every case has, commas
//                        between; which of its values follows from the case's fill
//   STORESCOPE_EXPECT    file or folder of expectations: such findings are no news
//   STORESCOPE_FINDINGS  folder. Each new finding is saved there once, and fuzzing
//                        goes on. Unset: a new finding aborts
//   STORESCOPE_BOARD     file, see scoreboard.h
//   STORESCOPE_COVERAGE  0: blind, the engine is told nothing of machine code
//
// A setting that is wrong is one line on stderr and exit status 2, before the
// first input.

#ifndef STORESCOPE_FUZZ_HARNESS_H
#define STORESCOPE_FUZZ_HARNESS_H

#include "case/plan.h"
#include "findings/expectations.h"
#include "fuzz/case/recent_cases.h"
#include "fuzz/fuzz.h"
#include "fuzz/harness/scoreboard.h"
#include "sweep/rig.h"

// What a target wants when nothing is set. Each defines one.
struct harness_kind {
    const char *name;      // "fuzz_copy", for messages
    const char *backends;  // NULL: all but the planted ones
    const char *contracts; // NULL: each backend's own, see harness_contracts
    bool moves;            // only routines that are memmove
};
extern const struct harness_kind harness_kind;

// A build that cannot be given settings, as OSS-Fuzz's, defines the backends that
// conform: with others, what is known would be all there is to find.
#ifdef FUZZ_CONFORMING
#define FUZZ_BACKENDS(otherwise) FUZZ_CONFORMING
#else
#define FUZZ_BACKENDS(otherwise) (otherwise)
#endif

enum harness_setting {
    SET_BACKEND,
    SET_CONTRACT,
    SET_DEVICE,
    SET_OP,
    SET_DATA,
    SET_EXPECT,
    SET_FINDINGS,
    SET_SCOREBOARD,
    SET_COVERAGE,
    SET_COUNT
};

struct settings {
    const char *text[SET_COUNT]; // NULL: not set
    struct backend_list all, chosen;
    const struct backend **backends;
    size_t backend_count;
    struct contract *contracts; // NULL: each backend's own
    size_t contract_count;
    enum device_side device;
    bool has_op;
    enum copy_op op;
    struct plan_field fields[CASE_FIELDS_MAX];
    size_t field_count;
    struct expectations expect;
    struct scoreboard *scoreboard; // or NULL
    bool blind;
};

// Reads all settings; ends the process with status 2 when one is wrong.
void settings_read(struct settings *s, int argc, char **argv);
_Noreturn void settings_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

// One routine, ready to run.
struct target {
    const struct settings *settings; // of the process
    const struct backend *backend;
    const struct contract *contracts; // as judged
    size_t contract_count;
    enum device_side device;
    enum copy_op op;
    bool tried, open;
    struct judge judge;
    struct job job;
    struct rig rig;
    bool has_tunable[TUNABLE_COUNT];
    struct scoreboard_backend *row; // or NULL
    uint64_t runs, told;            // executions, and those that the scoreboard knows of
};

struct harness {
    struct settings settings;
    struct target *targets; // one for each of settings.backends
    bool in_line;           // the case that runs is a neighbour of a line's first
};
struct harness *harness_get(void);

// The target that an input's byte picks, opened; NULL when its routine cannot be
// loaded or recorded, which is said once.
struct target *harness_target(size_t pick);

// Calls RUN with each case of an input's line (case_bytes.h), not yet fitted, and the
// target that it picks; with every target where the input is a text, which is one case
// and picks none.
void harness_run(const uint8_t *data, size_t size,
                 void (*run)(struct target *target, struct copy_case *c));

// Makes of any case one that the target's routine takes.
void target_fit(const struct target *target, struct copy_case *c);

// Runs and judges it, tells the engine where it went, and makes news of what it
// broke. The target's rig holds the case afterwards.
void target_judge(struct target *target, const struct copy_case *c);

// The contracts that an engine's function promises to keep (promised_contracts.c), with
// the side they are meant for; 0 when none is known.
size_t harness_contracts(const struct backend *b, const struct contract **out,
                         enum device_side *device);

// ---- edges.c ----

enum { EDGE_COUNT = 4096 };
// Counters of the engine for the input that is running, or NULL when blind.
uint8_t *edges_of_engine(bool blind);

// ---- triage.c ----

// What the case just judged broke. May end the process.
void triage_of(struct target *target, const struct copy_case *c);
// Tells the scoreboard what was run and reached.
void triage_scoreboard(struct target *target);

#endif
