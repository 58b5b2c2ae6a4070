// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Property: every function of storecopy keeps every contract that it promises
// (tests/engine/contracts.tsv), on the side it promises it for.

#include "fuzz/harness/harness.h"

const struct harness_kind harness_kind = {.name = "fuzz_engine",
                                          .backends = FUZZ_BACKENDS("engine/*")};

static void run(struct target *target, struct copy_case *c)
{
    target_fit(target, c);
    target_judge(target, c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    harness_run(data, size, run);
    return 0;
}
