// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a result of a sweep says of cases that were not run: that none can break the
// contract, or why that is not known. Made by prove/prove_results.h.

#ifndef STORESCOPE_PROOF_NOTE_H
#define STORESCOPE_PROOF_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// No copy is longer: a proof up to here is one for every size.
#define PROOF_SIZE_MAX (UINT64_C(1) << 46)

enum { PROOF_CONSTANTS_MAX = 16, PROOF_WHY_MAX = 600 };

// A variable whose value was taken as it was loaded.
struct proof_constant {
    char name[64];
    uint64_t value;
};

// All zero: no proof was tried.
struct proof_note {
    bool tried;
    bool asked_for;            // by the user, who wants to know why there is none
    bool proved;               // every rule of the contract holds at every address and alignment,
                               // and every size from size_lo to size_hi
    uint64_t size_lo, size_hi; // bytes
    bool overlaps;             // the buffers may overlap, in every way
    bool contradicted;         // the sweep broke a rule that is proved to hold: neither is believed
    uint64_t paths;            // through the routine's code
    char why[PROOF_WHY_MAX];   // why it is not proved; "" where it is
    struct proof_constant constants[PROOF_CONSTANTS_MAX]; // that it takes for granted
    size_t constant_count;
};

// How far a result reaches beyond the cases that were run.
enum proved { PROVED_NOT, PROVED_SOME_SIZES, PROVED_EVERY_SIZE };

static inline enum proved proof_reach(const struct proof_note *p)
{
    return !p->proved                                        ? PROVED_NOT
           : p->size_lo == 0 && p->size_hi == PROOF_SIZE_MAX ? PROVED_EVERY_SIZE
                                                             : PROVED_SOME_SIZES;
}

#endif
