// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Everything but loads and stores: where control goes, which registers are named, and
// how addresses are computed. A register that is only taken to be written costs a record;
// one that is written unseen would make addresses wrong.

#include "record/rewrite/aarch64/word.h"
#include "trace/barrier.h"

#include <elf.h>
#include <string.h>

const char a64_unknown[] = "bytes that are no known instruction";

struct mem *a64_add_mem(struct insn *in, uint32_t word, unsigned width, unsigned pieces, bool load,
                        bool store)
{
    struct mem *m = &in->mems[in->mem_count++];
    *m = (struct mem){.base = (uint8_t)rn(word),
                      .index = GPR_NONE,
                      .scale = 1,
                      .load = load,
                      .store = store,
                      .width = (uint16_t)width,
                      .pieces = (uint16_t)pieces};
    reads(in, rn(word));
    return m;
}

void a64_writes_vectors(struct insn *in, unsigned first, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned reg = (first + i) % 32;
        if (reg >= 8 && reg < 16)
            in->traits |= TRAIT_SAVED_VECTORS;
    }
}

// REG = BASE + INDEX * SCALE + DISP.
static void set_address(struct insn *in, unsigned reg, uint8_t base, uint8_t index, unsigned scale,
                        int64_t disp)
{
    in->mems[in->mem_count++] =
        (struct mem){.base = base, .index = index, .scale = (uint8_t)scale, .disp = disp};
    in->is_lea = true;
    in->effect = EFFECT_LEA;
    in->reg = (uint8_t)reg;
}

// ---- data processing (immediate) ----

static void decode_pc_relative(struct insn *in, uint32_t word) // adr, adrp
{
    uint64_t imm = (uint64_t)signed_field(word, 23, 5) << 2 | field(word, 30, 29);
    bool page = field(word, 31, 31);
    uint64_t at = page ? (in->addr & ~UINT64_C(4095)) + (imm << 12) : in->addr + imm;
    writes(in, rd(word));
    if (rd(word) != A64_ZERO)
        set_address(in, rd(word), GPR_PC, GPR_NONE, 1, (int64_t)at);
}

static void decode_add_immediate(struct insn *in, uint32_t word)
{
    int64_t imm = (int64_t)field(word, 21, 10) << (field(word, 22, 22) ? 12 : 0);
    bool wide = field(word, 31, 31), subtracts = field(word, 30, 30), sets = field(word, 29, 29);
    reads(in, rn(word));
    writes(in, rd(word));
    if (sets && rd(word) == A64_ZERO)
        in->written = 0; // cmp
    else if (wide)
        set_address(in, rd(word), (uint8_t)rn(word), GPR_NONE, 1, subtracts ? -imm : imm);
}

static void decode_move_wide(struct insn *in, uint32_t word) // movn, movz, movk
{
    unsigned shift = 16 * field(word, 22, 21);
    writes(in, rd(word));
    if (field(word, 30, 29) == 2 && rd(word) != A64_ZERO)
        set_address(in, rd(word), GPR_NONE, GPR_NONE, 1,
                    (int64_t)((uint64_t)field(word, 20, 5) << shift));
}

static void decode_immediate(struct insn *in, uint32_t word)
{
    unsigned group = field(word, 25, 23);
    if (group < 2) {
        decode_pc_relative(in, word);
    } else if (group == 2) {
        decode_add_immediate(in, word);
    } else if (group == 5) {
        decode_move_wide(in, word);
    } else { // with tags, logical, bit fields, extr
        reads(in, rn(word));
        writes(in, rd(word));
        if (group == 7)
            reads(in, rm(word));
    }
}

// ---- data processing (register) ----

static bool is_conditional_compare(uint32_t word)
{
    return field(word, 28, 21) == 0xd2;
}

static void decode_register(struct insn *in, uint32_t word)
{
    reads(in, rn(word));
    reads(in, rm(word));
    if (is_conditional_compare(word))
        return;
    writes(in, rd(word));
    if (field(word, 28, 24) == 0x1b) // madd and its like
        reads(in, ra(word));
    bool add = (word & 0xdfe00000) == 0x8b000000 && field(word, 15, 10) <= 6; // lsl #0 to #6
    bool move = (word & 0xffe0ffe0) == 0xaa0003e0;
    if (rd(word) == A64_ZERO)
        return;
    if (add) {
        set_address(in, rd(word), not_sp(rn(word)), not_sp(rm(word)), 1u << field(word, 15, 10), 0);
    } else if (move && rm(word) != A64_ZERO) {
        in->effect = EFFECT_MOVE;
        in->reg = (uint8_t)rd(word);
        in->from = (uint8_t)rm(word);
    }
}

// ---- data processing (vectors) ----

// Only moves and conversions between them name general registers: the destination, or
// the source.
static void decode_vector(struct insn *in, uint32_t word)
{
    enum { DUP = 1, INS = 3, SMOV = 5, UMOV = 7 };
    bool converts = (word & 0x5f20fc00) == 0x1e200000 || (word & 0x5f200000) == 0x1e000000;
    bool copies = (word & 0xbfe08400) == 0x0e000400;
    unsigned conversion = field(word, 18, 16), copy = field(word, 14, 11);
    bool from_general = conversion == 2 || conversion == 3 || conversion == 7; // scvtf, ucvtf, fmov
    a64_writes_vectors(in, rd(word), 1);
    if ((converts && from_general) || (copies && (copy == DUP || copy == INS)))
        reads(in, rn(word));
    if ((converts && !from_general) || (copies && (copy == SMOV || copy == UMOV)))
        writes(in, rd(word));
    in->written &= ~(1u << A64_SP);
}

// ---- system ----

static void decode_hint(struct insn *in, uint32_t word)
{
    // Those of pointer authentication and CHKFEAT work on x16, x17, x30; a later one
    // is taken to.
    unsigned hint = field(word, 11, 5);
    if (hint < 7 || (hint >= 16 && hint < 24 && hint != 20) || (hint & ~6u) == 32)
        return;
    writes(in, 16);
    writes(in, 17);
    writes(in, 30);
}

// DC by address, which reads Rt: cleaning, and zeroing a block.
static void decode_cache(struct insn *in, uint32_t word, const struct a64_cpu *cpu)
{
    unsigned operation = field(word, 11, 8) << 4 | field(word, 7, 5);
    reads(in, rd(word));
    struct mem line = {.base = not_sp(rd(word)), .index = GPR_NONE, .scale = 1};
    switch (operation) {
    case 0x41: // zva
        line.store = line.aligned = true;
        line.width = (uint16_t)cpu->zero_bytes;
        in->mems[in->mem_count++] = line;
        break;
    case 0x43: // gva
    case 0x44: // gzva
        in->refused = "a store of memory tags";
        break;
    case 0xa1: // cvac
    case 0xc1: // cvap
    case 0xd1: // cvadp
    case 0xe1: // civac
        in->flush = true;
        in->mems[in->mem_count++] = line;
        break;
    case 0x51: // ic ivau
    case 0xb1: // dc cvau: to where instructions are fetched from, which may be a cache
        break;
    default:
        in->refused = "a cache instruction that is not modelled";
    }
}

static bool sets_float_control(uint32_t word)
{
    return (word & 0xffffffe0) == 0xd51b4400;
}

static void decode_system(struct insn *in, uint32_t word, const struct a64_cpu *cpu)
{
    bool sets_flags = (word & 0xffffffe0) == 0xd51b4200;                           // msr nzcv
    bool sets_status = (word & 0xffffffe0) == 0xd51b4420;                          // msr fpsr
    bool flips_flags = (word & 0xffffff1f) == 0xd500401f && field(word, 7, 5) < 3; // cfinv, axflag
    if ((word & 0xfffff01f) == 0xd503201f) {
        decode_hint(in, word);
    } else if ((word & 0xfffff01f) == 0xd503301f) { // barriers, clrex
        struct ordering order = ordering_of(EM_AARCH64, false, in->bytes, 4);
        in->fence = ordering_is_fence(order);
        in->drains = ordering_drains(order);
    } else if ((word & 0xfffff000) == 0xd50b7000) {
        decode_cache(in, word, cpu);
    } else if ((word & 0xfff00000) == 0xd5300000) { // mrs
        writes(in, rd(word));
    } else if (sets_flags || sets_status || sets_float_control(word)) {
        reads(in, rd(word));
        if (sets_float_control(word))
            in->traits |= TRAIT_FPCR;
    } else if ((word & 0xfffff000) == 0xd5233000) {
        in->refused = "a transaction, whose stores may be undone";
    } else if ((word & 0xffffffe0) == 0xd51bd040) {
        in->refused = "a change of the thread's base";
    } else if (!flips_flags) {
        in->refused = "a system instruction that is not modelled";
    }
}

// ---- branches ----

struct a64_branch a64_signed_branch(uint32_t word)
{
    bool zero = (word & 0xff9ff800) == 0xd61f0800, by_register = (word & 0xff9ff800) == 0xd71f0800;
    struct a64_branch none = {SIGNED_NOT, GPR_NONE};
    uint8_t key = field(word, 10, 10) ? SIGNED_B : SIGNED_A;
    unsigned opc = field(word, 22, 21);
    if (zero && opc == 2 && rn(word) == 31 && rd(word) == 31) // retaa
        return (struct a64_branch){key, A64_SP};
    if (zero && opc < 2 && rd(word) == 31) // braaz, blraaz
        return (struct a64_branch){key, GPR_NONE};
    if (by_register && opc < 2) // braa, blraa
        return (struct a64_branch){key, (uint8_t)rd(word)};
    return none;
}

static void decode_branch_register(struct insn *in, uint32_t word)
{
    struct a64_branch by = a64_signed_branch(word);
    unsigned opc = field(word, 22, 21);
    bool plain = (word & 0xff9ffc1f) == 0xd61f0000 && opc < 3;
    if (!plain && by.key == SIGNED_NOT) {
        in->refused = field(word, 24, 21) >= 4 ? "an exception return" : a64_unknown;
        return;
    }
    static const uint8_t flows[] = {FLOW_JUMP_INDIRECT, FLOW_CALL_INDIRECT, FLOW_RETURN};
    in->flow = flows[opc];
    in->reg = (uint8_t)(opc == 2 && !plain ? 30 : rn(word));
    reads(in, in->reg);
    if (by.modifier != GPR_NONE)
        reads(in, by.modifier);
    if (opc == 1)
        writes(in, 30);
}

static void decode_exception(struct insn *in, uint32_t word)
{
    unsigned opc = field(word, 23, 21), level = field(word, 1, 0);
    if (opc == 0 && level == 1)
        in->refused = "a system call, whose stores cannot be recorded";
    else if (opc == 0)
        in->refused = "a call of a hypervisor or monitor";
    else if ((opc == 1 || opc == 2) && field(word, 4, 0) == 0)
        in->undefined = opc == 2; // brk and hlt fault where they stand
    else
        in->refused = a64_unknown;
}

static void decode_branch(struct insn *in, uint32_t word, const struct a64_cpu *cpu)
{
    unsigned top = field(word, 31, 24);
    if ((top & 0x7c) == 0x14) { // b, bl
        in->flow = top & 0x80 ? FLOW_CALL : FLOW_JUMP;
        in->target = in->addr + (uint64_t)signed_field(word, 25, 0) * 4;
        if (in->flow == FLOW_CALL)
            writes(in, 30);
    } else if ((top & 0x7e) == 0x34 || top == 0x54) { // cbz, cbnz, b.cond
        in->flow = FLOW_BRANCH;
        in->target = in->addr + (uint64_t)signed_field(word, 23, 5) * 4;
        if (top != 0x54)
            reads(in, rd(word));
    } else if ((top & 0x7e) == 0x36) { // tbz, tbnz
        in->flow = FLOW_BRANCH;
        in->target = in->addr + (uint64_t)signed_field(word, 18, 5) * 4;
        reads(in, rd(word));
    } else if ((top & 0xfe) == 0xd6) {
        decode_branch_register(in, word);
    } else if (top == 0xd4) {
        decode_exception(in, word);
    } else if (top == 0xd5) {
        decode_system(in, word, cpu);
    } else {
        in->refused = a64_unknown;
    }
}

// ---- all of it ----

// By bits 28 to 25 (C4.1, table C4-1).
static void decode_word(struct insn *in, uint32_t word, const struct a64_cpu *cpu)
{
    unsigned group = field(word, 28, 25);
    if (field(word, 31, 16) == 0)
        in->undefined = true; // udf
    else if ((group & 0xe) == 8)
        decode_immediate(in, word);
    else if ((group & 0xe) == 10)
        decode_branch(in, word, cpu);
    else if ((group & 5) == 4)
        a64_decode_memory(in, word);
    else if ((group & 7) == 5)
        decode_register(in, word);
    else if ((group & 7) == 7)
        decode_vector(in, word);
    else if (group == 2 && field(word, 31, 31))
        a64_decode_sve_memory(in, word, cpu->vector_bytes);
    else if (group == 2)
        a64_decode_sve(in, word, cpu->vector_bytes);
    else
        in->refused = group == 0 && field(word, 31, 31) ? "an instruction of SME" : a64_unknown;
}

void a64_decode(const struct a64_cpu *cpu, uint64_t addr, const uint8_t *code, unsigned length,
                struct insn *out)
{
    uint32_t word;
    memset(out, 0, sizeof *out);
    out->addr = addr;
    out->reg = out->from = out->status = GPR_NONE;
    out->length = length < sizeof word ? (uint8_t)length : sizeof word;
    memcpy(out->bytes, code, out->length);
    if (length < sizeof word || addr % sizeof word != 0) {
        insn_refuse(out, "an instruction that is not aligned");
        return;
    }
    memcpy(&word, code, sizeof word);
    decode_word(out, word, cpu);
    if (out->refused)
        insn_refuse(out, out->refused);
}
