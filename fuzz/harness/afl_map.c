// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Places in AFL++'s map for edges.c: guards like those that afl-clang-fast makes
// of a program's branches, and in their section, so that AFL++'s runtime gives
// each a place before it sizes the map. To be compiled by afl-clang-fast.

#include "fuzz/harness/harness.h"

__attribute__((section("__sancov_guards"), used)) static uint32_t guards[EDGE_COUNT];

extern const uint32_t *const harness_afl_places;
const uint32_t *const harness_afl_places = guards;

// Something to instrument: without it the compiler has the runtime number nothing.
int harness_afl_instrumented(int x);
int harness_afl_instrumented(int x)
{
    return x ? 1 : 2;
}
