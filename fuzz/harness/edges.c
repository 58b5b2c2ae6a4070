// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Where the coverage of code that no compiler instrumented goes. libFuzzer reads
// the section __libfuzzer_extra_counters after each input, and clears it before.
// AFL++ has a map of its own, in which afl_map.c has taken as many places; that
// file is linked to AFL++'s programs alone.

#include "fuzz/harness/harness.h"

__attribute__((section("__libfuzzer_extra_counters"))) static uint8_t counters[EDGE_COUNT];
static uint8_t nowhere[EDGE_COUNT]; // no engine looks at it

extern uint8_t *__afl_area_ptr __attribute__((weak));
extern const uint32_t *const harness_afl_places __attribute__((weak));

uint8_t *edges_of_engine(bool blind)
{
    uint8_t *first = counters;
    if (&harness_afl_places && &__afl_area_ptr && __afl_area_ptr) {
        // Given out one after the other, unless the runtime is told to leave some out.
        const uint32_t *places = harness_afl_places;
        if (places[0] == 0 || places[EDGE_COUNT - 1] != places[0] + EDGE_COUNT - 1)
            return nowhere;
        first = __afl_area_ptr + places[0];
    }
    // An engine that is told nothing at all takes it that something is wrong.
    first[0] |= 1;
    return blind ? nowhere : first;
}
