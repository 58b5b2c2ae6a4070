// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The recorder and its QEMU take turns: one always waits for the other. Both are
// kept on one CPU, since to wake an idle other one costs ten times a short case
// (15,000 cases a second instead of 106,000 on a quiet machine of two cores).
// Several pairs are spread over the CPUs that the process may use.

#ifndef STORESCOPE_CPU_PIN_H
#define STORESCOPE_CPU_PIN_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct pin {
    cpu_set_t before;
    bool done;
};

// A counter of the pairs so far that processes forked from now on share; NULL when
// there is no memory. pin_counter_free takes NULL.
_Atomic uint32_t *pin_counter_new(void);
void pin_counter_free(_Atomic uint32_t *counter);

// Keeps this process, and what it starts, on one CPU. Where that cannot be had, or
// COUNTER is NULL, nothing changes.
void pin_pair(struct pin *pin, _Atomic uint32_t *counter);
void pin_undo(struct pin *pin);

#endif
