// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Writes x86-64 instructions into a buffer. Only moves, lea and jumps: none of
// them changes a flag, so they may stand between any two instructions of a
// routine. Encodings: Intel SDM vol. 2, chapter 2 and the instructions' pages.
//
// The buffer lies in the low 2 GiB, and so does everything given here as an
// absolute `slot` address.

#ifndef STORESCOPE_X86_64_EMIT_H
#define STORESCOPE_X86_64_EMIT_H

#include "record/rewrite/decode.h"
#include "record/rewrite/emit.h"
#include "record/rewrite/x86_64/registers.h"

void emit_u8(struct emitter *e, unsigned byte);

void emit_load(struct emitter *e, unsigned reg, unsigned base,
               int32_t disp); // mov reg, [base+disp]
void emit_store(struct emitter *e, unsigned base, int32_t disp,
                unsigned reg); // mov [base+disp], reg
void emit_store_imm(struct emitter *e, unsigned base, int32_t disp,
                    int32_t imm); // 8 bytes, sign-extended
void emit_store_imm32(struct emitter *e, unsigned base, int32_t disp, uint32_t imm); // 4 bytes
void emit_add(struct emitter *e, unsigned reg, int32_t disp);  // lea reg, [reg+disp]
void emit_set(struct emitter *e, unsigned reg, uint64_t imm);  // mov reg, imm
void emit_copy(struct emitter *e, unsigned to, unsigned from); // mov to, from

void emit_load_slot(struct emitter *e, unsigned reg, uintptr_t slot); // mov reg, [slot]
void emit_store_slot(struct emitter *e, uintptr_t slot, unsigned reg);
void emit_store_slot_imm(struct emitter *e, uintptr_t slot, int32_t imm);  // 8 bytes
void emit_store_slot_u64(struct emitter *e, uintptr_t slot, uint64_t imm); // as two of 4

// Loads `width` bytes (1, 2, 4 or 8), zero-extended.
void emit_load_narrow(struct emitter *e, unsigned reg, unsigned base, int32_t disp, unsigned width);

// reg = address of the operand without its segment base; or the 8 bytes there.
void emit_lea_mem(struct emitter *e, unsigned reg, const struct mem *m);
void emit_load_mem(struct emitter *e, unsigned reg, const struct mem *m);

void emit_store_vector(struct emitter *e, unsigned base, int32_t disp, unsigned vector,
                       unsigned bytes, enum vector_class class);
void emit_copy_mask(struct emitter *e, unsigned reg, unsigned k, bool wide); // kmovq, kmovw

// rel32 to TARGET, or to be patched later (see emit_patch); gives the end.
uint8_t *emit_branch(struct emitter *e, unsigned condition, const uint8_t *target);
void emit_jump_slot(struct emitter *e, uintptr_t slot); // jmp [slot]

#endif
