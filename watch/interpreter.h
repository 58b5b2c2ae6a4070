// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The dynamic linker that a program asks for, which a program of another CPU has in the
// folder of that CPU's libraries, not where its own path says.

#ifndef STORESCOPE_WATCH_INTERPRETER_H
#define STORESCOPE_WATCH_INTERPRETER_H

#include <limits.h>
#include <stdbool.h>

struct interpreter_lack {
    char interpreter[PATH_MAX]; // what the program asks for
    char sysroot[PATH_MAX];     // a folder of this system that has it; "": none is known
};

// Does the program at PATH ask for a dynamic linker that is neither in SYSROOT ("" for
// none) nor on this system? False for one that asks for none, or that cannot be read.
bool interpreter_is_missing(const char *path, const char *sysroot, struct interpreter_lack *out);

#endif
