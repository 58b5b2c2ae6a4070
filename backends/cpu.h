// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which instruction set extensions this CPU has and the operating system lets
// a program use, by the names of /proc/cpuinfo.
//
// STORESCOPE_HIDE_CPU, a variable for tests alone, has names of features that are
// to count as lacking, such as "avx512f erms", and with each whatever no CPU has
// without it, so that a large CPU shows what happens on a small one. A name that
// is not in the table ends the program with one line that says so. storecopy
// (engine/) knows nothing of it and asks the CPU itself, as it does in programs of
// others; its paths are tested by rows that are pinned to one each.

#ifndef STORESCOPE_CPU_H
#define STORESCOPE_CPU_H

#include <stdbool.h>

// The first of the blank-separated FEATURES that is lacking or hidden, or NULL: a
// routine may use them all. The answer points into the table, or to "unknown feature".
const char *cpu_lacks(const char *features);

// Is it there, hidden or not? For what has to keep the registers of this CPU. False
// for a name that is not in the table.
bool cpu_really_has(const char *feature);

#endif
