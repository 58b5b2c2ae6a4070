// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What cpu.c asks the CPU itself. One file a CPU, cpu_CPU.c.

#ifndef STORESCOPE_CPU_ASK_H
#define STORESCOPE_CPU_ASK_H

#include <stdbool.h>

// Does it have that feature, and does the operating system let a program use it? False
// for a name that is another CPU's.
bool cpu_ask(const char *feature);

#endif
