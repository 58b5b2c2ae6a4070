// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A recorder runs a routine on a case and gives its trace. Each is one row of
// recorders.c. It lays the case out itself, as often as it has to run it, and
// leaves the arena as the routine left it.
//
// A recorder runs foreign code in the calling process: use it in a worker that
// may die. It installs handlers for SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP and
// SIGPROF on an alternate stack.

#ifndef STORESCOPE_RECORDER_H
#define STORESCOPE_RECORDER_H

#include "base/error.h"
#include "trace/coverage.h"
#include "trace/trace.h"

struct recorder_options {
    bool loads;              // record loads too (stores, fences, flushes always)
    bool blocks;             // keep in mind the code that was reached
    bool edges;              // ... and be ready for count_edges
    unsigned timeout_ms;     // processor time that one case may take
    size_t code_bytes;       // for each rewritten copy; 0: 16 MiB. They lie below 2 GiB
    const struct call *call; // how the routine is called; NULL: as memcpy is
    const void *prepared;    // what the kind's `prepare` gave, or NULL
};

// What the user says of how a routine is emulated.
struct recorder_setup {
    const char *cpu; // the CPU's model; NULL: the recorder chooses
    char **link;     // files that define what the routine's own does not
    size_t link_count;
};

enum { RECORDER_CPU_MAX = 64 };

struct recorder;

struct recorder_kind {
    const char *name;
    const char *can; // one phrase each, for `list recorders`
    const char *cannot;
    bool elsewhere;               // runs no foreign code in its own process, but in another,
                                  // which it starts and confines; `open` gets no routine
    const char *(*missing)(void); // NULL result: runs here; else why not
    size_t words_max;             // arguments that it can enter a routine with
    // Done once before workers are forked, where not NULL: what they need of the
    // backend's routine. NULL and one line in ERROR when it cannot be had.
    void *(*prepare)(const struct backend *backend, const struct recorder_setup *setup,
                     struct error *error);
    // The emulated CPU's model; NULL in a recorder that emulates none.
    const char *(*cpu)(const void *prepared);
    // The program that is emulated, whose addresses its sites have; NULL likewise.
    struct guest_elf *(*guest)(const void *prepared);
    void (*unprepare)(void *prepared);
    // Done first in the process that is to open it, where not NULL, as long as that may start
    // others: starts one that it needs, which ends with it. False and one line in ERROR when
    // it cannot.
    bool (*attend)(struct error *error);
    struct recorder *(*open)(const struct routine *routine, uint64_t arg4,
                             const struct recorder_options *options, struct error *error);
    // The cases that will most likely be run next, in this order, COUNT of them; VALUES:
    // for some the bytes of stores will be asked for. A hint that changes nothing but
    // what they cost. The arena has no case in it, and has none afterwards. NULL: of no
    // use to it.
    void (*expect)(struct recorder *r, struct arena *arena, const struct copy_case *cases,
                   size_t count, bool values);
    // Runs the case. `values`: capture the bytes of every store as well.
    void (*run)(struct recorder *r, struct arena *arena, const struct copy_case *c, bool values,
                struct layout *layout, struct trace *trace);
    // As `run`, but mostly leaves a trace that returned folded: its log in the place of its
    // accesses, until `unfold`, which only looks at the last run's. NULL, all three, in a
    // recorder that has no log.
    void (*fold)(struct recorder *r, struct arena *arena, const struct copy_case *c, bool values,
                 struct layout *layout, struct trace *trace);
    void (*unfold)(struct recorder *r, struct trace *trace);
    // Of a trace that was folded and unfolded, BASES having for each access LOG_DST or
    // LOG_SRC where it moves with that side, else LOG_NUMBER: how words of its log are to
    // be compared with another's, so that equal ones stand for the same accesses,
    // each moved with its side. False: not known.
    bool (*relate)(const struct recorder *r, const struct layout *layout, const struct trace *trace,
                   const uint8_t *bases, struct log_relation *out);
    void (*close)(struct recorder *r);
    // With options.blocks, and .edges; each NULL in a recorder that cannot tell.
    // Adds the instructions known so far to COVERAGE, with those that any case
    // reached.
    void (*cover)(struct recorder *r, struct coverage *coverage);
    // Cases from now on do not count for `cover`, or do again. NULL in a recorder whose
    // workers have no others to run.
    void (*uncover)(struct recorder *r, bool uncounted);
    // From now on each pair of basic blocks that a run executes one after the
    // other, accesses or not, counts in one of EDGES, COUNT (a power of two)
    // counters that stay where they are at 255. Which one follows from where the
    // blocks lie in the routine alone. NULL: no more.
    void (*count_edges)(struct recorder *r, uint8_t *edges, size_t count);
};

extern const struct recorder_kind *const recorder_kinds[];
extern const size_t recorder_kind_count;
const struct recorder_kind *recorder_find(const char *name);

// The first of the table that runs on this CPU.
const struct recorder_kind *recorder_default(void);

// The recorder for a backend: the one asked for, or where that is NULL or
// recorder_default() the default of the backend's architecture, which can record it.
const struct recorder_kind *recorder_for(const struct backend *backend,
                                         const struct recorder_kind *asked);

// Why that kind cannot record that backend here, or NULL. Valid until the next
// call.
const char *recorder_lacks(const struct recorder_kind *kind, const struct backend *backend);

#endif
