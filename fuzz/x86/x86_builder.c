// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/x86/x86_builder_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// ---- fuzz bytes ----

unsigned read_byte(struct reader *r)
{
    if (r->left == 0)
        return 0;
    r->left--;
    return *r->bytes++;
}

uint64_t read_number(struct reader *r, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++)
        value |= (uint64_t)read_byte(r) << (8 * i);
    return value;
}

unsigned read_below(struct reader *r, unsigned limit)
{
    return (unsigned)(read_number(r, limit > 256 ? 2 : 1) % limit);
}

bool read_chance(struct reader *r, unsigned of_256)
{
    return r->left > 0 && read_byte(r) < of_256;
}

// ---- writing ----

enum { INSN_ROOM = 96 }; // an instruction and what sets its registers

void builder_init(struct builder *b, struct x86_routine *r, struct reader in)
{
    memset(b, 0, sizeof *b);
    b->r = r;
    b->in = in;
    b->allowed = 0xffff;
}

bool builder_has_room(const struct builder *b, unsigned count)
{
    return !b->full && b->r->code_bytes + count * INSN_ROOM < ROUTINE_POOL - 2048;
}

static void touch_register(struct touched *t, ZydisRegister reg, bool written)
{
    ZydisRegisterClass c = ZydisRegisterGetClass(reg);
    t->named |= bit(x86_gpr(reg));
    if (written)
        t->written |= bit(x86_gpr(reg));
    if (x86_is_vector(reg))
        t->vectors |= 1u << ZydisRegisterGetId(reg);
    if (c == ZYDIS_REGCLASS_MASK)
        t->masks |= (uint8_t)(1u << ZydisRegisterGetId(reg));
    t->x87 |= c == ZYDIS_REGCLASS_MMX || c == ZYDIS_REGCLASS_X87;
}

struct touched builder_touched(const struct x86_decoded *d)
{
    struct touched t = {0};
    for (unsigned i = 0; i < d->in.operand_count; i++) {
        const ZydisDecodedOperand *op = &d->ops[i];
        if (op->type == ZYDIS_OPERAND_TYPE_REGISTER)
            touch_register(&t, op->reg.value, (op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0);
        if (op->type == ZYDIS_OPERAND_TYPE_MEMORY) {
            // String ops move their pointers; Zydis says so only of some.
            bool moves = d->in.meta.category == ZYDIS_CATEGORY_STRINGOP;
            touch_register(&t, op->mem.base, moves);
            touch_register(&t, op->mem.index, false);
        }
    }
    t.x87 |= d->in.meta.isa_ext == ZYDIS_ISA_EXT_X87;
    ZydisMnemonic m = d->in.mnemonic;
    if (m == ZYDIS_MNEMONIC_FXSAVE || m == ZYDIS_MNEMONIC_FXSAVE64) {
        t.vectors |= 0xffff;
        t.x87 = true;
    }
    return t;
}

void builder_append(struct builder *b, const void *bytes, size_t length,
                    const struct x86_decoded *d)
{
    struct x86_routine *r = b->r;
    struct touched t = builder_touched(d);
    if (r->code_bytes + length > ROUTINE_POOL) {
        b->full = true;
        return;
    }
    memcpy(r->code + r->code_bytes, bytes, length);
    r->code_bytes = (uint16_t)(r->code_bytes + length);
    b->gprs |= t.named;
    b->vectors |= t.vectors;
    b->masks |= t.masks;
    b->x87 |= t.x87;
    for (unsigned reg = 0; reg < 16; reg++)
        if (t.written & bit(reg) && reg != RSP)
            b->regs[reg].known = false;
}

void builder_put(struct builder *b, const void *bytes, size_t length)
{
    uint8_t padded[X86_LENGTH_MAX] = {0};
    struct x86_decoded d;
    if (length > sizeof padded)
        abort();
    memcpy(padded, bytes, length);
    if (!x86_decode(padded, length, &d) || d.in.length != length) {
        fprintf(stderr, "a generated instruction does not decode:");
        for (size_t i = 0; i < length; i++)
            fprintf(stderr, " %02x", padded[i]);
        fprintf(stderr, "\n");
        abort();
    }
    builder_append(b, bytes, length, &d);
}

void builder_forget(struct builder *b)
{
    for (unsigned reg = 0; reg < 16; reg++)
        if (reg != RSP && !(b->pinned & bit(reg)))
            b->regs[reg].known = false;
}

static void add_fixup(struct builder *b, size_t at, enum place place, bool minus_fs, int64_t addend)
{
    struct x86_routine *r = b->r;
    memcpy(r->code + at, &addend, sizeof addend);
    if (place == PLACE_FIXED && !minus_fs)
        return;
    if (r->fixup_count == ROUTINE_FIXUPS_MAX) {
        b->full = true;
        return;
    }
    r->fixups[r->fixup_count++] = (struct fixup){(uint16_t)at, (uint8_t)place, minus_fs, addend};
}

unsigned builder_pool(struct builder *b, const void *data, unsigned bytes)
{
    struct x86_routine *r = b->r;
    unsigned at = ROUTINE_POOL + r->pool_bytes;
    if (at + bytes + 64 > SANDBOX_CODE_BYTES) {
        b->full = true;
        return ROUTINE_POOL;
    }
    memcpy(r->code + at, data, bytes);
    r->pool_bytes = (uint16_t)(r->pool_bytes + bytes);
    return at;
}

// ---- setting registers ----

static void set_by_constant(struct builder *b, unsigned reg, enum place place, bool minus_fs,
                            int64_t at)
{
    uint8_t code[10] = {(uint8_t)rex(true, 0, 0, reg), (uint8_t)(0xb8 | (reg & 7))};
    builder_put(b, code, sizeof code);
    if (!b->full)
        add_fixup(b, b->r->code_bytes - 8u, place, minus_fs, at);
}

static void set_from_pool(struct builder *b, unsigned reg, enum place place, bool minus_fs,
                          int64_t at)
{
    unsigned pool = builder_pool(b, &at, sizeof at);
    uint8_t code[7] = {(uint8_t)rex(true, reg, 0, 0), 0x8b, (uint8_t)((reg & 7) << 3 | 5)};
    put32(code + 3, (int64_t)pool - (b->r->code_bytes + 7));
    builder_put(b, code, sizeof code);
    if (!b->full)
        add_fixup(b, pool, place, minus_fs, at);
}

static bool set_by_lea(struct builder *b, unsigned reg, enum place place, int64_t at)
{
    for (unsigned from = 0; from < 16; from++) {
        const struct known *k = &b->regs[from];
        int64_t delta = (int64_t)((uint64_t)at - (uint64_t)k->at);
        if (!k->known || k->place != place || k->slop || !is_s32(delta) || from == RSP)
            continue;
        if (!(b->allowed & bit(from)))
            continue;
        uint8_t code[8] = {(uint8_t)rex(true, reg, 0, from), 0x8d,
                           (uint8_t)(0x80 | (reg & 7) << 3 | (from & 7))};
        bool sib = (from & 7) == 4;
        code[3] = 0x24;
        put32(code + (sib ? 4 : 3), delta);
        builder_put(b, code, sib ? 8 : 7);
        return true;
    }
    return false;
}

static bool set_narrow(struct builder *b, unsigned reg, int64_t at)
{
    if (at != (int64_t)(uint32_t)at)
        return false;
    uint8_t code[6], n = 0;
    if (reg >= 8)
        code[n++] = 0x41;
    code[n++] = (uint8_t)(0xb8 | (reg & 7));
    put32(code + n, at);
    builder_put(b, code, n + 4u);
    return true;
}

static bool set_by_rip(struct builder *b, unsigned reg, int64_t at)
{
    uint8_t code[7] = {(uint8_t)rex(true, reg, 0, 0), 0x8d, (uint8_t)((reg & 7) << 3 | 5)};
    int64_t disp = (int64_t)((uint64_t)at - builder_pc(b) - 7);
    if (!is_s32(disp))
        return false;
    put32(code + 3, disp);
    builder_put(b, code, sizeof code);
    return true;
}

static bool set_by_stack(struct builder *b, unsigned reg, int64_t at)
{
    if (!is_s32(at))
        return false;
    uint8_t push[5] = {0x68}, pop[2] = {0x41, (uint8_t)(0x58 | (reg & 7))};
    put32(push + 1, at);
    builder_put(b, push, sizeof push);
    builder_put(b, reg >= 8 ? pop : pop + 1, reg >= 8 ? 2 : 1);
    return true;
}

static bool set_signed(struct builder *b, unsigned reg, int64_t at)
{
    uint8_t code[7] = {(uint8_t)rex(true, 0, 0, reg), 0xc7, (uint8_t)(0xc0 | (reg & 7))};
    if (!is_s32(at))
        return false;
    put32(code + 3, at);
    builder_put(b, code, sizeof code);
    return true;
}

void builder_set_less(struct builder *b, unsigned reg, enum place place, bool minus_fs, int64_t at)
{
    unsigned how = read_byte(&b->in) % 8;
    bool fixed = place == PLACE_FIXED && !minus_fs, done = false;
    if (how == 1 && !minus_fs)
        done = set_by_lea(b, reg, place, at);
    else if (how == 2 && fixed)
        done = set_by_rip(b, reg, at);
    else if (how == 3 && fixed)
        done = set_by_stack(b, reg, at);
    else if (how == 4 && fixed)
        done = set_signed(b, reg, at);
    else if (how >= 6 && fixed)
        done = set_narrow(b, reg, at);
    if (!done && how == 5)
        set_from_pool(b, reg, place, minus_fs, at);
    else if (!done)
        set_by_constant(b, reg, place, minus_fs, at);
    b->regs[reg] = (struct known){!minus_fs, (uint8_t)place, at, 0};
}

void builder_set(struct builder *b, unsigned reg, enum place place, int64_t at)
{
    builder_set_less(b, reg, place, false, at);
}

unsigned builder_free_reg(struct builder *b, uint16_t avoid)
{
    uint16_t from = (uint16_t)(b->allowed & ~b->pinned & ~avoid & ~bit(RSP));
    if (!from)
        return X86_NO_REG;
    unsigned reg = read_byte(&b->in) & 15;
    while (!(from & bit(reg)))
        reg = (reg + 1) & 15;
    return reg;
}

// ---- addresses ----

struct extent {
    uint8_t place;
    int64_t lo, hi;
};

static struct extent lane(enum place place, uint32_t off, uint32_t size)
{
    uint32_t pages = (off + size + PAGE_BYTES - 1) / PAGE_BYTES;
    int64_t lo = -(int64_t)off;
    return (struct extent){(uint8_t)place, lo, lo + (pages ? pages : 1) * (int64_t)PAGE_BYTES};
}

static struct extent pick_extent(struct builder *b, bool store)
{
    const struct x86_routine *r = b->r;
    unsigned pick = b->aligned_only ? 12 : read_byte(&b->in) % 16;
    if (pick < (store ? 6 : 4))
        return lane(PLACE_DST, r->dst_off, r->size);
    if (pick < 8)
        return lane(PLACE_SRC, r->src_off, r->size);
    if (pick < 10)
        return (struct extent){PLACE_FIXED, SANDBOX_HIGH, SANDBOX_HIGH + SANDBOX_DATA_BYTES};
    if (pick < 12)
        return (struct extent){PLACE_FIXED, SANDBOX_STACK + PAGE_BYTES + 64,
                               SANDBOX_STACK + PAGE_BYTES + 2048};
    return (struct extent){PLACE_FIXED, SANDBOX_LOW, SANDBOX_LOW + SANDBOX_DATA_BYTES};
}

static int64_t align_in(const struct builder *b, const struct extent *e, int64_t at, unsigned align)
{
    // Lanes start at a page; `at` counts from the case's own offset.
    int64_t off = e->place == PLACE_DST ? b->r->dst_off : e->place == PLACE_SRC ? b->r->src_off : 0;
    return at - ((at + off) & (align - 1));
}

static struct address bad_address(struct builder *b, const struct extent *e, unsigned bytes)
{
    switch (read_byte(&b->in) % 4) {
    case 0: // not canonical
        return (struct address){PLACE_FIXED, INT64_C(0x0100000000000000)};
    case 1: // wholly behind
        return (struct address){e->place, e->hi + (int64_t)read_below(&b->in, 64)};
    case 2: // before
        return (struct address){e->place, e->lo - 1 - (int64_t)read_below(&b->in, 64)};
    default: // across the end
        return (struct address){e->place, e->hi - (int64_t)read_below(&b->in, bytes ? bytes : 1)};
    }
}

struct address builder_address(struct builder *b, bool store, unsigned bytes, unsigned margin,
                               unsigned align)
{
    struct extent e = pick_extent(b, store);
    if (b->may_fault && !b->aligned_only && read_chance(&b->in, 16))
        return bad_address(b, &e, bytes);
    int64_t lo = e.lo + margin, hi = e.hi - bytes - margin;
    if (hi < lo)
        hi = lo;
    int64_t span = hi - lo + 1, at;
    unsigned edge = b->aligned_only ? 0 : read_byte(&b->in) % 16;
    if (edge == 1)
        at = lo;
    else if (edge == 2)
        at = hi;
    else if (edge == 3) // across a page
        at = align_in(b, &e, lo + PAGE_BYTES, PAGE_BYTES) - read_below(&b->in, bytes ? bytes : 1);
    else
        at = lo + (int64_t)(read_number(&b->in, 2) % (uint64_t)span);
    if (at < lo || at > hi)
        at = lo;
    if (align > 1) {
        at = align_in(b, &e, at, align);
        if (at < lo)
            at += align;
    }
    return (struct address){e.place, at + b->skew};
}
