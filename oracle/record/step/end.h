// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#ifndef STORESCOPE_STEP_END_H
#define STORESCOPE_STEP_END_H

#include "record/step/step.h"

// How a run ended, noted by the handlers.
struct step_end {
    enum trace_outcome outcome;
    const char *why;
    const struct step_insn *in; // the last one
    int signal;
    uint64_t fault_addr, fault_pc;
    uint64_t stray; // address of a byte that no store explains
    uint32_t clobbered;
};

// Tells TRACE how the run ended, and why where it was no return: a feature that this CPU
// lacks is refused, and an undefined symbol named. STEPS_MAX: after how many it timed out.
void step_tell_end(const struct step_end *end, const struct undefined *undefined,
                   uint64_t steps_max, struct trace *trace);

#endif
