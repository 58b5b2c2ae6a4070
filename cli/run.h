// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What check and compare have in common: the backends of a command line, each
// swept under the contracts of the command line, and one or more reports of the
// results. The two differ in the formats they have.

#ifndef STORESCOPE_RUN_H
#define STORESCOPE_RUN_H

#include "cli.h"

// Sweeps and reports. Returns the exit status.
int run_command(struct options *o);

#endif
