// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// `compare --diff A B`: what changed from A to B, each a saved JSON report or
// routines that are swept now.

#ifndef STORESCOPE_COMPARE_DIFF_H
#define STORESCOPE_COMPARE_DIFF_H

#include "cli/options/options.h"

// Status 1 when B is worse than A, 2 when nothing could be compared.
int side_by_side(struct options *o);

#endif
