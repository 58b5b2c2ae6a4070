// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// One result of those that several shards have of a routine under a contract.

#ifndef STORESCOPE_MERGE_RESULTS_H
#define STORESCOPE_MERGE_RESULTS_H

#include "sweep/verdict.h"

struct result_parts {
    struct result *items;
    size_t count, stride; // the next is STRIDE items on; at least one
    size_t absent;        // how many more there should be
    uint64_t cases;       // of all of them, as they were planned
    const char *why;      // those are absent
};

// Moves the parts, which are empty then, into OUT, and decides its verdict anew.
void merge_results(struct result_parts *parts, struct result *out);

#endif
