// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which way a call took through its routine, as one number: where its branches went, and
// not how far its loops came.

#ifndef STORESCOPE_PATH_H
#define STORESCOPE_PATH_H

#include "trace/trace.h"

// The same for two calls that touch memory by the same instructions, which come for the
// first time in the same order, each never, once, twice or more often. Never 0.
uint64_t path_of(const struct trace *t);

#endif
