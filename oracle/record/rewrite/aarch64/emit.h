// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Writes A64 instructions into a buffer: moves, loads, stores, additions and branches
// that neither read nor set a flag, so that they may stand between any two of a routine.
// Encodings: Arm ARM, C6.2. An operand that does not fit its field makes the buffer full.

#ifndef STORESCOPE_AARCH64_EMIT_H
#define STORESCOPE_AARCH64_EMIT_H

#include "record/rewrite/emit.h"

void emit_set(struct emitter *e, unsigned reg, uint64_t imm); // one to four instructions
// to = from + disp, either of which may be sp; less than 16 MiB.
void emit_add(struct emitter *e, unsigned to, unsigned from, int64_t disp);
void emit_copy(struct emitter *e, unsigned to, unsigned from); // neither of them sp

// 8 bytes at [base + disp], or 16 of two registers; base may be sp.
void emit_store(struct emitter *e, unsigned base, int32_t disp, unsigned reg);
void emit_load(struct emitter *e, unsigned reg, unsigned base, int32_t disp);
void emit_store_pair(struct emitter *e, unsigned base, int32_t disp, unsigned a, unsigned b);
void emit_load_pair(struct emitter *e, unsigned a, unsigned b, unsigned base, int32_t disp);
bool emit_pair_reaches(int32_t disp);
// WIDTH bytes (1, 2, 4 or 8), zero-extended, at a multiple of the width.
void emit_load_narrow(struct emitter *e, unsigned reg, unsigned base, int32_t disp, unsigned width);

// reg = the address AT, which lies near; or the 8 bytes there, which do not move either.
bool emit_address(struct emitter *e, unsigned reg, const uint8_t *at);
void emit_load_near(struct emitter *e, unsigned reg, const uint8_t *at);

// cbnz over the next INSTRUCTIONS.
void emit_skip_unless_zero(struct emitter *e, unsigned reg, unsigned instructions);
void emit_subtract(struct emitter *e, unsigned to, unsigned from, unsigned what);

#endif
