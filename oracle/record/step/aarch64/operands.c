// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/step/aarch64/operands.h"

#include "trace/barrier.h"

#include <elf.h>
#include <stddef.h>
#include <string.h>

static const char unknown[] = "a load or store that is none known";
static const char of_tags[] = "an access of memory tags";

static unsigned bits(uint32_t word, unsigned low, unsigned count)
{
    return word >> low & ((1u << count) - 1);
}

static bool bit(uint32_t word, unsigned at)
{
    return word >> at & 1;
}

static int64_t signed_bits(uint32_t word, unsigned low, unsigned count)
{
    int64_t value = bits(word, low, count);
    return bit(word, low + count - 1) ? value - (INT64_C(1) << count) : value;
}

static unsigned rt(uint32_t word)
{
    return bits(word, 0, 5);
}
static unsigned rn(uint32_t word)
{
    return bits(word, 5, 5);
}
static unsigned rt2(uint32_t word)
{
    return bits(word, 10, 5);
}
static unsigned rm(uint32_t word)
{
    return bits(word, 16, 5);
}

// At Rn, PIECES of WIDTH bytes.
static void accesses(struct step_operands *o, uint32_t word, enum step_does does, unsigned width,
                     unsigned pieces)
{
    o->does = (uint8_t)does;
    o->base = (uint8_t)rn(word);
    o->width = (uint16_t)width;
    o->pieces = (uint16_t)pieces;
}

// ---- one register (C4.1.94: load/store register) ----

// Its size, as a power of two, by size, V and opc.
static unsigned read_register(struct step_operands *o, uint32_t word)
{
    unsigned size = bits(word, 30, 2), opc = bits(word, 22, 2);
    if (bit(word, 26)) {
        bool quad = bit(word, 23);
        accesses(o, word, bit(word, 22) ? DOES_LOAD : DOES_STORE, quad ? 8 : 1u << size,
                 quad ? 2 : 1);
        o->pairs = quad;
        o->refused = quad && size != 0 ? unknown : NULL;
        return quad ? 4 : size;
    }
    bool prefetch = size == 3 && opc == 2;
    if (opc == 3 && size >= 2)
        o->refused = unknown;
    if (!prefetch)
        accesses(o, word, opc == 0 ? DOES_STORE : DOES_LOAD, 1u << size, 1);
    return size;
}

static void read_scaled(struct step_operands *o, uint32_t word)
{
    unsigned scale = read_register(o, word);
    o->offset = (int64_t)bits(word, 10, 12) << scale;
}

// Offsets in bytes: ldur and its like, ldtr and its like, and both indexed forms, of which
// the one that is moved afterwards is accessed where it was.
static void read_unscaled(struct step_operands *o, uint32_t word)
{
    enum { UNSCALED, AFTER, UNPRIVILEGED, BEFORE };
    unsigned form = bits(word, 10, 2);
    read_register(o, word);
    o->offset = form == AFTER ? 0 : signed_bits(word, 12, 9);
    bool prefetch = o->does == DOES_NOTHING, vector = bit(word, 26);
    if ((prefetch && form != UNSCALED) || (vector && form == UNPRIVILEGED))
        o->refused = unknown;
}

static void read_indexed_by_register(struct step_operands *o, uint32_t word)
{
    unsigned scale = read_register(o, word);
    o->index = (uint8_t)rm(word);
    o->extend = (uint8_t)bits(word, 13, 3);
    o->shift = (uint8_t)(bit(word, 12) ? scale : 0);
    if (!(o->extend & 2) && o->does != DOES_NOTHING)
        o->refused = unknown;
}

static void read_literal(struct step_operands *o, uint32_t word)
{
    unsigned opc = bits(word, 30, 2);
    bool vector = bit(word, 26);
    if (opc == 3) {
        o->refused = vector ? unknown : NULL; // else prfm
        return;
    }
    unsigned bytes = vector ? 4u << opc : opc == 1 ? 8 : 4;
    accesses(o, word, DOES_LOAD, bytes == 16 ? 8 : bytes, bytes == 16 ? 2 : 1);
    o->pairs = bytes == 16;
    o->base = STEP_PC;
    o->offset = 4 * signed_bits(word, 5, 19);
}

// ---- two registers ----

static void read_pair(struct step_operands *o, uint32_t word)
{
    enum { NO_ALLOCATE, AFTER, OFFSET, BEFORE };
    unsigned opc = bits(word, 30, 2), form = bits(word, 23, 2);
    bool vector = bit(word, 26), load = bit(word, 22), signs = !vector && opc == 1;
    unsigned bytes = vector ? 4u << opc : opc == 2 ? 8 : 4;
    if (opc == 3 || (signs && form == NO_ALLOCATE)) {
        o->refused = unknown;
    } else if (signs && !load) {
        o->refused = of_tags; // stgp
    } else {
        unsigned width = bytes > 8 ? 8 : bytes;
        accesses(o, word, load ? DOES_LOAD : DOES_STORE, width, 2 * bytes / width);
        o->pairs = width == 8;
        o->offset = form == AFTER ? 0 : signed_bits(word, 15, 7) * (int64_t)bytes;
    }
}

// ---- structures (C4.1.94: advanced SIMD load/store) ----

static void read_structures(struct step_operands *o, uint32_t word)
{
    unsigned size = bits(word, 10, 2), bytes = bit(word, 30) ? 16 : 8, registers;
    bool interleaved = false;
    switch (bits(word, 12, 4)) {
    case 0: // ld4
    case 4: // ld3
    case 8: // ld2
        registers = 4 - bits(word, 14, 2);
        interleaved = true;
        break;
    case 2: // ld1 of four
        registers = 4;
        break;
    case 6: // ... of three
        registers = 3;
        break;
    case 7:
        registers = 1;
        break;
    case 10:
        registers = 2;
        break;
    default:
        o->refused = unknown;
        return;
    }
    if (interleaved && size == 3 && bytes == 8)
        o->refused = unknown;
    accesses(o, word, bit(word, 22) ? DOES_LOAD : DOES_STORE, 1u << size,
             registers * bytes >> size);
}

// Of a lane of each register; or, by opcodes 6 and 7, one that goes to all lanes.
static void read_lane(struct step_operands *o, uint32_t word)
{
    unsigned opcode = bits(word, 13, 3), size = bits(word, 10, 2), element = opcode >> 1;
    bool load = bit(word, 22), s = bit(word, 12), wrong = false;
    switch (element) {
    case 1:
        wrong = size & 1;
        break;
    case 2:
        wrong = size > 1 || (size == 1 && s);
        element += size;
        break;
    case 3:
        wrong = !load || s;
        element = size;
        break;
    default:
        break;
    }
    if (wrong)
        o->refused = unknown;
    accesses(o, word, load ? DOES_LOAD : DOES_STORE, 1u << element,
             1 + 2 * (opcode & 1) + bit(word, 21));
}

// ---- order, exclusives, atomics ----

static void read_compare_and_swap(struct step_operands *o, uint32_t word)
{
    bool pair = !bit(word, 23);
    unsigned bytes = pair ? 8u << bit(word, 30) : 1u << bits(word, 30, 2);
    if (rt2(word) != 31 || (pair && ((rt(word) | rm(word)) & 1)))
        o->refused = unknown;
    accesses(o, word, DOES_BOTH, bytes, 1);
    o->compared = (uint8_t)rm(word);
    o->compared_count = (uint8_t)(pair ? 2 : 1);
}

static void read_exclusive(struct step_operands *o, uint32_t word)
{
    bool pair = bit(word, 21), load = bit(word, 22);
    unsigned bytes = (1u << bits(word, 30, 2)) << pair;
    bool halves = load && bytes == 16; // alone of these no single access (B2.2.1)
    accesses(o, word, load ? DOES_LOAD : DOES_STORE, halves ? 8 : bytes, halves ? 2 : 1);
    o->exclusive = load ? EXCLUSIVE_TAKES : EXCLUSIVE_GIVES;
    o->data[0] = (uint8_t)rt(word);
    o->data[1] = (uint8_t)rt2(word);
    o->data_count = (uint8_t)(pair ? 2 : 1);
    o->status = (uint8_t)rm(word);
    bool overlaps = rm(word) == rn(word) || rm(word) == rt(word) || (pair && rm(word) == rt2(word));
    if (!load && overlaps && rm(word) != STEP_ZERO)
        o->refused = "a store-exclusive whose status goes to a register that it reads";
}

static void read_ordered(struct step_operands *o, uint32_t word)
{
    bool o2 = bit(word, 23), o1 = bit(word, 21);
    if (o1 && (o2 || !bit(word, 31)))
        read_compare_and_swap(o, word);
    else if (o2)
        accesses(o, word, bit(word, 22) ? DOES_LOAD : DOES_STORE, 1u << bits(word, 30, 2), 1);
    else
        read_exclusive(o, word);
}

static void read_ordered_unscaled(struct step_operands *o, uint32_t word)
{
    read_register(o, word);
    o->offset = signed_bits(word, 12, 9);
    if (o->does == DOES_NOTHING)
        o->refused = unknown;
}

static void read_atomic(struct step_operands *o, uint32_t word)
{
    unsigned operation = bits(word, 12, 4), size = bits(word, 30, 2);
    enum { SWAP = 8, LOAD_ACQUIRE = 12 };
    bool whole_lines = size == 3 && operation >= 9 && operation != LOAD_ACQUIRE && operation < 14;
    bool acquires = operation == LOAD_ACQUIRE;
    if (bit(word, 26))
        o->refused = "an atomic access of floating point";
    else if (whole_lines)
        o->refused = "an access of 64 bytes at once";
    else if (operation > SWAP && !acquires)
        o->refused = unknown;
    else if (acquires && bits(word, 16, 8) != 0xbf)
        o->refused = unknown;
    accesses(o, word, acquires ? DOES_LOAD : DOES_BOTH, 1u << size, 1);
}

// ---- SVE ----

// Each active element MEMORY bytes of memory, LANE of a register.
static void predicated(struct step_operands *o, uint32_t word, unsigned vector_bytes,
                       unsigned memory, unsigned lane, unsigned structure)
{
    o->width = (uint16_t)memory;
    o->lane = (uint8_t)lane;
    o->structure = (uint8_t)structure;
    o->elements = (uint16_t)(vector_bytes / lane);
    o->predicate = (uint8_t)bits(word, 10, 3);
    o->refused = lane < memory ? unknown : NULL;
}

// Address by a register, or by an immediate that counts what all lanes would take.
static void sve_address(struct step_operands *o, uint32_t word, bool by_register)
{
    if (by_register) {
        o->index = (uint8_t)rm(word);
        o->extend = EXTEND_UXTX;
        o->shift = (uint8_t)__builtin_ctz(o->width);
        o->refused = rm(word) == 31 ? unknown : o->refused;
    } else {
        o->offset = signed_bits(word, 16, 4) * (int64_t)o->elements * o->structure * o->width;
    }
}

static void sve_load(struct step_operands *o, uint32_t word, const struct step_cpu *cpu)
{
    // By dtype: what is in memory, and in the register.
    static const uint8_t memory[16] = {1, 1, 1, 1, 4, 2, 2, 2, 2, 2, 4, 4, 1, 1, 1, 8};
    static const uint8_t lanes[16] = {1, 2, 4, 8, 8, 2, 4, 8, 8, 4, 4, 8, 8, 4, 2, 8};
    unsigned type = bits(word, 21, 4), size = 1u << bits(word, 23, 2), number = bits(word, 21, 2);
    bool other = bit(word, 20);
    accesses(o, word, DOES_LOAD, 0, 0);
    switch (bits(word, 13, 3)) {
    case 0: // ld1rq
    case 1:
        predicated(o, word, 16, size, size, 1);
        sve_address(o, word, !bit(word, 13));
        if (bit(word, 13) && other)
            o->refused = unknown;
        if (number != 0)
            o->refused = "an SVE load of 32 bytes for all lanes";
        return;
    case 2:
    case 5:
        predicated(o, word, cpu->vector_bytes, memory[type], lanes[type], 1);
        sve_address(o, word, bits(word, 13, 3) == 2);
        if (bits(word, 13, 3) == 5 && other)
            o->refused = "an SVE load that a fault may cut short";
        return;
    case 3:
        o->refused = "an SVE load that a fault may cut short";
        return;
    case 6:
    case 7:
        predicated(o, word, cpu->vector_bytes, size, size, number + 1);
        sve_address(o, word, !bit(word, 13));
        if (bit(word, 13) && other)
            o->refused = unknown;
        return;
    default:
        o->refused = unknown;
    }
}

static void sve_store(struct step_operands *o, uint32_t word, const struct step_cpu *cpu)
{
    unsigned memory = 1u << bits(word, 23, 2), number = bits(word, 21, 2), form = bits(word, 13, 3);
    bool several = form == 3 || (form == 7 && bit(word, 20));
    accesses(o, word, DOES_STORE, 0, 0);
    if (form != 2 && form != 3 && form != 7) {
        o->refused = "an SVE scatter";
        return;
    }
    predicated(o, word, cpu->vector_bytes, memory, several ? memory : 1u << number,
               several ? number + 1 : 1);
    sve_address(o, word, form != 7);
}

static void sve_replicate(struct step_operands *o, uint32_t word, const struct step_cpu *cpu)
{
    static const uint8_t memory[16] = {1, 1, 1, 1, 4, 2, 2, 2, 2, 2, 4, 4, 1, 1, 1, 8};
    static const uint8_t lanes[16] = {1, 2, 4, 8, 8, 2, 4, 8, 8, 4, 4, 8, 8, 4, 2, 8};
    unsigned type = bits(word, 23, 2) << 2 | bits(word, 13, 2);
    accesses(o, word, DOES_LOAD, 0, 0);
    predicated(o, word, cpu->vector_bytes, memory[type], lanes[type], 1);
    o->replicates = true;
    o->offset = bits(word, 16, 6) * (int64_t)memory[type];
}

// ldr, str of a vector or predicate, byte by byte.
static void sve_whole(struct step_operands *o, uint32_t word, const struct step_cpu *cpu)
{
    unsigned bytes = bit(word, 14) ? cpu->vector_bytes : cpu->vector_bytes / 8;
    uint32_t offset = bits(word, 16, 6) << 3 | bits(word, 10, 3);
    accesses(o, word, word >> 29 == 7 ? DOES_STORE : DOES_LOAD, 1, bytes);
    o->offset = signed_bits(offset, 0, 9) * (int64_t)bytes;
}

// prf, by its addresses (C4.1): a gather differs from some in a bit alone.
static bool sve_prefetches(uint32_t word)
{
    static const struct {
        uint32_t mask, word;
    } forms[] = {
        {0xffc08010, 0x85c00000}, // scalar and immediate
        {0xfe60e010, 0x8400c000}, // scalar and scalar
        {0xfe60e010, 0x8400e000}, // vector of words and immediate
        {0xfe60e010, 0xc400e000}, // vector of doublewords and immediate
        {0xffa08010, 0x84200000}, // scalar and vector of words, extended
        {0xffa08010, 0xc4200000}, // scalar and vector of doublewords, extended
        {0xffe08010, 0xc4608000}, // scalar and vector of doublewords
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if ((word & forms[i].mask) == forms[i].word)
            return true;
    return false;
}

static void read_sve(struct step_operands *o, uint32_t word, const struct step_cpu *cpu)
{
    bool whole = (word & 0xfe40a000) == 0x84000000 || (word & 0xfe40a000) == 0xe4000000;
    if (cpu->vector_bytes == 0)
        return; // it is none of this CPU's, which says so itself
    if (whole && bits(word, 23, 2) == 3 && (bit(word, 14) || !bit(word, 4)))
        sve_whole(o, word, cpu);
    else if (word >> 25 == 0x72)
        sve_store(o, word, cpu);
    else if (word >> 25 == 0x52)
        sve_load(o, word, cpu);
    else if ((word & 0xfe408000) == 0x84408000)
        sve_replicate(o, word, cpu);
    else if (!sve_prefetches(word))
        o->refused = "an SVE gather";
}

// ---- system ----

static void read_cache_operation(struct step_operands *o, uint32_t word, const struct step_cpu *cpu)
{
    unsigned crm = bits(word, 8, 4), op2 = bits(word, 5, 3);
    bool zeroes = crm == 4 && op2 == 1;
    bool cleans = op2 == 1 && (crm == 10 || crm == 12 || crm == 13 || crm == 14);
    bool for_code = op2 == 1 && (crm == 5 || crm == 11); // ic ivau, dc cvau
    if (zeroes) {
        accesses(o, word, DOES_STORE, cpu->zero_bytes, 1);
        o->aligned = true;
    } else if (cleans) {
        accesses(o, word, DOES_FLUSH, 0, 1);
    } else if (!for_code) {
        o->refused = crm == 4 ? "a store of memory tags" : "a cache instruction that is not known";
    }
    o->base = (uint8_t)rt(word); // whose 31 is no stack pointer
    if (rt(word) == STEP_ZERO && o->does != DOES_NOTHING)
        o->refused = "a cache instruction at address 0";
}

static void read_barrier(struct step_operands *o, uint32_t word)
{
    uint8_t bytes[sizeof word];
    memcpy(bytes, &word, sizeof word);
    struct ordering order = ordering_of(EM_AARCH64, false, bytes, sizeof bytes);
    if (ordering_is_fence(order)) {
        o->does = DOES_FENCE;
        o->drains = ordering_drains(order);
    } else if (bits(word, 5, 3) == 2) {
        o->exclusive = EXCLUSIVE_DROPS; // clrex
    }
}

static void read_system(struct step_operands *o, uint32_t word, const struct step_cpu *cpu)
{
    bool flags = (word & 0xffffff1f) == 0xd500401f && bits(word, 5, 3) < 3; // cfinv and others
    bool reads = word >> 20 == 0xd53, hint = (word & 0xfffff01f) == 0xd503201f;
    // msr to nzcv, fpcr, fpsr
    bool own = (word & 0xffffffe0) == 0xd51b4200 || (word & 0xffffffc0) == 0xd51b4400;
    if ((word & 0xfffff01f) == 0xd503301f)
        read_barrier(o, word);
    else if (word >> 12 == 0xd50b7)
        read_cache_operation(o, word, cpu);
    else if (word >> 12 == 0xd5233)
        o->refused = "a transaction, whose stores may be undone";
    else if (!flags && !reads && !hint && !own)
        o->refused = "a system instruction that is not known";
}

static void read_exception(struct step_operands *o, uint32_t word)
{
    unsigned opc = bits(word, 21, 3), level = bits(word, 0, 2);
    if (opc == 0 && level == 1)
        o->refused = "a system call, whose stores cannot be recorded";
    else if (opc == 0 && level > 1)
        o->refused = "a call of a hypervisor or monitor";
    o->undefined = opc == 2; // hlt
}

// ---- all of it ----

// The first row that fits. Those of what is not stepped have no function.
static const struct row {
    uint32_t mask, word;
    void (*read)(struct step_operands *o, uint32_t word);
    const char *refused;
} rows[] = {
    {0x3f000000, 0x08000000, read_ordered, NULL},
    {0xbfbf0000, 0x0c000000, read_structures, NULL},
    {0xbfa00000, 0x0c800000, read_structures, NULL}, // and moves the address
    {0xbf9f0000, 0x0d000000, read_lane, NULL},
    {0xbf800000, 0x0d800000, read_lane, NULL}, // likewise
    {0x3b000000, 0x18000000, read_literal, NULL},
    {0xff200000, 0xd9200000, NULL, of_tags},
    {0x3f200c00, 0x19000000, read_ordered_unscaled, NULL},
    {0x3f200c00, 0x19200000, NULL, "an atomic access of 16 bytes"},
    {0x3b200c00, 0x19000400, NULL,
     "a memory copy instruction (FEAT_MOPS), whose widths no one knows"},
    {0x3a000000, 0x28000000, read_pair, NULL},
    {0x3b200000, 0x38000000, read_unscaled, NULL},
    {0x3b200c00, 0x38200000, read_atomic, NULL},
    {0x3b200c00, 0x38200800, read_indexed_by_register, NULL},
    {0xff200400, 0xf8200400, NULL, "a load through a signed pointer"},
    {0x3b000000, 0x39000000, read_scaled, NULL},
};

static void read_memory(struct step_operands *o, uint32_t word)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if ((word & rows[i].mask) != rows[i].word)
            continue;
        o->refused = rows[i].refused;
        if (rows[i].read)
            rows[i].read(o, word);
        return;
    }
    o->refused = unknown;
}

struct step_operands operands_read(uint32_t word, const struct step_cpu *cpu)
{
    struct step_operands o = {.index = STEP_ZERO, .undefined = word >> 16 == 0};
    unsigned group = bits(word, 25, 4);
    if ((group & 5) == 4)
        read_memory(&o, word);
    else if (group == 2 && bit(word, 31))
        read_sve(&o, word, cpu);
    else if (word >> 24 == 0xd4)
        read_exception(&o, word);
    else if (word >> 24 == 0xd5)
        read_system(&o, word, cpu);
    else if (group == 0 && bit(word, 31))
        o.refused = "an instruction of SME";
    if (o.refused)
        o.does = DOES_NOTHING;
    return o;
}
