// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// SVE: contiguous loads and stores under a predicate, of one register or of structures,
// and whole registers, which are accessed byte by byte (C4.1.94 to C4.1.102). What a
// first-fault load has loaded is not known before it has; gathers and scatters are not
// modelled.

#include "record/qemu/a64.h"
#include "record/rewrite/aarch64/word.h"

// ---- the others ----

void a64_decode_sve(struct insn *in, uint32_t word, unsigned vector_bytes)
{
    bool adds_length = (word & 0xffa0f000) == 0x04205000; // addvl, addpl
    bool counts = (word & 0xff30fc00) == 0x0420e000 && rn(word) == 31;
    a64_writes_vectors(in, rd(word), 1);
    if (adds_length) {
        int64_t by = signed_field(word, 10, 5) * (int64_t)vector_bytes;
        in->mems[in->mem_count++] = (struct mem){.base = (uint8_t)rm(word),
                                                 .index = GPR_NONE,
                                                 .scale = 1,
                                                 .disp = field(word, 22, 22) ? by / 8 : by};
        in->is_lea = true;
        in->effect = EFFECT_LEA;
        in->reg = (uint8_t)rd(word);
        reads(in, rm(word));
        writes(in, rd(word));
        return;
    }
    // Any of these fields may be a general register; none but the above writes to sp.
    reads(in, rn(word));
    reads(in, rm(word));
    writes(in, rd(word));
    in->written &= ~(1u << A64_SP);
    if (!counts || rd(word) == A64_ZERO)
        return;
    // cntb and its like, of all elements, times a constant
    unsigned elements = vector_bytes >> field(word, 23, 22), times = field(word, 19, 16) + 1;
    in->mems[in->mem_count++] = (struct mem){
        .base = GPR_NONE, .index = GPR_NONE, .scale = 1, .disp = (int64_t)elements * times};
    in->is_lea = true;
    in->effect = EFFECT_LEA;
    in->reg = (uint8_t)rd(word);
}

// ---- loads and stores ----

// By dtype: bytes in memory and in the register, as powers of two.
static const uint8_t types[16] = {0x00, 0x01, 0x02, 0x03, 0x23, 0x11, 0x12, 0x13,
                                  0x13, 0x12, 0x22, 0x23, 0x03, 0x02, 0x01, 0x33};

// Contiguous elements of MEMORY bytes each, of LANES in the register, under the predicate.
struct contiguous {
    unsigned memory, lanes, registers;
    bool load, by_index;
};

static void decode_contiguous(struct insn *in, uint32_t word, unsigned vector_bytes,
                              struct contiguous c)
{
    unsigned elements = c.lanes ? vector_bytes / c.lanes : 0;
    if (c.lanes < c.memory || (c.by_index && rm(word) == 31)) {
        in->refused = a64_unknown;
        return;
    }
    struct mem *m = a64_add_mem(in, word, c.memory, 1, c.load, !c.load);
    if (c.load)
        a64_writes_vectors(in, rd(word), c.registers);
    m->mask = MASK_P;
    m->mask_reg = (uint8_t)field(word, 12, 10);
    m->mask_bytes = (uint8_t)(vector_bytes / 8);
    m->element = (uint8_t)c.memory;
    m->lanes = (uint8_t)c.lanes;
    m->elements = (uint16_t)elements;
    m->structure = (uint8_t)c.registers;
    if (c.by_index) {
        m->index = (uint8_t)rm(word);
        m->scale = (uint8_t)c.memory;
        reads(in, rm(word));
    } else {
        m->disp = signed_field(word, 19, 16) * (int64_t)(elements * c.memory * c.registers);
    }
}

static void decode_whole(struct insn *in, uint32_t word, unsigned bytes, bool load)
{
    struct mem *m = a64_add_mem(in, word, 1, bytes, load, !load);
    uint32_t offset = field(word, 21, 16) << 3 | field(word, 12, 10);
    m->disp = signed_field(offset, 8, 0) * (int64_t)bytes;
    if (load && field(word, 14, 14))
        a64_writes_vectors(in, rd(word), 1);
}

// LD1R: one element for all lanes, if any of them is active.
static void decode_replicate(struct insn *in, uint32_t word, unsigned vector_bytes)
{
    uint8_t type = types[field(word, 24, 23) << 2 | field(word, 14, 13)];
    struct contiguous c = {1u << (type >> 4), 1u << (type & 15), 1, true, false};
    decode_contiguous(in, word, vector_bytes, c);
    in->mems[0].whole = true;
    in->mems[0].disp = (int64_t)field(word, 21, 16) * c.memory;
}

// LD1RQ: 16 bytes for all quadwords.
static void decode_replicate_quad(struct insn *in, uint32_t word, bool by_index)
{
    unsigned element = 1u << field(word, 24, 23);
    struct contiguous c = {element, element, 1, true, by_index};
    if (field(word, 22, 21) != 0) {
        in->refused = "an SVE load of 32 bytes for all lanes";
        return;
    }
    decode_contiguous(in, word, 16, c);
}

static void decode_contiguous_load(struct insn *in, uint32_t word, unsigned vector_bytes)
{
    unsigned form = field(word, 15, 13), type = types[field(word, 24, 21)];
    bool bit20 = field(word, 20, 20), by_index = form == 2 || form == 6;
    struct contiguous one = {1u << (type >> 4), 1u << (type & 15), 1, true, by_index};
    unsigned element = 1u << field(word, 24, 23);
    struct contiguous several = {element, element, field(word, 22, 21) + 1, true, by_index};
    if (form == 0 || (form == 1 && !bit20))
        decode_replicate_quad(in, word, form == 0);
    else if (form == 2 || (form == 5 && !bit20))
        decode_contiguous(in, word, vector_bytes, one);
    else if (form == 6 || (form == 7 && !bit20))
        decode_contiguous(in, word, vector_bytes, several);
    else
        in->refused = form == 3 || form == 5 ? "an SVE load that a fault may cut short"
                                             : "an SVE load that is not modelled";
}

static void decode_store(struct insn *in, uint32_t word, unsigned vector_bytes)
{
    unsigned form = field(word, 15, 13), element = 1u << field(word, 24, 23);
    unsigned number = field(word, 22, 21);
    bool by_index = form == 2 || form == 3, lists = form == 3 || field(word, 20, 20);
    struct contiguous one = {element, 1u << number, 1, false, by_index};
    struct contiguous several = {element, element, number + 1, false, by_index};
    if (form == 2 || form == 3 || form == 7)
        decode_contiguous(in, word, vector_bytes, lists && form != 2 ? several : one);
    else
        in->refused = form == 0 ? "an SVE store that is not modelled" : "an SVE scatter";
}

void a64_decode_sve_memory(struct insn *in, uint32_t word, unsigned vector_bytes)
{
    bool stores = (word & 0xfe000000) == 0xe4000000;
    if (vector_bytes == 0) {
        in->refused = "an SVE access, which this CPU has none of";
    } else if ((word & 0xffc0e010) == 0x85800000 || (word & 0xffc0e010) == 0xe5800000) {
        decode_whole(in, word, vector_bytes / 8, !stores);
    } else if ((word & 0xffc0e000) == 0x85804000 || (word & 0xffc0e000) == 0xe5804000) {
        decode_whole(in, word, vector_bytes, !stores);
    } else if (stores) {
        decode_store(in, word, vector_bytes);
    } else if ((word & 0xfe000000) == 0xa4000000) {
        decode_contiguous_load(in, word, vector_bytes);
    } else if ((word & 0xfe408000) == 0x84408000) {
        decode_replicate(in, word, vector_bytes);
    } else if (a64_prefetches(word)) {
        in->prefetch = true;
        reads(in, rn(word));
        reads(in, rm(word));
    } else {
        in->refused = "an SVE gather";
    }
}
