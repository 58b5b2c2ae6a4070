// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Property: a move within one buffer, at any distance, keeps the routine's
// contracts: with `ram`, every byte ends as memmove demands, nothing outside is
// stored to, and the destination is returned.

#include "fuzz/harness/harness.h"

const struct harness_kind harness_kind = {
    .name = "fuzz_move", .backends = FUZZ_BACKENDS(NULL), .contracts = "ram", .moves = true};

static void run(struct target *target, struct copy_case *c)
{
    if (!c->overlapping) {
        // What two offsets would have been is how far apart the two lie.
        int64_t distance = (int64_t)c->dst_off - (int64_t)c->src_off;
        c->overlapping = true;
        c->dst_below = false;
        c->overlap = distance % ((int64_t)c->size + CASE_GAP_MAX + 1);
    }
    target_fit(target, c);
    target_judge(target, c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    harness_run(data, size, run);
    return 0;
}
