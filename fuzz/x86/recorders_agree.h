// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Runs a routine natively and under every recorder, from the same memory and
// the same registers, and says where they differ.

#ifndef STORESCOPE_FUZZ_RECORDERS_AGREE_H
#define STORESCOPE_FUZZ_RECORDERS_AGREE_H

#include "fuzz/x86/x86_routine.h"

enum { AGREE_RECORDERS_MAX = 2, AGREE_TEXT_MAX = 2048 };

struct agreement {
    bool differ;
    char text[AGREE_TEXT_MAX];         // of the first difference
    const char *kind;                  // the same for differences of one kind
    bool refused[AGREE_RECORDERS_MAX]; // by recorder
    char reason[AGREE_RECORDERS_MAX][TRACE_REASON_MAX];
    bool faulted;    // as it did natively
    bool illegal;    // ... since this CPU lacks an instruction
    bool recorded;   // by one recorder at least
    bool endless;    // it did not end natively: nothing was recorded
    size_t accesses; // recorded by the first that did
};

// Opens the sandbox and the arena, and tries all forms. Once.
void agree_open(void);
void agree_check(const struct x86_routine *r, struct agreement *out);

// Replaces by no-ops what can be replaced so that a difference of KIND stays.
void agree_shrink(struct x86_routine *r, const char *kind);

#endif
