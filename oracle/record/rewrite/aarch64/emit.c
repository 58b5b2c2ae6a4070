// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/rewrite/aarch64/emit.h"

#include <string.h>

void emit_set(struct emitter *e, unsigned reg, uint64_t imm)
{
    bool begun = false;
    for (unsigned i = 0; i < 4; i++) {
        uint32_t part = (uint32_t)(imm >> 16 * i & 0xffff);
        if (part == 0 && (begun || i < 3))
            continue;
        emit_u32(e, (begun ? 0xf2800000u : 0xd2800000u) | i << 21 | part << 5 | reg); // movk, movz
        begun = true;
    }
}

void emit_add(struct emitter *e, unsigned to, unsigned from, int64_t disp)
{
    uint32_t op = disp < 0 ? 0xd1000000u : 0x91000000u;
    uint64_t size = (uint64_t)(disp < 0 ? -disp : disp);
    e->full |= size >> 24 != 0;
    if (size >> 12) {
        emit_u32(e, op | 1u << 22 | (uint32_t)(size >> 12) << 10 | from << 5 | to);
        from = to;
        size &= 0xfff;
        if (size == 0)
            return;
    }
    emit_u32(e, op | (uint32_t)size << 10 | from << 5 | to);
}

void emit_copy(struct emitter *e, unsigned to, unsigned from)
{
    emit_u32(e, 0xaa0003e0u | from << 16 | to);
}

static void offset_access(struct emitter *e, uint32_t op, unsigned base, int32_t disp, unsigned reg,
                          unsigned width)
{
    e->full |= disp < 0 || (uint32_t)disp % width || (uint32_t)disp / width > 4095;
    emit_u32(e, op | ((uint32_t)disp / width & 0xfff) << 10 | base << 5 | reg);
}

void emit_store(struct emitter *e, unsigned base, int32_t disp, unsigned reg)
{
    offset_access(e, 0xf9000000u, base, disp, reg, 8);
}

void emit_load(struct emitter *e, unsigned reg, unsigned base, int32_t disp)
{
    offset_access(e, 0xf9400000u, base, disp, reg, 8);
}

void emit_load_narrow(struct emitter *e, unsigned reg, unsigned base, int32_t disp, unsigned width)
{
    offset_access(e, 0x39400000u | (uint32_t)__builtin_ctz(width) << 30, base, disp, reg, width);
}

bool emit_pair_reaches(int32_t disp)
{
    return disp >= -512 && disp <= 504 && disp % 8 == 0;
}

static void pair_access(struct emitter *e, uint32_t op, unsigned base, int32_t disp, unsigned a,
                        unsigned b)
{
    e->full |= !emit_pair_reaches(disp);
    emit_u32(e, op | ((uint32_t)(disp / 8) & 0x7f) << 15 | b << 10 | base << 5 | a);
}

void emit_store_pair(struct emitter *e, unsigned base, int32_t disp, unsigned a, unsigned b)
{
    pair_access(e, 0xa9000000u, base, disp, a, b);
}

void emit_load_pair(struct emitter *e, unsigned a, unsigned b, unsigned base, int32_t disp)
{
    pair_access(e, 0xa9400000u, base, disp, a, b);
}

bool emit_address(struct emitter *e, unsigned reg, const uint8_t *at)
{
    int64_t distance = at - e->next;
    if (distance < -(1 << 20) || distance >= 1 << 20)
        return false;
    emit_u32(e, 0x10000000u | ((uint32_t)distance & 3) << 29 |
                    ((uint32_t)(distance >> 2) & 0x7ffff) << 5 | reg); // adr
    return true;
}

void emit_load_near(struct emitter *e, unsigned reg, const uint8_t *at)
{
    int64_t distance = (at - e->next) / 4;
    e->full |= distance < -(1 << 18) || distance >= 1 << 18;
    emit_u32(e, 0x58000000u | ((uint32_t)distance & 0x7ffff) << 5 | reg); // ldr, literal
}

void emit_skip_unless_zero(struct emitter *e, unsigned reg, unsigned instructions)
{
    emit_u32(e, 0xb5000000u | (instructions + 1) << 5 | reg);
}

void emit_subtract(struct emitter *e, unsigned to, unsigned from, unsigned what)
{
    emit_u32(e, 0xcb000000u | what << 16 | from << 5 | to);
}

uint8_t *emit_jump(struct emitter *e, const uint8_t *target)
{
    emit_u32(e, 0x14000000);
    if (target && !e->full)
        e->full |= !emit_patch(e->next, target);
    return e->next;
}

// b and bl have 26 bits for it, tbz and tbnz 14, the others 19.
bool emit_patch(uint8_t *end, const uint8_t *target)
{
    uint32_t word;
    memcpy(&word, end - 4, 4);
    bool jump = (word & 0x7c000000) == 0x14000000, test = (word & 0x7e000000) == 0x36000000;
    unsigned bits = jump ? 26 : test ? 14 : 19, at = jump ? 0 : 5;
    int64_t distance = (target - (end - 4)) / 4, reach = INT64_C(1) << (bits - 1);
    if (distance < -reach || distance >= reach)
        return false;
    uint32_t mask = (uint32_t)((UINT64_C(1) << bits) - 1) << at;
    word = (word & ~mask) | ((uint32_t)distance << at & mask);
    memcpy(end - 4, &word, 4);
    return true;
}
