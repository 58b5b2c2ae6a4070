// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Property: every function of storecopy keeps every contract that it promises
// (tests/engine/contracts.tsv), on the side it promises it for.

#include "case_input.h"
#include "harness.h"

const struct harness_kind harness_kind = {.name = "fuzz_engine", .backends = "engine/*"};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct copy_case c;
    uint8_t pick;
    case_from_input(data, size, &c, &pick);
    struct seat *seat = harness_seat(pick);
    if (!seat)
        return 0;
    seat_fit(seat, &c);
    seat_judge(seat, &c);
    return 0;
}
