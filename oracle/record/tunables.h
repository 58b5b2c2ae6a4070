// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A libc's variables that a case sets: where it begins to use rep movsb, or stores that
// bypass the cache.

#ifndef STORESCOPE_TUNABLES_H
#define STORESCOPE_TUNABLES_H

#include "backends/backend.h"
#include "case/case.h"

struct tunables {
    const struct routine_tunable *of[TUNABLE_COUNT]; // NULL: the routine has none
};

// Those of ROUTINE, which is borrowed.
struct tunables tunables_find(const struct routine *routine);

// As CASE says, or as they were first. Asked of memory, since another recorder's routine
// may share the variables.
void tunables_set(const struct tunables *tunables, const struct copy_case *c);

#endif
