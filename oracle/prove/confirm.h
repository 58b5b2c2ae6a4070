// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The accesses that a path foretells for a case, against those that a recorder saw of it.

#ifndef STORESCOPE_PROVE_CONFIRM_H
#define STORESCOPE_PROVE_CONFIRM_H

#include "prove/explore.h"

// The events of a path that ended, in program order, COUNT of them. AT is the point of the
// recording (place_point). False, and what differs in WHY.
bool accesses_agree(const struct event *const *events, size_t count, const struct code *program,
                    struct point *at, const struct trace *trace, struct error *why);

#endif
