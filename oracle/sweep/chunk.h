// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A worker's chunk: a range of case numbers of the plan, run and judged by its rig until its
// time is over, and one report.

#ifndef STORESCOPE_CHUNK_H
#define STORESCOPE_CHUNK_H

#include "sweep/rig.h"

struct worker_slot;

// Runs cases lo..hi-1, or fewer when the time of a chunk is over or the slot
// says stop, and fills rig->result.
void chunk_run(struct rig *rig, uint64_t id, uint64_t lo, uint64_t hi, struct worker_slot *slot);

#endif
