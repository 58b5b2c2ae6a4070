// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Where in the source a routine is defined, by the debug information of the file
// that holds it: for reports that lead people there. No debug information, or a
// build without libdw: nowhere.

#ifndef STORESCOPE_SOURCE_H
#define STORESCOPE_SOURCE_H

#include "backends/backend.h"

struct source_place {
    char file[4096]; // as a path from here where it lies below this folder
    int line;
};

bool source_find(const struct backend *b, struct source_place *out);

#endif
