// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The accesses that a path foretells for a case, against those that a recorder saw of it.

#ifndef STORESCOPE_PROVE_CONFIRM_H
#define STORESCOPE_PROVE_CONFIRM_H

#include "prove/explore.h"

// The stack pointer at entry, where the recording has none: by where the path's first access of
// the stack went. RSP: as the path has it. 0: that is not known.
uint64_t stack_told(const struct event *const *events, size_t count, const struct form *rsp,
                    struct pool *pool, const struct trace *trace);

// The events of a path that ended, in program order, COUNT of them. AT is the point of the
// recording (place_point). False, and what differs in WHY.
bool accesses_agree(const struct event *const *events, size_t count, const struct code *program,
                    struct point *at, const struct trace *trace, struct error *why);

#endif
