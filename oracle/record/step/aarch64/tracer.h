// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The parts of the process that traces: the accesses of one instruction (accesses.c), and
// the run, an instruction at a time (tracer.c).

#ifndef STORESCOPE_STEP_TRACER_H
#define STORESCOPE_STEP_TRACER_H

#include "record/step/aarch64/exchange.h"
#include "record/step/aarch64/mirror.h"
#include "record/step/aarch64/operands.h"
#include "record/step/aarch64/tracee.h"

enum {
    STEP_VECTOR_MAX = 256,                      // bytes of SVE's
    STEP_STORES_MAX = 4 * STEP_VECTOR_MAX,      // of one instruction
    STEP_WINDOW_BYTES = 2 * 4 * STEP_VECTOR_MAX // that are looked at
};

// An instruction as it was decoded; found by address and word.
struct step_insn {
    uint64_t addr;
    uint32_t word, site;
    bool known;
    struct step_operands operands;
};

// The instruction that runs, between the stops before and after it.
struct step_now {
    const struct step_insn *in;
    struct access stores[STEP_STORES_MAX];
    size_t store_count;
    struct span reach;   // of the stores
    size_t log_count;    // of the log before it
    uint64_t at;         // the address of its operand
    const char *unknown; // what it accesses is not known: why; NULL: it is
    // The probe: what the window from reach.lo on held, and which bytes were seen stored.
    bool probed;
    size_t window;
    uint8_t before[STEP_WINDOW_BYTES];
    bool seen[STEP_WINDOW_BYTES];
};

// What the last load-exclusive took, until a store-exclusive gives it back.
struct step_monitor {
    uint64_t addr;
    size_t bytes; // 0: nothing
};

struct tracer {
    struct tracee tracee;
    struct step_cpu cpu;
    struct step_exchange *x;
    struct step_insn *insns; // STEP_INSNS_MAX
    size_t insn_count, site_count;
    struct undefined undefined; // its uses are copied
    struct mirror mirror;
    struct step_monitor monitor;
    struct step_now now;
    size_t count, value_bytes; // of the log
    uint64_t fifo_given;
    size_t fifo_seen; // accesses of the log that it has followed
    uint8_t sve[1 << 14];
};

// Serves the process PID, in the calling one, until that ends. READY is told whether that
// process is traced: 0, or an errno. Its exit status is of no use to anyone.
_Noreturn void tracer_main(struct step_exchange *x, pid_t pid, void (*ready)(int error));

// Notes how the run ended, and that it has: gives false. A fault is the tracee's last.
bool tracer_leave(struct tracer *t, enum trace_outcome outcome, const char *why);
bool tracer_faulted(struct tracer *t);

// After a step: what a load-exclusive took.
void exclusive_follow(struct tracer *t);
// In place of a step: a store-exclusive. False: the run has ended.
bool exclusive_store(struct tracer *t);

// The accesses of NOW's instruction by its operands and the registers: loads, fences and
// flushes are appended to the log, stores noted.
void accesses_before(struct tracer *t);
// Takes back what an instruction that faulted had appended.
void accesses_fault(struct tracer *t);
// Appends the stores, and holds them against what the probe saw. NULL, or what does not hold
// together.
const char *accesses_after(struct tracer *t);

// Before the probe: inverts what can be written of the window. False: there is none.
bool accesses_invert(struct tracer *t);
// After it: notes what it stored, and puts back what was there.
void accesses_take_probe(struct tracer *t);

#endif
