// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Is a routine of the user's own called otherwise than memcpy is? What it does with two
// plain calls says so, and debug information does: then all its findings come of that,
// and one line with the option to say it is worth more than they are.

#ifndef STORESCOPE_HINT_H
#define STORESCOPE_HINT_H

#include "sweep/sweep.h"

// RESULTS of one sweep of a backend, by OPTIONS. Fills the first one's hint, or leaves it
// empty. Runs the routine again, in workers, where there are findings that a wrong
// signature may make.
void hint_find(struct result *results, size_t count, const struct sweep_options *options);

#endif
