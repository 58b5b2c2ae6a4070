// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the process that runs a routine (the worker) and the one that traces it (the
// tracer) tell each other, in memory that they share. The tracer is forked from the worker
// before that has loaded anything, so that what a pointer to this program's constants
// means in one it means in the other; pointers to the routine's memory it must not follow.
//
// The worker asks by a breakpoint, step_call, where the tracer finds it; while the tracer
// answers, the worker is stopped or runs the routine.

#ifndef STORESCOPE_STEP_EXCHANGE_H
#define STORESCOPE_STEP_EXCHANGE_H

#include "backends/loader/undefined.h"
#include "record/native.h"
#include "trace/trace.h"

enum {
    STEP_ACCESSES_MAX = 1 << 26, // of a case
    STEP_INSNS_MAX = 1 << 16,    // distinct instructions of a routine
};
#define STEP_VALUES_MAX (UINT64_C(1) << 30)

struct step_ask {
    bool trial; // only whether an instruction can be stepped
    bool anew;  // a routine that was not asked about before
    bool loads, values;
    uint64_t entry, sp, steps_max;
    uint64_t words[NATIVE_WORDS];
    struct span lanes[2], stack; // where stores may be probed
    size_t lane_count;
    // Where a FIFO is, what comes out of it, and how much; 0: the source is none.
    uint64_t fifo, fifo_bytes, fifo_size;
    struct undefined undefined;
};

struct step_answer {
    enum trace_outcome outcome;
    const char *why;
    bool met; // it got as far as an instruction,
    uint32_t word;
    bool undefined; // ... which no CPU has
    int signal;
    uint64_t fault_addr, fault_pc, result;
    uint32_t clobbered;
    size_t access_count, value_bytes, site_count;
};

struct step_exchange {
    struct step_ask ask;
    struct step_answer answer;
    struct access *accesses; // STEP_ACCESSES_MAX
    uint8_t *values;         // STEP_VALUES_MAX
    struct site *sites;      // STEP_INSNS_MAX: address, length and bytes
};

// Has the tracer answer. The routine returns to step_landed.
void step_call(void);
extern const char step_landed[];

// Fills in the rest of a site from its address, length and bytes.
void step_describe_site(struct site *site);

#endif
