// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Memory as the step recorder sees it. What a routine's instruction changed is
// told by a mirror: a copy of the arena that is brought up to date with every
// store that the recorder has found. Where the two differ, it has missed one.

#ifndef STORESCOPE_STEP_MEMORY_H
#define STORESCOPE_STEP_MEMORY_H

#include "case/arena.h"

// Copies up to BYTES from or to memory that may not be there, and gives how many
// could be, up to the first that could not. Safe in a signal handler. SURE is
// memory that is there, and needs no asking: the lanes and the stack.
void memory_set_sure(const struct span *sure, size_t count);
size_t memory_peek(uint64_t addr, void *out, size_t bytes);
size_t memory_poke(uint64_t addr, const void *bytes, size_t count);

struct mirror {
    struct span lanes[2];
    size_t lane_count;
    uint8_t *copy[2]; // of each lane
};

// Address space for the largest case. False, with errno set, when there is none.
bool mirror_open(struct mirror *m);
void mirror_close(struct mirror *m);

// Copies the lanes of a case that has just been laid out.
void mirror_take(struct mirror *m, const struct layout *layout);

// A store of BYTES bytes at ADDR; bit i of MASK: byte i of the first 64 was
// stored (all beyond).
void mirror_store(struct mirror *m, uint64_t addr, uint64_t bytes, uint64_t mask);

// Is the arena as the stores made it? If not, ADDR is the first other byte.
bool mirror_agrees(const struct mirror *m, uint64_t *addr);
uint64_t mirror_bytes(const struct mirror *m); // what that looks at

#endif
