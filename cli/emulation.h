// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// --cpu and --link, which say how a routine is emulated.

#ifndef STORESCOPE_CLI_EMULATION_H
#define STORESCOPE_CLI_EMULATION_H

#include "backends/selection.h"
#include "base/error.h"
#include "sweep/sweep.h"

// Do they fit what was selected? False and one line in ERROR when they would change
// nothing, or cannot be followed.
bool emulation_fits(const struct selection *s, const struct sweep_options *run,
                    struct error *error);

#endif
