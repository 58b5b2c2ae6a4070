// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Planted routines: known-bad inputs for the whole tool, each with the exact
// rules it breaks, and correct twins on which every rule must stay silent. Each
// is one row of planted.def plus its code; the machine code is what it says,
// since stores are volatile or assembly.

#ifndef STORESCOPE_PLANTED_H
#define STORESCOPE_PLANTED_H

#include "backends/backend.h"

struct planted_row {
    const char *name; // of the backend, without "planted/"
    const void *code; // NULL: it is another CPU's assembly
    enum copy_op op;
    const char *rules;    // what `check` must report, comma-separated, in the
                          // order of rules.def; "": conforms
    const char *contract; // built-in name, or a path from the project's root
    const char *options;  // further options of `check`, space-separated
    const char *cpu;      // features it needs, as /proc/cpuinfo names them,
                          // space-separated; "": none
    const char *only;     // the CPU whose assembly it is; "": any
};

extern const struct planted_row planted_rows[];
extern const size_t planted_row_count;

#endif
