// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/rewrite/x86_64/emit.h"

#include <string.h>

void emit_u8(struct emitter *e, unsigned byte)
{
    uint8_t b = (uint8_t)byte;
    emit_bytes(e, &b, 1);
}

// ModRM, SIB and displacement for [base+disp].
static void operand(struct emitter *e, unsigned reg, unsigned base, int32_t disp)
{
    bool small = disp >= -128 && disp <= 127;
    bool sib = (base & 7) == GPR_RSP;
    emit_u8(e, (small ? 0x40u : 0x80u) | (reg & 7) << 3 | (base & 7));
    if (sib)
        emit_u8(e, 0x24);
    if (small)
        emit_u8(e, (uint8_t)disp);
    else
        emit_u32(e, (uint32_t)disp);
}

// ModRM and SIB for an absolute address in the low 2 GiB.
static void operand_slot(struct emitter *e, unsigned reg, uintptr_t slot)
{
    emit_u8(e, 0x04 | (reg & 7) << 3);
    emit_u8(e, 0x25);
    emit_u32(e, (uint32_t)slot);
}

static void rex(struct emitter *e, bool wide, unsigned reg, unsigned index, unsigned base)
{
    unsigned byte = 0x40u | (wide ? 8u : 0) | (reg >= 8 ? 4u : 0) | (index >= 8 ? 2u : 0) |
                    (base >= 8 ? 1u : 0);
    emit_u8(e, byte);
}

static void op_base(struct emitter *e, unsigned opcode, unsigned reg, unsigned base, int32_t disp)
{
    rex(e, true, reg, 0, base);
    emit_u8(e, opcode);
    operand(e, reg, base, disp);
}

void emit_load(struct emitter *e, unsigned reg, unsigned base, int32_t disp)
{
    op_base(e, 0x8b, reg, base, disp);
}

void emit_store(struct emitter *e, unsigned base, int32_t disp, unsigned reg)
{
    op_base(e, 0x89, reg, base, disp);
}

void emit_store_imm(struct emitter *e, unsigned base, int32_t disp, int32_t imm)
{
    op_base(e, 0xc7, 0, base, disp);
    emit_u32(e, (uint32_t)imm);
}

void emit_store_imm32(struct emitter *e, unsigned base, int32_t disp, uint32_t imm)
{
    rex(e, false, 0, 0, base);
    emit_u8(e, 0xc7);
    operand(e, 0, base, disp);
    emit_u32(e, imm);
}

void emit_add(struct emitter *e, unsigned reg, int32_t disp)
{
    op_base(e, 0x8d, reg, reg, disp);
}

void emit_set(struct emitter *e, unsigned reg, uint64_t imm)
{
    bool wide = imm > UINT32_MAX;
    rex(e, wide, 0, 0, reg);
    emit_u8(e, 0xb8 | (reg & 7));
    emit_bytes(e, &imm, wide ? 8 : 4);
}

void emit_copy(struct emitter *e, unsigned to, unsigned from)
{
    rex(e, true, from, 0, to);
    emit_u8(e, 0x89);
    emit_u8(e, 0xc0 | (from & 7) << 3 | (to & 7));
}

void emit_load_slot(struct emitter *e, unsigned reg, uintptr_t slot)
{
    rex(e, true, reg, 0, 0);
    emit_u8(e, 0x8b);
    operand_slot(e, reg, slot);
}

void emit_store_slot(struct emitter *e, uintptr_t slot, unsigned reg)
{
    rex(e, true, reg, 0, 0);
    emit_u8(e, 0x89);
    operand_slot(e, reg, slot);
}

void emit_store_slot_imm(struct emitter *e, uintptr_t slot, int32_t imm)
{
    rex(e, true, 0, 0, 0);
    emit_u8(e, 0xc7);
    operand_slot(e, 0, slot);
    emit_u32(e, (uint32_t)imm);
}

void emit_store_slot_u64(struct emitter *e, uintptr_t slot, uint64_t imm)
{
    for (unsigned half = 0; half < 2; half++) {
        emit_u8(e, 0xc7);
        operand_slot(e, 0, slot + 4 * half);
        emit_u32(e, (uint32_t)(imm >> (32 * half)));
    }
}

void emit_load_narrow(struct emitter *e, unsigned reg, unsigned base, int32_t disp, unsigned width)
{
    if (width == 8) {
        emit_load(e, reg, base, disp);
        return;
    }
    rex(e, false, reg, 0, base);
    if (width == 4) {
        emit_u8(e, 0x8b);
    } else {
        emit_u8(e, 0x0f);
        emit_u8(e, width == 1 ? 0xb6 : 0xb7);
    }
    operand(e, reg, base, disp);
}

// OPCODE reg, [any operand of the routine but a RIP-relative one].
static void op_mem(struct emitter *e, unsigned opcode, unsigned reg, const struct mem *m)
{
    unsigned base = m->base == GPR_NONE ? 5 : m->base;
    unsigned index = m->index == GPR_NONE ? GPR_RSP : m->index;
    unsigned shift = m->scale == 8 ? 3 : m->scale == 4 ? 2 : m->scale == 2 ? 1 : 0;
    if (m->addr32)
        emit_u8(e, 0x67);
    rex(e, true, reg, index, base);
    emit_u8(e, opcode);
    // Mod 0 with base 5 means no base and a 32-bit displacement.
    emit_u8(e, (m->base == GPR_NONE ? 0x04u : 0x84u) | (reg & 7) << 3);
    emit_u8(e, shift << 6 | (index & 7) << 3 | (base & 7));
    emit_u32(e, (uint32_t)m->disp);
}

void emit_lea_mem(struct emitter *e, unsigned reg, const struct mem *m)
{
    // RIP-relative, or one of the moves with an address of 8 bytes (A0 to A3).
    bool constant = m->base == GPR_PC || (m->base == GPR_NONE && m->index == GPR_NONE);
    if (constant)
        emit_set(e, reg, m->addr32 ? (uint32_t)m->disp : (uint64_t)m->disp);
    else
        op_mem(e, 0x8d, reg, m);
}

void emit_load_mem(struct emitter *e, unsigned reg, const struct mem *m)
{
    if (m->base == GPR_PC) {
        emit_set(e, reg, (uint64_t)m->disp);
        emit_load(e, reg, reg, 0);
        return;
    }
    if (m->segment == SEGMENT_FS)
        emit_u8(e, 0x64);
    if (m->segment == SEGMENT_GS)
        emit_u8(e, 0x65);
    op_mem(e, 0x8b, reg, m);
}

static void store_vector_vex(struct emitter *e, unsigned base, int32_t disp, unsigned vector,
                             bool ymm)
{
    // vmovdqu [m], v: VEX.F3.0F 7F /r
    emit_u8(e, 0xc4);
    emit_u8(e, (vector < 8 ? 0x80u : 0) | 0x40u | (base < 8 ? 0x20u : 0) | 1u);
    emit_u8(e, 0x78u | (ymm ? 4u : 0) | 2u);
    emit_u8(e, 0x7f);
    operand(e, vector, base, disp);
}

static void store_vector_evex(struct emitter *e, unsigned base, int32_t disp, unsigned vector,
                              unsigned bytes)
{
    // vmovdqu64 [m], v: EVEX.F3.0F.W1 7F /r, with a 32-bit displacement, which
    // is not scaled.
    unsigned length = bytes == 64 ? 2 : bytes == 32 ? 1 : 0;
    emit_u8(e, 0x62);
    emit_u8(e, ((vector & 8) ? 0 : 0x80u) | 0x40u | (base < 8 ? 0x20u : 0) |
                   ((vector & 16) ? 0 : 0x10u) | 1u);
    emit_u8(e, 0x80u | 0x78u | 4u | 2u);
    emit_u8(e, length << 5 | 8u);
    emit_u8(e, 0x7f);
    emit_u8(e, 0x80u | (vector & 7) << 3 | (base & 7));
    if ((base & 7) == GPR_RSP)
        emit_u8(e, 0x24);
    emit_u32(e, (uint32_t)disp);
}

void emit_store_vector(struct emitter *e, unsigned base, int32_t disp, unsigned vector,
                       unsigned bytes, enum vector_class class)
{
    switch (class) {
    case VECTOR_MMX: // movq [m], mm: 0F 7F
        rex(e, false, 0, 0, base);
        emit_u8(e, 0x0f);
        emit_u8(e, 0x7f);
        operand(e, vector, base, disp);
        break;
    case VECTOR_SSE: // movdqu [m], xmm: F3 0F 7F
        emit_u8(e, 0xf3);
        rex(e, false, vector, 0, base);
        emit_u8(e, 0x0f);
        emit_u8(e, 0x7f);
        operand(e, vector, base, disp);
        break;
    case VECTOR_VEX:
        store_vector_vex(e, base, disp, vector, bytes == 32);
        break;
    case VECTOR_EVEX:
        store_vector_evex(e, base, disp, vector, bytes);
        break;
    }
}

void emit_copy_mask(struct emitter *e, unsigned reg, unsigned k, bool wide)
{
    // kmovq r64, k: VEX.L0.F2.0F.W1 93 /r; kmovw r32, k: VEX.L0.0F.W0 93 /r
    emit_u8(e, 0xc4);
    emit_u8(e, (reg < 8 ? 0x80u : 0) | 0x60u | 1u);
    emit_u8(e, wide ? 0xfb : 0x78);
    emit_u8(e, 0x93);
    emit_u8(e, 0xc0 | (reg & 7) << 3 | k);
}

bool emit_patch(uint8_t *end, const uint8_t *target)
{
    int32_t distance = (int32_t)(target - end);
    memcpy(end - 4, &distance, sizeof distance);
    return true;
}

uint8_t *emit_jump(struct emitter *e, const uint8_t *target)
{
    emit_u8(e, 0xe9);
    emit_u32(e, 0);
    if (target && !e->full)
        emit_patch(e->next, target);
    return e->next;
}

uint8_t *emit_branch(struct emitter *e, unsigned condition, const uint8_t *target)
{
    emit_u8(e, 0x0f);
    emit_u8(e, 0x80 | condition);
    emit_u32(e, 0);
    if (target && !e->full)
        emit_patch(e->next, target);
    return e->next;
}

void emit_jump_slot(struct emitter *e, uintptr_t slot)
{
    emit_u8(e, 0xff);
    operand_slot(e, 4, slot);
}
