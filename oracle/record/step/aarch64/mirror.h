// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a routine's instruction changed in the arena is told by a mirror: a copy of it
// that is brought up to date with every store that was found. Where the two differ, one
// was missed.

#ifndef STORESCOPE_STEP_MIRROR_H
#define STORESCOPE_STEP_MIRROR_H

#include "record/step/aarch64/tracee.h"
#include "trace/trace.h"

struct mirror {
    struct span lanes[2];
    size_t lane_count;
    uint8_t *copy[2], *now; // of each lane, and one to look into
};

// Copies the lanes of a case that was laid out. False: there is no memory, or no tracee.
bool mirror_take(struct mirror *m, const struct tracee *t, const struct span *lanes, size_t count);

// BYTES were stored at ADDR.
void mirror_store(struct mirror *m, uint64_t addr, const uint8_t *bytes, size_t count);

// Is the arena as the stores made it?
bool mirror_agrees(const struct mirror *m, const struct tracee *t);
uint64_t mirror_bytes(const struct mirror *m); // what that looks at

#endif
