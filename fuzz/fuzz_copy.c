// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Property: whatever is copied, from and to wherever, the routine keeps its
// contracts, but for what is expected. harness.h has the settings.

#include "case_input.h"
#include "harness.h"

const struct harness_kind harness_kind = {.name = "fuzz_copy", .contracts = "shared"};

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
