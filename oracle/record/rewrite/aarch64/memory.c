// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Loads and stores of A64 (C4.1.94), but for those of SVE.

#include "record/rewrite/aarch64/word.h"

#include <stddef.h>

static const char moves_own_base[] = "a load into the register of its own address";
static const char with_tags[] = "an access of memory tags";

// The base is moved by BY, before the access or after it.
static void write_back(struct insn *in, uint32_t word, int64_t by)
{
    if (in->written >> rn(word) & 1 && rn(word) != A64_SP)
        in->refused = moves_own_base;
    writes(in, rn(word));
    in->effect = EFFECT_ADD;
    in->reg = (uint8_t)rn(word);
    in->imm = by;
}

static void general_data(struct insn *in, unsigned reg, bool load)
{
    if (reg == A64_ZERO)
        return;
    if (load)
        writes(in, reg);
    else
        reads(in, reg);
}

// ---- one register ----

// Adds the access of a load or store by its fields size, V and opc, and gives what its
// offset counts in, as a power of two. A prefetch is no access.
static unsigned add_register(struct insn *in, uint32_t word)
{
    unsigned size = field(word, 31, 30), opc = field(word, 23, 22);
    bool vector = field(word, 26, 26), whole = vector && opc >= 2, load = vector ? opc & 1 : opc;
    if (!vector && size == 3 && opc == 2) {
        in->prefetch = true;
        reads(in, rn(word));
        return 3;
    }
    if ((whole && size != 0) || (!vector && size >= 2 && opc == 3)) {
        in->refused = a64_unknown;
        return 0;
    }
    struct mem *m = a64_add_mem(in, word, whole ? 8 : 1u << size, whole ? 2 : 1, load, !load);
    m->pairs = whole;
    if (!vector)
        general_data(in, rd(word), load);
    else if (load)
        a64_writes_vectors(in, rd(word), 1);
    return whole ? 4 : size;
}

static void decode_unsigned_offset(struct insn *in, uint32_t word)
{
    unsigned scale = add_register(in, word);
    in->mems[0].disp = (int64_t)field(word, 21, 10) << scale;
}

static void decode_unscaled(struct insn *in, uint32_t word)
{
    add_register(in, word);
    in->mems[0].disp = signed_field(word, 20, 12);
}

static void decode_unprivileged(struct insn *in, uint32_t word)
{
    decode_unscaled(in, word);
    if (field(word, 26, 26) || in->prefetch)
        in->refused = a64_unknown;
}

static void decode_indexed(struct insn *in, uint32_t word)
{
    int64_t by = signed_field(word, 20, 12);
    bool before = field(word, 11, 11);
    add_register(in, word);
    in->mems[0].disp = before ? by : 0;
    write_back(in, word, by);
    if (in->prefetch)
        in->refused = a64_unknown;
}

static void decode_register_offset(struct insn *in, uint32_t word)
{
    unsigned option = field(word, 15, 13), scale = add_register(in, word);
    unsigned times = 1u << (field(word, 12, 12) ? scale : 0);
    struct mem *m = &in->mems[0];
    if (!(option & 2) && !in->prefetch) // RPRFM has all of them
        in->refused = a64_unknown;
    reads(in, rm(word));
    if (option & 1) { // lsl, sxtx
        m->index = not_sp(rm(word));
        m->scale = (uint8_t)times;
    } else if (rm(word) != A64_ZERO) { // uxtw, sxtw
        m->part = (uint8_t)rm(word);
        m->part_bytes = 4;
        m->part_signed = option == 6;
        m->part_times = (uint8_t)times;
    }
}

static void decode_literal(struct insn *in, uint32_t word)
{
    unsigned opc = field(word, 31, 30);
    bool vector = field(word, 26, 26);
    if (opc == 3) {
        in->prefetch = !vector;
        in->refused = vector ? a64_unknown : NULL;
        return;
    }
    unsigned bytes = vector ? 4u << opc : opc == 1 ? 8 : 4;
    struct mem *m = a64_add_mem(in, 0, bytes == 16 ? 8 : bytes, bytes == 16 ? 2 : 1, true, false);
    in->named = 0;
    m->base = GPR_PC;
    m->disp = (int64_t)(in->addr + (uint64_t)signed_field(word, 23, 5) * 4);
    m->pairs = bytes == 16;
    if (vector)
        a64_writes_vectors(in, rd(word), 1);
    else
        general_data(in, rd(word), true);
}

// ---- pairs ----

static void decode_pair(struct insn *in, uint32_t word)
{
    enum { NO_ALLOCATE, AFTER, OFFSET, BEFORE };
    unsigned opc = field(word, 31, 30), how = field(word, 24, 23);
    bool vector = field(word, 26, 26), load = field(word, 22, 22);
    bool sign_extends = !vector && opc == 1;
    if (opc == 3 || (sign_extends && how == NO_ALLOCATE)) {
        in->refused = a64_unknown;
        return;
    }
    if (sign_extends && !load) {
        in->refused = with_tags; // stgp
        return;
    }
    unsigned bytes = vector ? 4u << opc : opc == 2 ? 8 : 4, each = bytes == 16 ? 8 : bytes;
    struct mem *m = a64_add_mem(in, word, each, 2 * bytes / each, load, !load);
    int64_t by = signed_field(word, 21, 15) * (int64_t)bytes;
    m->pairs = each == 8;
    m->disp = how == AFTER ? 0 : by;
    if (vector && load) {
        a64_writes_vectors(in, rd(word), 1);
        a64_writes_vectors(in, ra(word), 1);
    } else if (!vector) {
        general_data(in, rd(word), load);
        general_data(in, ra(word), load);
    }
    if (how == AFTER || how == BEFORE)
        write_back(in, word, by);
}

// ---- structures ----

static void structure_write_back(struct insn *in, uint32_t word, unsigned bytes)
{
    write_back(in, word, bytes);
    if (rm(word) == 31)
        return;
    in->effect = EFFECT_SUM;
    in->from = (uint8_t)rm(word);
    reads(in, rm(word));
}

static void decode_multiple(struct insn *in, uint32_t word)
{
    // By opcode: registers, and whether elements take turns among them.
    static const uint8_t registers[16] = {
        [0] = 4, [2] = 4, [4] = 3, [6] = 3, [7] = 1, [8] = 2, [10] = 2};
    unsigned opcode = field(word, 15, 12), count = registers[opcode], size = field(word, 11, 10);
    bool load = field(word, 22, 22), quad = field(word, 30, 30), takes_turns = !(opcode & 2);
    unsigned element = 1u << size, bytes = count * (quad ? 16 : 8);
    if (count == 0 || (takes_turns && size == 3 && !quad)) {
        in->refused = a64_unknown;
        return;
    }
    a64_add_mem(in, word, element, bytes / element, load, !load);
    if (load)
        a64_writes_vectors(in, rd(word), count);
    if (field(word, 23, 23))
        structure_write_back(in, word, bytes);
}

// Of one lane, or one element for all lanes.
static void decode_single(struct insn *in, uint32_t word)
{
    unsigned scale = field(word, 15, 14), size = field(word, 11, 10), s = field(word, 12, 12);
    unsigned count = (field(word, 13, 13) << 1 | field(word, 21, 21)) + 1;
    bool load = field(word, 22, 22), eight = scale == 2 && size == 1;
    bool known = scale == 0 || (scale == 1 && !(size & 1)) || (scale == 2 && size == 0) ||
                 (eight && !s) || (scale == 3 && load && !s);
    if (!known) {
        in->refused = a64_unknown;
        return;
    }
    unsigned element = scale == 3 ? 1u << size : eight ? 8 : 1u << scale;
    a64_add_mem(in, word, element, count, load, !load);
    if (load)
        a64_writes_vectors(in, rd(word), count);
    if (field(word, 23, 23))
        structure_write_back(in, word, count * element);
}

// ---- order, exclusives, atomics ----

static void decode_swap(struct insn *in, uint32_t word) // cas, casp
{
    // A pair is one access (B2.2.1).
    bool pair = !field(word, 23, 23);
    unsigned each = pair ? 4u << field(word, 30, 30) : 1u << field(word, 31, 30);
    if (ra(word) != 31 || (pair && ((rm(word) | rd(word)) & 1))) {
        in->refused = a64_unknown;
        return;
    }
    a64_add_mem(in, word, each << pair, 1, true, true);
    in->compared = (uint8_t)rm(word);
    in->compared_count = (uint8_t)(1 + pair);
    for (unsigned i = 0; i <= pair; i++) {
        general_data(in, rm(word) + i, true);
        general_data(in, rd(word) + i, false);
    }
    if (rm(word) + pair == A64_ZERO)
        in->refused = "a compare and swap that does not tell whether it stored";
}

static void decode_exclusive(struct insn *in, uint32_t word)
{
    bool load = field(word, 22, 22), pair = field(word, 21, 21);
    // A pair is one access, but for a load of twice 8 bytes (B2.2.1).
    unsigned bytes = (1u << field(word, 31, 30)) << pair, pieces = load && bytes == 16 ? 2 : 1;
    a64_add_mem(in, word, bytes / pieces, pieces, load, !load);
    general_data(in, rd(word), load);
    if (pair)
        general_data(in, ra(word), load);
    in->exclusive = load ? EXCLUSIVE_LOAD : EXCLUSIVE_STORE;
    if (load)
        return;
    in->status = not_sp(rm(word));
    general_data(in, rm(word), true);
    // Which of the two it would be, the architecture leaves open.
    bool overlaps = rm(word) == rn(word) || rm(word) == rd(word) || (pair && rm(word) == ra(word));
    if (overlaps && rm(word) != A64_ZERO)
        in->refused = "a store-exclusive whose status goes to a register that it reads";
    else if (rm(word) == A64_ZERO)
        in->refused = "a store-exclusive that does not tell whether it stored";
    in->may_refuse = "its load-exclusive is in another block, and no record may come between";
}

// Bits o2 and o1 say which (C4.1.94.12 and after).
static void decode_ordered(struct insn *in, uint32_t word)
{
    unsigned size = field(word, 31, 30);
    bool o2 = field(word, 23, 23), o1 = field(word, 21, 21), load = field(word, 22, 22);
    if (o1 && (o2 || size < 2)) {
        decode_swap(in, word);
    } else if (o2) { // ldar, stlr
        a64_add_mem(in, word, 1u << size, 1, load, !load);
        general_data(in, rd(word), load);
    } else {
        decode_exclusive(in, word);
    }
}

static void decode_ordered_unscaled(struct insn *in, uint32_t word) // ldapur, stlur
{
    decode_unscaled(in, word);
    if (in->prefetch)
        in->refused = a64_unknown;
}

static void decode_atomic(struct insn *in, uint32_t word)
{
    unsigned o3 = field(word, 15, 15), opc = field(word, 14, 12), size = field(word, 31, 30);
    bool only_load = o3 && opc == 4; // ldapr
    if (field(word, 26, 26)) {
        in->refused = "an atomic access of floating point";
    } else if (o3 && (opc == 1 || opc == 2 || opc == 3 || opc == 5) && size == 3) {
        in->refused = "an access of 64 bytes at once";
    } else if ((o3 && opc != 0 && opc != 4) || (only_load && (word & 0x00ff0000) != 0x00bf0000)) {
        in->refused = a64_unknown;
    } else {
        a64_add_mem(in, word, 1u << size, 1, true, !only_load);
        if (!only_load)
            general_data(in, rm(word), false);
        general_data(in, rd(word), true);
    }
}

// ---- which of them ----

void a64_decode_memory(struct insn *in, uint32_t word)
{
    static const struct {
        uint32_t mask, word;
        void (*decode)(struct insn *in, uint32_t word);
        const char *refused;
    } rows[] = {
        {0xbfbf0000, 0x0c000000, decode_multiple, 0},
        {0xbfa00000, 0x0c800000, decode_multiple, 0},
        {0xbf9f0000, 0x0d000000, decode_single, 0},
        {0xbf800000, 0x0d800000, decode_single, 0},
        {0x3f000000, 0x08000000, decode_ordered, 0},
        {0xff200000, 0xd9200000, 0, with_tags},
        {0x3b200c00, 0x19000400, 0,
         "a memory copy instruction (FEAT_MOPS), whose widths no one knows"},
        {0x3f200c00, 0x19200000, 0, "an atomic access of 16 bytes"},
        {0x3f200c00, 0x19000000, decode_ordered_unscaled, 0},
        {0x3b000000, 0x18000000, decode_literal, 0},
        {0x3a000000, 0x28000000, decode_pair, 0},
        {0x3b200c00, 0x38000000, decode_unscaled, 0},
        {0x3b200c00, 0x38000800, decode_unprivileged, 0},
        {0x3b200400, 0x38000400, decode_indexed, 0},
        {0x3b200c00, 0x38200000, decode_atomic, 0},
        {0x3b200c00, 0x38200800, decode_register_offset, 0},
        {0xff200400, 0xf8200400, 0, "a load through a signed pointer"},
        {0x3b000000, 0x39000000, decode_unsigned_offset, 0},
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++) {
        if ((word & rows[i].mask) != rows[i].word)
            continue;
        if (rows[i].decode)
            rows[i].decode(in, word);
        else
            in->refused = rows[i].refused;
        return;
    }
    in->refused = "a load or store that is not modelled";
}
