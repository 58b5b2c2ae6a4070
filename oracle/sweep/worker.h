// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A worker is a process that runs foreign code: it loads one backend's routine,
// then does what commands ask until its parent ends it. It has no terminal, no
// files and no output but frames on one socket, and dies with its parent. That
// it may die, hang or send nonsense at any time is what its parent is made for.

#ifndef STORESCOPE_WORKER_H
#define STORESCOPE_WORKER_H

#include "base/error.h"
#include "base/message.h"
#include "sweep/job.h"

#include <stdatomic.h>
#include <sys/types.h>

// Shared with the parent. The routine may write here: nothing in it is trusted.
struct worker_slot {
    _Atomic uint64_t at;        // number of the case that is running, or a stage
    _Atomic uint32_t stop;      // nonzero: report what there is
    _Atomic uint32_t forbidden; // system call that ended the worker; see confine.h
};

#define WORKER_LOADING (UINT64_MAX)

struct worker {
    pid_t pid; // 0: none
    int fd;
    struct worker_slot *slot;
    bool waits;  // for another process, which its recorder looks after
    bool traced; // by one that its recorder started: it is stopped every now and then
    // For worker_hangs: processor time when last looked at, in clock ticks; when
    // it began to sleep without using any, or 0.
    uint64_t used_ticks, asleep_ms;
    bool sleeps; // then; or it waits for a processor
};

enum worker_command_kind {
    COMMAND_SWEEP,    // lo..hi-1: answered by MESSAGE_RESULT
    COMMAND_WITNESS,  // c, check: MESSAGE_WITNESS, then MESSAGE_RECORDING
    COMMAND_RECORD,   // c: MESSAGE_RECORDING
    COMMAND_STORES,   // c: MESSAGE_RECORDING; others may follow, where `step` is not 0 those of
                      // sizes c.size + step, ..hi
    COMMAND_COVERAGE, // MESSAGE_COVERAGE: what the sweeps so far reached
    COMMAND_PATHS,    // c at sizes lo, lo + step, ..hi: MESSAGE_PATHS, 0 for what is no case
    COMMAND_LOADED,   // MESSAGE_LOADED: the routine's memory; others may follow
    COMMAND_PLAN,     // a MESSAGE_PLAN follows, of the plan to sweep; it is not answered
};

// Any command may be answered by MESSAGE_FAILED instead. A worker whose report says
// that it is not to be trusted sends MESSAGE_COVERAGE after it, and ends.
struct worker_command {
    uint64_t kind, id, lo, hi;
    uint64_t check;  // index into the judge's checks
    uint64_t values; // 0 or 1: capture the bytes of every store
    uint64_t step;
    struct copy_case c;
};

// What explains a finding; indices of `accesses` into the recording follow it.
struct witness_note {
    uint64_t accesses;
    uint64_t again;            // 1: the rule was broken this time, too
    uint64_t ends;             // 1: the worker has ended, since the routine may
                               // have written to it
    struct rule_params params; // with which it was
    char message[RULE_MESSAGE_MAX];
};

// Forks a worker for a job that outlives it. False and one line in ERROR when
// the system has no process or memory for it.
bool worker_start(struct worker *w, const struct job *job, struct error *error);

// What any process that is to run foreign code does first, just forked by PARENT: it dies
// with that, leaves its terminal, dumps no core, handles signals as a new one, and closes
// all files but FD, whose new number is returned. It is not confined yet.
int worker_detach(int fd, pid_t parent);

bool worker_ask(struct worker *w, const struct worker_command *command);

// Has the process ended? It remains to be collected by worker_end.
bool worker_is_dead(const struct worker *w);

// Ends and collects the process. When HOW is given, a worker that is about to
// die by itself is left time to, and HOW says what became of it: "died
// (signal 11)", "exited (status 3)", "made the system call `fork`, which it may
// not". True in the last case; see confine.h.
bool worker_end(struct worker *w, char *how, size_t how_size);

// Processor time it had used when worker_hangs last looked, milliseconds.
uint64_t worker_used_ms(const struct worker *w);

// Is a worker that has something to do beyond hope? Why, as a phrase after "the
// routine", or NULL. To be asked every so often, since it takes a while to
// tell a worker that waits for ever from one that waits for its turn. USE_MS:
// processor time it may have used since it was started, or 0.
const char *worker_hangs(struct worker *w, uint64_t now_ms, uint64_t use_ms);

#endif
