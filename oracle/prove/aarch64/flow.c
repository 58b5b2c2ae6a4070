// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Where control goes, and barriers.

#include "prove/aarch64/semantics.h"

static uint64_t target(const struct execution *x, unsigned hi, unsigned lo)
{
    return x->step->at + (uint64_t)signed_field(x->step->word, hi, lo) * 4;
}

static void set_link(struct execution *x)
{
    a64_set_number(x, LINK, 64, form_constant(x->pool, (wide)x->step->next));
}

void a64_jump(struct execution *x)
{
    x->m->pc = target(x, 25, 0);
}

void a64_call(struct execution *x)
{
    set_link(x);
    x->m->pc = target(x, 25, 0);
}

void a64_branch(struct execution *x)
{
    if (a64_condition(x, field(x->step->word, 3, 0)))
        x->m->pc = target(x, 23, 5);
}

void a64_branch_if_zero(struct execution *x)
{
    unsigned bits = operand_bits(x);
    bool unless = field(x->step->word, 24, 24);
    if (is_zero_number(x, a64_number(x, rd(x), bits), bits) != unless)
        x->m->pc = target(x, 23, 5);
}

void a64_branch_on_bit(struct execution *x)
{
    uint32_t word = x->step->word;
    unsigned bit = field(word, 31, 31) << 5 | field(word, 23, 19);
    const struct form *f = a64_number(x, rd(x), bit >= 32 ? 64 : 32);
    if (is_negative(x, f, bit + 1) == field(word, 24, 24))
        x->m->pc = target(x, 18, 5);
}

static const struct form *place(struct execution *x)
{
    return settle(x, norm(x, a64_number(x, rn(x), 64), 64));
}

void a64_jump_register(struct execution *x)
{
    go_to(x, place(x));
}

void a64_call_register(struct execution *x)
{
    const struct form *to = place(x);
    set_link(x);
    go_to(x, to);
}

void a64_return(struct execution *x)
{
    go_to(x, place(x));
}

void a64_crash(struct execution *x)
{
    execution_crash(x, "an instruction that always faults");
}

void a64_nothing(struct execution *x)
{
    (void)x;
}

void a64_barrier(struct execution *x)
{
    if (site_is(&x->step->site, CLASS_FENCE))
        memory_event(x, ACCESS_FENCE, NULL);
}
