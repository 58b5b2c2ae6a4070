// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// How a run of the rewritten copy ended: what of it goes into the trace, beside the
// accesses.

#ifndef STORESCOPE_RUN_END_H
#define STORESCOPE_RUN_END_H

#include "record/rewrite/rewrite.h"

// Control came to TARGET, where code is not known yet: makes it known. False: the
// run ends there, as the trace says.
bool rewrite_learn_target(struct recorder *r, struct translation *t, uint64_t target,
                          struct trace *trace);

// A signal ended the run (CONTEXT_ABORTED), or an instruction that is not to be
// recorded (CONTEXT_REFUSED).
void rewrite_ended_by_signal(struct recorder *r, struct trace *trace);
void rewrite_ended_by_refusal(struct recorder *r, struct trace *trace);

#endif
