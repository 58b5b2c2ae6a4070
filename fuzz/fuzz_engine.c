// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Property: every function of storecopy keeps every contract that it promises
// (tests/engine/contracts.tsv), on the side it promises it for. What it refuses
// by its interface (storecopy.h) is not asked of it.

#include "harness.h"

const struct harness_kind harness_kind = {.name = "fuzz_engine",
                                          .backends = FUZZ_BACKENDS("engine/*")};

// What the row ordered_move of backends/engine/rows.c has room for.
enum { KEEP_BYTES = 4096 };

// An ordered move with the destination above the source has to keep what it is
// about to overwrite, and refuses when there is not enough room.
static bool is_refused(const struct seat *seat, const struct copy_case *c)
{
    if (!c->overlapping || strcmp(seat->backend->name, "engine/ordered_move") != 0)
        return false;
    uint64_t n = c->size, d = c->overlap > 0 ? (uint64_t)c->overlap : 0;
    uint64_t keep = d >= n ? 0 : d < n - d ? d : n - d;
    return keep > KEEP_BYTES;
}

static void run(struct seat *seat, struct copy_case *c)
{
    seat_fit(seat, c);
    if (!is_refused(seat, c))
        seat_judge(seat, c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    harness_run(data, size, run);
    return 0;
}
