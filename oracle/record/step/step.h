// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The parts of the step recorder: the accesses of one instruction (accesses.c),
// and the run, a trap after each instruction (step.c). Everything that the trap
// handler uses is reserved beforehand: the routine may have been stopped inside
// malloc.

#ifndef STORESCOPE_STEP_STEP_H
#define STORESCOPE_STEP_STEP_H

#include "record/native.h"
#include "record/recorder.h"
#include "record/step/facts.h"
#include "record/step/memory.h"

#include <ucontext.h>

enum {
    // Instructions of one case: an endless loop is one that goes on beyond.
    STEPS_PER_MS = 1000, // of the time allowed
    STEPS_PER_BYTE = 64,
    INSNS_MAX = 1 << 16,    // distinct instructions of a routine
    ACCESSES_MAX = 1 << 28, // of a case
    WINDOW_BYTES = 576,     // around a store's operand, the widest (fxsave) and more
    ELEMENTS_MAX = 16,      // stores of one instruction: a scatter's
};
#define VALUES_MAX (UINT64_C(2) << 30)

// The accesses of the case that runs, in reserved memory.
struct step_log {
    struct access *accesses;
    size_t count;
    uint8_t *values;
    size_t value_bytes;
    bool loads; // wanted
};

// A store that an instruction is about to make.
struct step_store {
    struct access access; // as its operands say
    size_t window;        // bytes from its address on that are looked at
};

// The instruction that runs, between the traps before and after it.
struct step_now {
    const struct step_insn *in;
    struct step_store stores[ELEMENTS_MAX];
    unsigned store_count;
    uint8_t before[WINDOW_BYTES];     // of the first store's window
    uint64_t seen[WINDOW_BYTES / 64]; // bytes that the probe saw stored
    bool probed;
    // Of a string op that goes on: where its accesses lie in the log.
    uint64_t repeating; // its address, 0: none
    size_t load_at[2], store_at;
    unsigned load_count;
    bool stores_repeat, loads_repeat;
    size_t log_count; // of the log before this instruction
};

// Where fs: and gs: lie.
struct step_bases {
    uint64_t fs, gs;
};

// Works out the accesses of NOW->in from the registers, and appends its loads,
// fences, flushes and prefetches to the log.
void accesses_before(struct step_now *now, const ucontext_t *uc, const struct step_bases *bases,
                     struct step_log *log);

// Takes back the loads of an instruction that faulted.
void accesses_fault(struct step_now *now, struct step_log *log);

// Appends the stores, as memory and the probe showed them. NULL, or what does
// not hold together.
const char *accesses_after(struct step_now *now, struct step_log *log, struct mirror *mirror);

// Does the instruction's store want a probe: is it one whose bytes only show
// where memory held something else?
bool accesses_want_probe(const struct step_now *now);
void accesses_invert(struct step_now *now);     // the window, before the probe
void accesses_take_probe(struct step_now *now); // ... notes what it stored, and restores it

#endif
