// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Writes instructions into a buffer. What is the same for every CPU; the others are in
// its folder's emit.h.

#ifndef STORESCOPE_REWRITE_EMIT_H
#define STORESCOPE_REWRITE_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct emitter {
    uint8_t *next, *end;
    bool full; // ran out of room: what was written is not to be used
};

void emit_bytes(struct emitter *e, const void *bytes, size_t length);
void emit_u32(struct emitter *e, uint32_t word);

// A jump to TARGET, or to be patched later (NULL); gives its end.
uint8_t *emit_jump(struct emitter *e, const uint8_t *target);
// Has the jump or branch that ends at END go to TARGET. False, and nothing done, where it
// does not reach that far.
bool emit_patch(uint8_t *end, const uint8_t *target);

#endif
