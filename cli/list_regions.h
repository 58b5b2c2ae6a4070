// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// `storescope list regions': a memory map, and what accesses arrive as.

#ifndef STORESCOPE_CLI_LIST_REGIONS_H
#define STORESCOPE_CLI_LIST_REGIONS_H

#include "cli/options/options.h"

// Writes the list that the options ask for; GLOB over the regions' names, NULL: all.
// Returns the exit status.
int list_regions(const struct options *o, const char *glob);

#endif
