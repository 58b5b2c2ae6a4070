// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Instructions on general registers.

#include "prove/aarch64/semantics.h"
#include "prove/bits.h"

enum { PAGE = 4096 };

void a64_address(struct execution *x)
{
    uint32_t word = x->step->word;
    uint64_t imm = (uint64_t)signed_field(word, 23, 5) << 2 | field(word, 30, 29);
    uint64_t at = field(word, 31, 31) ? x->step->at / PAGE * PAGE + imm * PAGE : x->step->at + imm;
    a64_set_number(x, rd(x), 64, form_constant(x->pool, (wide)at));
}

// ---- sums ----

static const struct form *sum_of(struct execution *x, const struct form *a, const struct form *b)
{
    bool subtracts = field(x->step->word, 30, 30);
    return subtracts ? form_sub(x->pool, a, b) : form_add(x->pool, a, b);
}

static void set_sum_flags(struct execution *x, const struct form *a, const struct form *b)
{
    bool subtracts = field(x->step->word, 30, 30);
    x->m->flags = (struct flags){
        .kind = subtracts ? FLAGS_DIFFERENCE : FLAGS_SUM, .bits = operand_bits(x), .a = a, .b = b};
}

// Without flags the result may go to the stack pointer.
static void add(struct execution *x, const struct form *a, const struct form *b, bool to_sp)
{
    const struct form *sum = sum_of(x, a, b);
    if (field(x->step->word, 29, 29)) {
        set_sum_flags(x, a, b);
        to_sp = false;
    }
    if (to_sp)
        a64_set_or_sp(x, rd(x), operand_bits(x), sum);
    else
        a64_set_number(x, rd(x), operand_bits(x), sum);
}

void a64_add_immediate(struct execution *x)
{
    uint32_t word = x->step->word;
    wide imm = (wide)field(word, 21, 10) << (field(word, 22, 22) ? 12 : 0);
    add(x, a64_number_or_sp(x, rn(x), operand_bits(x)), form_constant(x->pool, imm), true);
}

void a64_add(struct execution *x)
{
    uint32_t word = x->step->word;
    unsigned bits = operand_bits(x), by = field(word, 15, 10), how = field(word, 23, 22);
    if (how == A64_ROR || by >= bits) {
        execution_unknown(x, "is not modelled");
        return;
    }
    const struct form *a = a64_number(x, rn(x), bits), *b = a64_number(x, rm(x), bits);
    add(x, a, a64_shifted(x, b, (enum a64_shift)how, by, bits), false);
}

void a64_add_extended(struct execution *x)
{
    uint32_t word = x->step->word;
    if (field(word, 12, 10) > 4) {
        execution_unknown(x, "is not modelled");
        return;
    }
    const struct form *a = a64_number_or_sp(x, rn(x), operand_bits(x));
    add(x, a, a64_extended(x, rm(x), field(word, 15, 13), field(word, 12, 10)), true);
}

// Where one factor is known.
void a64_multiply_add(struct execution *x)
{
    unsigned bits = operand_bits(x);
    const struct form *a = norm(x, a64_number(x, rn(x), bits), bits);
    const struct form *b = norm(x, a64_number(x, rm(x), bits), bits);
    const struct form *to = a64_number(x, ra(x), bits);
    const struct form *times = b->count == 0 ? b : a, *other = b->count == 0 ? a : b;
    if (times->count != 0 || times->c > (wide)1 << 32) {
        execution_unknown(x, "multiplies by what is not known");
        return;
    }
    bool subtracts = field(x->step->word, 15, 15);
    a64_set_number(x, rd(x), bits,
                   form_add_scaled(x->pool, to, other, subtracts ? -times->c : times->c));
}

// ---- bits ----

static const struct form *inverted(struct execution *x, const struct form *f)
{
    return form_plus(x->pool, form_scale(x->pool, f, -1), -1);
}

enum logic { LOGIC_AND, LOGIC_OR, LOGIC_XOR, LOGIC_AND_FLAGS };

static const struct form *logic_of(struct execution *x, const struct form *a, const struct form *b)
{
    unsigned bits = operand_bits(x);
    switch ((enum logic)field(x->step->word, 30, 29)) {
    case LOGIC_OR:
        return or_of(x, a, b, bits);
    case LOGIC_XOR:
        return xor_of(x, a, b, bits);
    case LOGIC_AND:
    case LOGIC_AND_FLAGS:
        break;
    }
    return and_of(x, a, b, bits);
}

static void set_logic_flags(struct execution *x, const struct form *f)
{
    if (field(x->step->word, 30, 29) == LOGIC_AND_FLAGS)
        x->m->flags = (struct flags){.kind = FLAGS_LOGIC, .bits = operand_bits(x), .a = f};
}

// DecodeBitMasks: a run of ones, turned right, repeated. False: it is none.
static bool bit_mask(uint32_t word, unsigned bits, uint64_t *mask)
{
    unsigned n = field(word, 22, 22), turn = field(word, 21, 16), ones = field(word, 15, 10);
    unsigned pattern = n << 6 | (~ones & 63);
    if (pattern < 2 || (n && bits == 32))
        return false;
    unsigned element = 1u << (31 - (unsigned)__builtin_clz(pattern));
    turn &= element - 1;
    ones &= element - 1;
    if (ones == element - 1)
        return false;
    uint64_t run = (UINT64_C(1) << (ones + 1)) - 1, low = (uint64_t)all_ones(element);
    if (turn)
        run = (run >> turn | run << (element - turn)) & low;
    *mask = 0;
    for (unsigned at = 0; at < bits; at += element)
        *mask |= run << at;
    return true;
}

void a64_logic_immediate(struct execution *x)
{
    unsigned bits = operand_bits(x);
    uint64_t mask;
    if (!bit_mask(x->step->word, bits, &mask)) {
        execution_unknown(x, "is not modelled");
        return;
    }
    const struct form *r =
        logic_of(x, a64_number(x, rn(x), bits), form_constant(x->pool, (wide)mask));
    set_logic_flags(x, r);
    if (field(x->step->word, 30, 29) == LOGIC_AND_FLAGS)
        a64_set_number(x, rd(x), bits, r);
    else
        a64_set_or_sp(x, rd(x), bits, r);
}

// orr with the zero register, whatever the other holds.
static bool is_move(uint32_t word)
{
    return (word & 0x7fe0ffe0) == 0x2a0003e0;
}

void a64_logic(struct execution *x)
{
    uint32_t word = x->step->word;
    unsigned bits = operand_bits(x), by = field(word, 15, 10);
    if (is_move(word)) {
        a64_set(x, rd(x), bits, a64_value(x, rm(x), bits));
        return;
    }
    if (by >= bits) {
        execution_unknown(x, "is not modelled");
        return;
    }
    const struct form *a = a64_number(x, rn(x), bits);
    const struct form *b =
        a64_shifted(x, a64_number(x, rm(x), bits), (enum a64_shift)field(word, 23, 22), by, bits);
    const struct form *r = logic_of(x, a, field(word, 21, 21) ? inverted(x, b) : b);
    set_logic_flags(x, r);
    a64_set_number(x, rd(x), bits, r);
}

void a64_move_wide(struct execution *x)
{
    enum { MOVN = 0, MOVZ = 2, MOVK = 3 };
    uint32_t word = x->step->word;
    unsigned opc = field(word, 30, 29), at = 16 * field(word, 22, 21), bits = operand_bits(x);
    uint64_t imm = (uint64_t)field(word, 20, 5) << at;
    if (opc == 1 || at >= bits) {
        execution_unknown(x, "is not modelled");
    } else if (opc == MOVK) {
        const struct form *old = norm(x, a64_number(x, rd(x), bits), bits);
        const struct form *part = bit_run(x, old, at, at + 16, bits);
        a64_set_number(x, rd(x), bits, form_plus(x->pool, form_sub(x->pool, old, part), (wide)imm));
    } else {
        a64_set_number(x, rd(x), bits,
                       form_constant(x->pool, (wide)(opc == MOVN ? ~imm : imm) & all_ones(bits)));
    }
}

// The lowest COUNT bits, as a number with a sign or without.
static const struct form *lowest(struct execution *x, const struct form *f, unsigned count,
                                 bool is_signed)
{
    return is_signed ? norm_signed(x, f, count) : norm(x, f, count);
}

void a64_bit_field(struct execution *x)
{
    uint32_t word = x->step->word;
    unsigned opc = field(word, 30, 29), bits = operand_bits(x);
    unsigned turn = field(word, 21, 16), last = field(word, 15, 10);
    if (opc == 1 || opc == 3 || turn >= bits || last >= bits) { // bfm
        execution_unknown(x, "is not modelled");
        return;
    }
    const struct form *f = a64_number(x, rn(x), bits), *r;
    if (last >= turn)
        r = known_high(x->known, lowest(x, f, last + 1, opc == 0), turn);
    else if (last + 1 == turn) // lsl: what is shifted out does not matter
        r = a64_shifted(x, f, A64_LSL, bits - turn, bits);
    else
        r = a64_shifted(x, lowest(x, f, last + 1, opc == 0), A64_LSL, bits - turn, bits);
    a64_set_number(x, rd(x), bits, r);
}

void a64_shift(struct execution *x)
{
    unsigned bits = operand_bits(x), how = field(x->step->word, 11, 10);
    const struct form *f = a64_number(x, rn(x), bits);
    const struct form *by = known_low(x->known, a64_number(x, rm(x), bits), bits == 64 ? 6 : 5);
    unsigned count = (unsigned)decide_value(x, by, 64);
    a64_set_number(x, rd(x), bits, a64_shifted(x, f, (enum a64_shift)how, count, bits));
}

// ---- conditions ----

void a64_select(struct execution *x)
{
    uint32_t word = x->step->word;
    unsigned bits = operand_bits(x);
    bool inverts = field(word, 30, 30), one_more = field(word, 10, 10);
    if (a64_condition(x, field(word, 15, 12)))
        a64_set(x, rd(x), bits, a64_value(x, rn(x), bits));
    else if (!inverts && !one_more)
        a64_set(x, rd(x), bits, a64_value(x, rm(x), bits));
    else {
        const struct form *f = a64_number(x, rm(x), bits);
        f = inverts ? inverted(x, f) : f;
        a64_set_number(x, rd(x), bits, one_more ? form_plus(x->pool, f, 1) : f);
    }
}

void a64_compare_if(struct execution *x)
{
    uint32_t word = x->step->word;
    unsigned bits = operand_bits(x);
    if (!a64_condition(x, field(word, 15, 12))) {
        x->m->flags = (struct flags){.kind = FLAGS_FIXED, .bits = field(word, 3, 0)};
        return;
    }
    bool immediate = field(word, 11, 11);
    set_sum_flags(x, a64_number(x, rn(x), bits),
                  immediate ? form_constant(x->pool, rm(x)) : a64_number(x, rm(x), bits));
}
