// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Property: none. What an engine does by itself, with the same mutator and
// counters: script/bench fuzz measures the other targets against it.

#include "harness.h"

const struct harness_kind harness_kind = {.name = "fuzz_nothing"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)data;
    (void)size;
    edges_of_engine(true);
    return 0;
}
