// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a recorder's case comes to when the CPU runs the routine alone.

#ifndef STORESCOPE_AGREE_CPU_H
#define STORESCOPE_AGREE_CPU_H

#include "case/arena.h"
#include "record/recorder.h"

// Runs a case again that was RECORDED, and lies in ARENA yet, without a recorder. False: it
// returns something else than RESULT, or leaves something else in the arena.
bool cpu_agrees(const struct routine *routine, const struct backend *b, struct arena *arena,
                const struct copy_case *c, const struct layout *recorded, uint64_t result);

#endif
