// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which instruction set extensions this CPU has and the operating system lets
// a program use, by the names of /proc/cpuinfo.

#ifndef STORESCOPE_CPU_H
#define STORESCOPE_CPU_H

#include <stdbool.h>

// False for a name that is not in the table.
bool cpu_has(const char *feature);

// The first of the blank-separated FEATURES that is lacking, or NULL. The
// answer points into the table, or to "unknown feature".
const char *cpu_lacks(const char *features);

#endif
