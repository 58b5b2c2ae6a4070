// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which cases a mutator gave of late. Cases are few as long as they are small, and
// what one field more or less makes no difference to is the same case again: without
// this a third of a fuzzer's executions tell it nothing.

#ifndef STORESCOPE_RECENT_CASES_H
#define STORESCOPE_RECENT_CASES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    RECENT_PLACES = 1 << 18, // a power of two
    RECENT_TRIES = 8,        // so many times a mutator tries to give something new
};

// All zeros: nothing was given yet.
struct recent_cases {
    uint32_t place[RECENT_PLACES];
};

// Was a case of this hash (case_hash) not given of late? It is from now on.
static inline bool recent_cases_take(struct recent_cases *f, uint64_t hash)
{
    uint32_t *place = &f->place[hash % RECENT_PLACES], mark = (uint32_t)(hash >> 32) | 1;
    bool fresh = *place != mark;
    *place = mark;
    return fresh;
}

// A hash of the case that an input is to whoever takes it: one for all inputs that
// make no difference to it. Each target that mutators.c serves has it.
uint64_t fuzz_identity(const uint8_t *data, size_t size);

#endif
