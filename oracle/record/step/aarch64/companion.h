// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#ifndef STORESCOPE_STEP_COMPANION_H
#define STORESCOPE_STEP_COMPANION_H

#include "base/error.h"
#include "record/step/aarch64/exchange.h"

// Has this process traced from now on by another, which is started for it and ends with
// it; once, however often it is called. NULL and one line in ERROR when that cannot be.
struct step_exchange *companion_of_this_process(struct error *error);

// Why it cannot be on this system, tried out in a process of its own; NULL: it can.
const char *companion_missing(void);

#endif
