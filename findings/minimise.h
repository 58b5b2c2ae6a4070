// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The smallest case that still shows a finding.

#ifndef STORESCOPE_MINIMISE_H
#define STORESCOPE_MINIMISE_H

#include "base/error.h"
#include "findings/saved_case.h"
#include "sweep/sweep.h"

// The smallest case that shows the same rule at the same sites; at most TRIES
// cases are run. False when the case does not show it at all, with why in ERROR.
bool case_minimise(const struct backend *b, const struct contract *contract, struct saved *s,
                   unsigned tries, const struct sweep_options *run, char *message,
                   size_t message_size, struct error *error);

#endif
