// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A qemu process with the guest runner in it. Started by the worker, which is
// not confined as it runs no foreign code itself; the plugin confines the qemu
// process before the guest starts. A process that has ended is started anew.

#ifndef STORESCOPE_QEMU_PROCESS_H
#define STORESCOPE_QEMU_PROCESS_H

#include "base/error.h"
#include "record/qemu/prepare.h"
#include "record/qemu/shared.h"

#include <sys/types.h>

enum process_state {
    PROCESS_WAITS,     // for a case
    PROCESS_ENDED,     // by itself; `status`
    PROCESS_TIMED_OUT, // used its time, and was ended
    PROCESS_HUNG,      // slept without using any, and was ended
    PROCESS_STOPPED,   // was stopped from outside for too long, and was ended
};

struct process {
    const struct guest_program *program;
    struct qemu_shared *shared;
    uint8_t *lanes; // both windows, as in the guest
    int shared_fd, lanes_fd, plugin_fd, program_fd;
    pid_t pid;       // 0: none
    uint64_t starts; // how often it was started
    int status;      // of the last one that ended, as waitpid has it
};

// Memory and files; no process yet. False and one line in ERROR.
bool process_open(struct process *p, const struct guest_program *program, struct error *error);
void process_close(struct process *p);

// Starts it, if there is none, and waits until it wants a case.
bool process_start(struct process *p, struct error *error);

// Runs the case in p->shared->now. CPU_MS: processor time that it may take.
enum process_state process_run(struct process *p, unsigned cpu_ms);

// Runs the COUNT cases of p->shared->batch. CPU_MS: processor time that each may take.
enum process_state process_run_batch(struct process *p, uint32_t count, unsigned cpu_ms);

// The CPU model that is emulated; NULL: QEMU's default.
const char *qemu_cpu(const struct guest_program *program);

// Ends it, if there is one.
void process_end(struct process *p);

#endif
