// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A process that is traced by ptrace(2): its registers, its memory, one instruction at a
// time. It has one thread.

#ifndef STORESCOPE_STEP_TRACEE_H
#define STORESCOPE_STEP_TRACEE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <asm/ptrace.h>
#include <sys/types.h>

enum tracee_stop { TRACEE_STEPPED, TRACEE_FAULTED, TRACEE_GONE };

struct tracee {
    pid_t pid;
    bool stopped;             // once it has been: it is seized as it runs
    struct user_pt_regs regs; // as tracee_fetch found them
    uint64_t held;            // signals from elsewhere, a bit each: given when it goes on
    // Of what it stopped at, where it faulted.
    int signal, code;
    uint64_t fault_addr;
};

// It is killed when the calling process ends. False, with errno set.
bool tracee_seize(struct tracee *t, pid_t pid);

// Lets it run until it meets a breakpoint of its own code at AT. False: it is gone.
bool tracee_run_to(struct tracee *t, uint64_t at);

// One instruction, with the registers as they are in REGS. What it raised is not delivered.
// Signals from elsewhere are held until it runs again. Fetches the registers.
enum tracee_stop tracee_step(struct tracee *t);

// False: it is gone.
bool tracee_fetch(struct tracee *t);
bool tracee_store(const struct tracee *t);

// Vector registers, and those of SVE: up to SIZE bytes as the kernel lays them out
// (NT_PRFPREG, NT_ARM_SVE). 0: there are none.
size_t tracee_fetch_set(const struct tracee *t, int set, void *out, size_t size);
bool tracee_store_set(const struct tracee *t, int set, const void *in, size_t size);

// Copies up to BYTES from or to its memory, and gives how many could be, up to the first
// that could not.
size_t tracee_peek(const struct tracee *t, uint64_t addr, void *out, size_t bytes);
size_t tracee_poke(const struct tracee *t, uint64_t addr, const void *bytes, size_t count);

#endif
