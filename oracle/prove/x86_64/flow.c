// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Where control goes, the stack, and instructions that change the rest of the state.

#include "prove/x86_64/semantics.h"

enum { WORD = 8 };

// Of a direct branch.
static uint64_t target(const struct step *s)
{
    ZyanU64 absolute = 0;
    ZydisCalcAbsoluteAddress(&s->in, &s->ops[0], s->at, &absolute);
    return absolute;
}

static const struct form *destination(struct execution *x)
{
    if (x->step->in.meta.branch_type == ZYDIS_BRANCH_TYPE_FAR)
        execution_unknown(x, "is not modelled");
    if (x->step->ops[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
        return form_constant(x->pool, target(x->step));
    return settle(x, norm(x, operand_number(x, 0), 64));
}

void flow_jump(struct execution *x)
{
    go_to(x, destination(x));
}

void flow_branch(struct execution *x)
{
    if (condition_code(x, x->step->in.opcode & 15u))
        x->m->pc = target(x->step);
}

void flow_count(struct execution *x)
{
    unsigned width = x->step->in.mnemonic == ZYDIS_MNEMONIC_JRCXZ ? 8 : 4;
    if (is_zero_number(x, reg_number(x, RCX, 0, width), 8 * width))
        x->m->pc = target(x->step);
}

// Does the zero flag let it go on? Flags stay as they are.
static bool loops_on(struct execution *x)
{
    ZydisMnemonic m = x->step->in.mnemonic;
    if (m == ZYDIS_MNEMONIC_LOOP)
        return true;
    return condition_code(x, m == ZYDIS_MNEMONIC_LOOPE ? 0x4 : 0x5);
}

void flow_loop(struct execution *x)
{
    if (x->step->in.address_width != 64) {
        execution_unknown(x, "is not modelled");
        return;
    }
    const struct form *left = form_plus(x->pool, reg_number(x, RCX, 0, WORD), -1);
    reg_set(x, RCX, 0, WORD, value_number(left));
    if (!is_zero_number(x, left, 64) && loops_on(x))
        x->m->pc = target(x->step);
}

// ---- the stack ----

static const struct form *stack_top(struct execution *x)
{
    return norm(x, reg_number(x, RSP, 0, WORD), 64);
}

static void push(struct execution *x, struct value v)
{
    const struct form *at = form_plus(x->pool, stack_top(x), -WORD);
    memory_store(x, at, WORD, 0, NULL, value_to_bytes(x, v, WORD));
    reg_set(x, RSP, 0, WORD, value_number(at));
}

static struct value pop(struct execution *x)
{
    const struct form *at = stack_top(x);
    struct value v = memory_load(x, at, WORD, 0, NULL);
    reg_set(x, RSP, 0, WORD, value_number(form_plus(x->pool, at, WORD)));
    return v;
}

static bool is_whole_word(const struct step *s)
{
    return s->ops[0].size == 64 || s->ops[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
}

void flow_push(struct execution *x)
{
    if (!is_whole_word(x->step) || x->step->in.operand_width != 64)
        execution_unknown(x, "is not modelled");
    push(x, operand_value(x, 0));
}

void flow_pop(struct execution *x)
{
    if (!is_whole_word(x->step) || x->step->ops[0].type != ZYDIS_OPERAND_TYPE_REGISTER)
        execution_unknown(x, "is not modelled");
    struct value v = pop(x);
    operand_set(x, 0, v);
}

void flow_leave(struct execution *x)
{
    reg_set(x, RSP, 0, WORD, reg_value(x, RBP, 0, WORD));
    struct value v = pop(x);
    reg_set(x, RBP, 0, WORD, v);
}

void flow_call(struct execution *x)
{
    const struct form *to = destination(x);
    push(x, value_number(form_constant(x->pool, x->step->next)));
    go_to(x, to);
}

void flow_return(struct execution *x)
{
    struct value v = pop(x);
    if (x->step->ops[0].type == ZYDIS_OPERAND_TYPE_IMMEDIATE &&
        x->step->ops[0].visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT)
        execution_unknown(x, "is not modelled");
    go_to(x, norm(x, value_to_number(x, v), 64));
}

void flow_crash(struct execution *x)
{
    execution_crash(x, "an instruction that always faults");
}

// ---- the rest of the state ----

void state_nothing(struct execution *x)
{
    (void)x;
}

// Of the registers that SSE has.
void state_zero_upper(struct execution *x)
{
    for (unsigned i = 0; i < VECTORS / 2; i++) {
        const struct bytes *all = x->m->vectors[i] ? x->m->vectors[i] : x->m->none;
        x->m->vectors[i] = bytes_slice(x->pool, bytes_slice(x->pool, all, 0, 16), 0, VECTOR_BYTES);
    }
}

void state_direction(struct execution *x)
{
    x->m->down = x->step->in.mnemonic == ZYDIS_MNEMONIC_STD;
}

void state_carry(struct execution *x)
{
    set_flags(x, (struct flags){.kind = FLAGS_PARTS,
                                .bits = 64,
                                .has_carry = true,
                                .carry = x->step->in.mnemonic == ZYDIS_MNEMONIC_STC ? YES : NO});
}

void state_fence(struct execution *x)
{
    memory_event(x, ACCESS_FENCE, NULL);
}

void state_flush(struct execution *x)
{
    memory_event(x, ACCESS_FLUSH, norm(x, effective_address(x, &x->step->ops[0]), 64));
}

// ---- strings ----

static void advance(struct execution *x, unsigned reg, const struct form *by)
{
    reg_set(x, reg, 0, WORD, value_number(form_add(x->pool, reg_number(x, reg, 0, WORD), by)));
}

void string_move(struct execution *x)
{
    const struct step *s = x->step;
    unsigned width = operand_bytes(s, 0);
    int step = x->m->down ? -(int)width : (int)width;
    bool repeats =
        s->in.attributes & (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE);
    if (s->in.address_width != 64 ||
        s->in.attributes & (ZYDIS_ATTRIB_HAS_SEGMENT_FS | ZYDIS_ATTRIB_HAS_SEGMENT_GS))
        execution_unknown(x, "has an address of a kind that is not modelled");
    const struct form *one = form_constant(x->pool, 1);
    const struct form *count = repeats ? norm(x, reg_number(x, RCX, 0, WORD), 64) : one;
    const struct form *from = norm(x, reg_number(x, RSI, 0, WORD), 64);
    const struct form *to = norm(x, reg_number(x, RDI, 0, WORD), 64);
    if (repeats && decide(x, (struct claim){EQUAL, count}))
        return;
    memory_move(x, to, from, width, count);
    const struct form *by = form_scale(x->pool, count, step);
    advance(x, RSI, by);
    advance(x, RDI, by);
    if (repeats)
        reg_set(x, RCX, 0, WORD, value_number(form_constant(x->pool, 0)));
}
