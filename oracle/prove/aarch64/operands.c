// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/aarch64/semantics.h"

struct value a64_value(struct execution *x, unsigned reg, unsigned bits)
{
    return reg == ZERO ? value_number(form_constant(x->pool, 0)) : reg_value(x, reg, 0, bits / 8);
}

const struct form *a64_number(struct execution *x, unsigned reg, unsigned bits)
{
    return value_to_number(x, a64_value(x, reg, bits));
}

const struct form *a64_number_or_sp(struct execution *x, unsigned reg, unsigned bits)
{
    return reg_number(x, reg, 0, bits / 8);
}

void a64_set(struct execution *x, unsigned reg, unsigned bits, struct value v)
{
    if (reg != ZERO)
        reg_set(x, reg, 0, bits / 8, v);
}

void a64_set_number(struct execution *x, unsigned reg, unsigned bits, const struct form *f)
{
    a64_set(x, reg, bits, value_number(f));
}

void a64_set_or_sp(struct execution *x, unsigned reg, unsigned bits, const struct form *f)
{
    reg_set(x, reg, 0, bits / 8, value_number(f));
}

const struct form *a64_extended(struct execution *x, unsigned reg, unsigned option, unsigned shift)
{
    unsigned bits = 8u << (option & 3);
    const struct form *f = a64_number(x, reg, bits == 64 ? 64 : 32);
    if (bits < 64)
        f = option & 4 ? norm_signed(x, f, bits) : norm(x, f, bits);
    return a64_shifted(x, f, A64_LSL, shift, 64);
}

const struct form *a64_shifted(struct execution *x, const struct form *f, enum a64_shift how,
                               unsigned by, unsigned bits)
{
    if (by == 0)
        return f;
    if (how == A64_LSL && f->count == 0)
        return form_constant(x->pool, (wide)((uint64_t)f->c << by));
    if (how == A64_LSL)
        return form_reduce(x->pool, form_scale(x->pool, f, (wide)1 << by));
    if (how == A64_ROR)
        execution_unknown(x, "is not modelled");
    return known_high(x->known, how == A64_ASR ? norm_signed(x, f, bits) : norm(x, f, bits), by);
}

// ---- conditions (C1.2.4) ----

static bool carry(struct execution *x)
{
    // A difference has its borrow the other way round.
    bool borrows = x->m->flags.kind == FLAGS_DIFFERENCE;
    return condition_code(x, 0x2) != borrows;
}

static bool higher(struct execution *x)
{
    if (x->m->flags.kind == FLAGS_DIFFERENCE)
        return !condition_code(x, 0x6);
    return carry(x) && !condition_code(x, 0x4);
}

static bool holds_fixed(unsigned nzcv, unsigned condition)
{
    bool n = nzcv & 8, z = nzcv & 4, c = nzcv & 2, v = nzcv & 1;
    const bool holds[8] = {z, c, n, v, c && !z, n == v, n == v && !z, true};
    return holds[condition >> 1];
}

static bool holds(struct execution *x, unsigned condition)
{
    if (x->m->flags.kind == FLAGS_FIXED)
        return holds_fixed(x->m->flags.bits, condition);
    switch (condition >> 1) {
    case 0:
        return condition_code(x, 0x4);
    case 1:
        return carry(x);
    case 2:
        return condition_code(x, 0x8);
    case 3:
        return condition_code(x, 0x0);
    case 4:
        return higher(x);
    case 5:
        return !condition_code(x, 0xc);
    case 6:
        return !condition_code(x, 0xe);
    default:
        return true;
    }
}

bool a64_condition(struct execution *x, unsigned condition)
{
    return holds(x, condition) != (condition & 1 && condition != 15);
}
