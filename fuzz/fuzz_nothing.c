// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Property: none. What an engine does by itself, with the same mutator and
// counters: script/bench fuzz measures the other targets against it. With
// STORESCOPE_COVERAGE=0 the engine is told nothing, and has one input for ever.
// Else it is told about as much as of a copy routine: eight counters, half of them
// by the case's size.

#include "fuzz/case/case_bytes.h"
#include "fuzz/harness/harness.h"

const struct harness_kind harness_kind = {.name = "fuzz_nothing"};

enum { ALWAYS = 4, BY_SIZE = 4, APART = 61, LOOP_BYTES = 32 };

int LLVMFuzzerInitialize(int *argc, char ***argv);

static bool is_unreported;

uint64_t fuzz_identity(const uint8_t *data, size_t size)
{
    struct copy_case c;
    struct case_line line;
    uint8_t pick;
    case_line_from_bytes(data, size, &line);
    case_line_at(&line, 0, &c, &pick);
    return case_hash(&c, pick) ^ case_line_hash(&line);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    const char *text = getenv("STORESCOPE_COVERAGE");
    is_unreported = text && strcmp(text, "0") == 0;
    return 0;
}

static unsigned way_of(const struct copy_case *c)
{
    unsigned bits = c->size ? 64u - (unsigned)__builtin_clzll(c->size) : 0;
    return 2 * bits + c->overlapping;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct copy_case c;
    uint8_t pick, *edges = edges_of_engine(is_unreported);
    if (is_unreported)
        return 0;
    case_from_bytes(data, size, &c, &pick);
    uint64_t turns = 1 + c.size / LOOP_BYTES;
    edges[1] = (uint8_t)(turns < UINT8_MAX ? turns : UINT8_MAX);
    for (unsigned i = 1; i < ALWAYS; i++)
        edges[1 + i * APART] = 1;
    for (unsigned i = 0; i < BY_SIZE; i++)
        edges[(ALWAYS + way_of(&c) * BY_SIZE + i) * APART % EDGE_COUNT] = 1;
    return 0;
}
