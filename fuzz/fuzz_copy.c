// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Property: whatever is copied, from and to wherever, the routine keeps its
// contracts, but for what is expected. harness.h has the settings.

#include "fuzz/harness/harness.h"

const struct harness_kind harness_kind = {
    .name = "fuzz_copy", .backends = FUZZ_BACKENDS(NULL), .contracts = "shared"};

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
