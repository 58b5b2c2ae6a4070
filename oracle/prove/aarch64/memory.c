// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Loads and stores. What is one access follows the architecture's single-copy atomicity
// (B2.2.1) on a CPU without FEAT_LSE2: each register of a pair is one, one of 128 bits is two,
// each element of a structure is one.

#include "prove/aarch64/semantics.h"

enum { QUAD = 16, WORD = 8 };

// Register 31 is the stack pointer here, which has to be aligned (D1.3.10.2).
static const struct form *base(struct execution *x)
{
    const struct form *f = norm(x, a64_number_or_sp(x, rn(x), 64), 64);
    if (rn(x) != SP)
        return f;
    const struct form *off = form_sub(x->pool, f, x->setting->rsp);
    if (off->count != 0 || off->c % 16 != 0)
        execution_unknown(x, "goes by a stack pointer that may not be aligned");
    return f;
}

static void write_back(struct execution *x, const struct form *f)
{
    a64_set_or_sp(x, rn(x), 64, f);
}

static const struct form *plus(struct execution *x, const struct form *f, int64_t by)
{
    return norm(x, form_plus(x->pool, f, by), 64);
}

// ---- vectors ----

static const struct bytes *vector(struct execution *x, unsigned reg, unsigned width)
{
    const struct bytes *b = x->m->vectors[reg] ? x->m->vectors[reg] : x->m->none;
    return bytes_slice(x->pool, b, 0, width);
}

// What lies above is cleared.
static void set_vector(struct execution *x, unsigned reg, const struct bytes *b)
{
    x->m->vectors[reg] = bytes_slice(x->pool, b, 0, VECTOR_BYTES);
}

void a64_move_vector(struct execution *x)
{
    if (rn(x) == rm(x))
        set_vector(x, rd(x), vector(x, rn(x), field(x->step->word, 30, 30) ? QUAD : WORD));
    else
        a64_opaque_vector(x);
}

void a64_move_to_vector(struct execution *x)
{
    set_vector(x, rd(x), value_to_bytes(x, a64_value(x, rn(x), 64), WORD));
}

void a64_move_from_vector(struct execution *x)
{
    a64_set(x, rd(x), 64, value_bytes(vector(x, rn(x), WORD)));
}

void a64_opaque_vector(struct execution *x)
{
    x->m->vectors[rd(x)] = x->m->none;
}

// ---- one register ----

// Accesses of EACH bytes, by one execution.
static const struct bytes *load_parts(struct execution *x, const struct form *at, unsigned width,
                                      unsigned each)
{
    const struct bytes *all = NULL;
    for (unsigned i = 0; i < width; i += each) {
        struct value v = memory_load(x, plus(x, at, i), each, 0, NULL);
        const struct bytes *part = value_to_bytes(x, v, each);
        all = all ? bytes_join(x->pool, all, part) : part;
        x->continues = true;
    }
    return all;
}

static void store_parts(struct execution *x, const struct form *at, unsigned each,
                        const struct bytes *all)
{
    for (unsigned i = 0; i < all->total; i += each) {
        memory_store(x, plus(x, at, i), each, 0, NULL, bytes_slice(x->pool, all, i, each));
        x->continues = true;
    }
}

static unsigned part_of(unsigned width)
{
    return width == QUAD ? WORD : width;
}

static void move_vector(struct execution *x, unsigned reg, bool load, const struct form *at,
                        unsigned width)
{
    if (load)
        set_vector(x, reg, load_parts(x, at, width, part_of(width)));
    else
        store_parts(x, at, part_of(width), vector(x, reg, width));
}

// TO: bits that a load with a sign fills; 0: it has none.
static void load_general(struct execution *x, unsigned reg, const struct form *at, unsigned width,
                         unsigned to)
{
    struct value v = memory_load(x, at, width, 0, NULL);
    x->continues = true;
    if (reg == ZERO)
        return;
    if (to)
        a64_set_number(x, reg, to, norm_signed(x, value_to_number(x, v), 8 * width));
    else if (v.kind == VALUE_BYTES)
        a64_set(x, reg, 64, value_bytes(bytes_slice(x->pool, v.bytes, 0, WORD)));
    else
        a64_set_number(x, reg, 64, norm(x, v.number, 8 * width));
}

static void store_general(struct execution *x, unsigned reg, const struct form *at, unsigned width)
{
    memory_store(x, at, width, 0, NULL,
                 value_to_bytes(x, a64_value(x, reg, width == WORD ? 64 : 32), width));
    x->continues = true;
}

// ---- addresses of one register ----

static bool is_vector(const struct execution *x)
{
    return field(x->step->word, 26, 26);
}

static unsigned log_width(const struct execution *x)
{
    unsigned size = field(x->step->word, 31, 30);
    return is_vector(x) && field(x->step->word, 23, 23) ? 4 : size;
}

static bool is_prefetch(const struct execution *x)
{
    return !is_vector(x) && field(x->step->word, 31, 30) == 3 && field(x->step->word, 23, 22) == 2;
}

static void move_one(struct execution *x, const struct form *at)
{
    enum { STORE, LOAD, SIGNED_64, SIGNED_32 };
    unsigned size = field(x->step->word, 31, 30), opc = field(x->step->word, 23, 22);
    unsigned width = 1u << log_width(x);
    if (is_prefetch(x))
        return;
    if (is_vector(x) && opc >= 2 && size != 0)
        execution_unknown(x, "is not modelled");
    else if (is_vector(x))
        move_vector(x, rd(x), opc & 1, at, width);
    else if (opc == STORE)
        store_general(x, rd(x), at, width);
    else if (opc == SIGNED_32 && size > 1)
        execution_unknown(x, "is not modelled");
    else
        load_general(x, rd(x), at, width, opc == SIGNED_64 ? 64 : opc == SIGNED_32 ? 32 : 0);
}

void a64_unscaled(struct execution *x)
{
    move_one(x, plus(x, base(x), signed_field(x->step->word, 20, 12)));
}

void a64_unsigned_offset(struct execution *x)
{
    move_one(x, plus(x, base(x), (int64_t)field(x->step->word, 21, 10) << log_width(x)));
}

void a64_register_offset(struct execution *x)
{
    uint32_t word = x->step->word;
    unsigned option = field(word, 15, 13), by = field(word, 12, 12) ? log_width(x) : 0;
    if (!(option & 2)) {
        execution_unknown(x, "is not modelled");
        return;
    }
    const struct form *off = a64_extended(x, rm(x), option, by);
    move_one(x, norm(x, form_add(x->pool, base(x), off), 64));
}

// What the manual leaves open: a base that is moved as well.
static bool moves_own_base(const struct execution *x, unsigned reg)
{
    return !is_vector(x) && reg == rn(x) && reg != SP;
}

void a64_indexed(struct execution *x)
{
    uint32_t word = x->step->word;
    const struct form *at = base(x), *moved = plus(x, at, signed_field(word, 20, 12));
    if (is_prefetch(x) || moves_own_base(x, rd(x))) {
        execution_unknown(x, "is not modelled");
        return;
    }
    move_one(x, field(word, 11, 11) ? moved : at);
    write_back(x, moved);
}

void a64_literal(struct execution *x)
{
    uint32_t word = x->step->word;
    unsigned opc = field(word, 31, 30);
    uint64_t at = x->step->at + (uint64_t)signed_field(word, 23, 5) * 4;
    const struct form *f = form_constant(x->pool, (wide)at);
    if (opc == 3 && !is_vector(x)) // prfm
        return;
    if (opc == 3)
        execution_unknown(x, "is not modelled");
    else if (is_vector(x))
        move_vector(x, rd(x), true, f, 4u << opc);
    else
        load_general(x, rd(x), f, opc == 1 ? WORD : WORD / 2, opc == 2 ? 64 : 0);
}

void a64_ordered(struct execution *x)
{
    unsigned bits = field(x->step->word, 31, 30);
    const struct form *at = base(x);
    // Whether it faults elsewhere depends on the CPU.
    if (bits && !decide(x, (struct claim){EQUAL, known_low(x->known, at, bits)}))
        execution_unknown(x, "an access that has to be aligned may not be");
    else if (field(x->step->word, 22, 22))
        load_general(x, rd(x), at, 1u << bits, 0);
    else
        store_general(x, rd(x), at, 1u << bits);
}

// ---- several registers ----

static void move_pair(struct execution *x, const struct form *at, unsigned width)
{
    uint32_t word = x->step->word;
    bool load = field(word, 22, 22);
    unsigned to = !is_vector(x) && field(word, 31, 30) == 1 ? 64 : 0; // ldpsw
    const struct form *second = plus(x, at, width);
    if (is_vector(x)) {
        move_vector(x, rd(x), load, at, width);
        move_vector(x, ra(x), load, second, width);
    } else if (load) {
        load_general(x, rd(x), at, width, to);
        load_general(x, ra(x), second, width, to);
    } else {
        store_general(x, rd(x), at, width);
        store_general(x, ra(x), second, width);
    }
}

void a64_pair(struct execution *x)
{
    enum { NO_ALLOCATE, AFTER, OFFSET, BEFORE };
    uint32_t word = x->step->word;
    unsigned opc = field(word, 31, 30), how = field(word, 24, 23);
    bool moves = how == AFTER || how == BEFORE, load = field(word, 22, 22);
    unsigned width = is_vector(x) ? 4u << opc : opc == 2 ? WORD : WORD / 2;
    if (opc == 3 || (opc == 1 && !is_vector(x) && (!load || how == NO_ALLOCATE)) ||
        (load && rd(x) == ra(x)) ||
        (moves && (moves_own_base(x, rd(x)) || moves_own_base(x, ra(x))))) {
        execution_unknown(x, "is not modelled");
        return;
    }
    const struct form *at = base(x);
    const struct form *moved = plus(x, at, signed_field(word, 21, 15) * (int64_t)width);
    move_pair(x, how == AFTER ? at : moved, width);
    if (moves)
        write_back(x, moved);
}

// ld1, st1: one register after the other.
void a64_structures(struct execution *x)
{
    static const uint8_t registers[16] = {[2] = 4, [6] = 3, [7] = 1, [10] = 2};
    uint32_t word = x->step->word;
    unsigned count = registers[field(word, 15, 12)], each = 1u << field(word, 11, 10);
    unsigned width = field(word, 30, 30) ? QUAD : WORD;
    bool moves = field(word, 23, 23), load = field(word, 22, 22);
    if (count == 0 || (moves && rm(x) != 31)) {
        execution_unknown(x, "is not modelled");
        return;
    }
    const struct form *at = base(x);
    for (unsigned i = 0; i < count; i++) {
        unsigned reg = (rd(x) + i) % VECTORS;
        if (load)
            set_vector(x, reg, load_parts(x, plus(x, at, i * width), width, each));
        else
            store_parts(x, plus(x, at, i * width), each, vector(x, reg, width));
    }
    if (moves)
        write_back(x, plus(x, at, count * width));
}
