// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/machine.h"

void execution_unknown(struct execution *x, const char *why)
{
    if (x->end != EXECUTION_NEXT)
        return;
    x->end = EXECUTION_UNKNOWN;
    x->why = why;
}

void execution_crash(struct execution *x, const char *why)
{
    if (x->end != EXECUTION_NEXT)
        return;
    x->end = EXECUTION_CRASH;
    x->why = why;
}

bool decide(struct execution *x, struct claim c)
{
    if (x->end != EXECUTION_NEXT)
        return true;
    enum answer a = known_quick(x->known, c);
    if (a == OPEN) {
        x->end = EXECUTION_SPLIT;
        x->split = c;
    }
    if (a != OPEN && x->decided_count < sizeof x->decided / sizeof *x->decided)
        x->decided[x->decided_count++] = a == YES ? c : negated(x->pool, c);
    return a != NO;
}

wide decide_value(struct execution *x, const struct form *f, unsigned most)
{
    struct bounds b = known_bounds(x->known, f);
    if (b.hi - b.lo > most) {
        execution_unknown(x, "a number that may be too many things");
        return b.lo;
    }
    for (wide v = b.lo; v < b.hi; v++)
        if (decide(x, at_most(form_plus(x->pool, f, -v))))
            return v;
    return b.hi;
}

static const struct form *minus_high(struct execution *x, const struct form *f, wide q,
                                     unsigned bits)
{
    return form_plus(x->pool, f, -(q * ((wide)1 << bits)));
}

const struct form *norm(struct execution *x, const struct form *f, unsigned bits)
{
    enum { PARTS_MAX = 3 };
    struct bounds b = known_bounds(x->known, f);
    wide lo = b.lo >> bits, hi = b.hi >> bits;
    if (lo == hi)
        return minus_high(x, f, lo, bits);
    if (hi - lo > PARTS_MAX || (bits < 64 && b.hi - b.lo >= (wide)1 << bits))
        return known_low(x->known, f, bits);
    for (; lo < hi; lo++)
        if (decide(x, at_most(form_plus(x->pool, f, 1 - (lo + 1) * ((wide)1 << bits)))))
            break;
    return minus_high(x, f, lo, bits);
}

bool is_negative(struct execution *x, const struct form *f, unsigned bits)
{
    const struct form *v = norm(x, f, bits);
    return !decide(x, at_most(form_plus(x->pool, v, 1 - ((wide)1 << (bits - 1)))));
}

const struct form *norm_signed(struct execution *x, const struct form *f, unsigned bits)
{
    const struct form *v = norm(x, f, bits);
    return is_negative(x, v, bits) ? form_plus(x->pool, v, -((wide)1 << bits)) : v;
}

// What is zero where V is: of x ^ y, or its lowest bits, the difference, of which more is known.
static const struct form *zero_when_alike(struct execution *x, const struct form *v)
{
    const struct atom *a = form_atom(v);
    const struct atom *of = a && a->kind == ATOM_LOW ? form_atom(a->arg) : a;
    if (!of || of->kind != ATOM_XOR)
        return v;
    const struct form *difference = form_sub(x->pool, of->arg, of->other);
    return a == of ? difference : known_low(x->known, difference, a->k);
}

bool is_zero_number(struct execution *x, const struct form *f, unsigned bits)
{
    struct bounds b = known_bounds(x->known, f);
    const wide m = (wide)1 << bits;
    const struct form *v = -m < b.lo && b.hi < m ? f : norm(x, f, bits);
    const struct form *alike = zero_when_alike(x, v);
    bool zero = decide(x, (struct claim){EQUAL, alike});
    if (alike != v && x->end == EXECUTION_NEXT)
        known_assume(x->known, (struct claim){zero ? EQUAL : UNEQUAL, v});
    return zero;
}

// ---- where control goes ----

void go_to(struct execution *x, const struct form *to)
{
    if (to == x->setting->caller) {
        if (x->end == EXECUTION_NEXT)
            x->end = EXECUTION_RETURN;
    } else if (to->count != 0) {
        execution_unknown(x, "goes where it is not known to");
    } else {
        x->m->pc = (uint64_t)to->c;
    }
}

const struct form *settle(struct execution *x, const struct form *to)
{
    enum { PLACES_MAX = 256 };
    if (to->count == 0 || to == x->setting->caller)
        return to;
    for (uint32_t i = 0; i < to->count && x->end == EXECUTION_NEXT; i++)
        decide_value(x, form_term(x->pool, to->terms[i].atom), PLACES_MAX);
    struct bounds b = known_bounds(x->known, to);
    return b.lo == b.hi ? form_constant(x->pool, b.lo) : to;
}

// ---- values ----

struct value value_number(const struct form *f)
{
    return (struct value){.kind = VALUE_NUMBER, .number = f};
}

struct value value_bytes(const struct bytes *b)
{
    return (struct value){.kind = VALUE_BYTES, .bytes = b};
}

static const struct form *run_to_number(struct execution *x, struct value v)
{
    wide lo = decide_value(x, v.number, 64), hi = decide_value(x, v.hi, 64);
    if (lo < 0 || hi > 64 || lo >= hi)
        return form_constant(x->pool, 0);
    return form_constant(x->pool, ((wide)1 << hi) - ((wide)1 << lo));
}

static const struct form *piece_to_number(struct execution *x, const struct piece_of *p)
{
    const struct form *v = form_constant(x->pool, 0);
    switch ((enum bytes_kind)p->kind) {
    case BYTES_UNKNOWN:
        execution_unknown(x, "a value that is not followed is computed with");
        return v;
    case BYTES_ZERO:
        return v;
    case BYTES_LOADED:
        return form_data(x->pool, p->of, p->count);
    case BYTES_NUMBER:
        v = norm(x, p->of, 64);
        if (p->from)
            v = known_high(x->known, v, 8u * p->from);
        return p->from + p->count < 8 ? known_low(x->known, v, 8u * p->count) : v;
    }
    return v;
}

static const struct form *bytes_to_number(struct execution *x, const struct bytes *b)
{
    enum { SHIFT_MAX = 5 }; // bytes; forms take no larger factors
    const struct form *sum = form_constant(x->pool, 0);
    unsigned at = 0;
    if (b->lo || b->total > 8)
        execution_unknown(x, "bytes under a mask are computed with");
    for (unsigned i = 0; i < b->count && x->end == EXECUTION_NEXT; i++) {
        const struct form *v = piece_to_number(x, &b->pieces[i]);
        if (v->count != 0 && at > SHIFT_MAX)
            execution_unknown(x, "a number put together from too many parts");
        else if (v->count != 0 || v->c != 0)
            sum = v->count ? form_add_scaled(x->pool, sum, v, (wide)1 << (8 * at))
                           : form_plus(x->pool, sum, v->c * ((wide)1 << (8 * at)));
        at += b->pieces[i].count;
    }
    return sum;
}

const struct form *value_to_number(struct execution *x, struct value v)
{
    switch (v.kind) {
    case VALUE_NUMBER:
        return v.number;
    case VALUE_RUN:
        return run_to_number(x, v);
    case VALUE_BYTES:
        return bytes_to_number(x, v.bytes);
    }
    return v.number;
}

const struct bytes *value_to_bytes(struct execution *x, struct value v, unsigned count)
{
    if (v.kind == VALUE_BYTES)
        return bytes_slice(x->pool, v.bytes, 0, count);
    const struct bytes *b =
        bytes_of(x->pool, BYTES_NUMBER, value_to_number(x, v), count < 8 ? count : 8);
    return bytes_slice(x->pool, b, 0, count);
}

// ---- general registers ----

// Are all of its bits among the lowest 32?
static bool is_short_run(const struct execution *x, struct value v)
{
    return v.kind == VALUE_RUN && known_bounds(x->known, v.hi).hi <= 32;
}

struct value reg_value(struct execution *x, unsigned reg, unsigned offset, unsigned width)
{
    struct value v = x->m->regs[reg];
    if (width == 8 || (width == 4 && is_short_run(x, v)))
        return v;
    if (v.kind == VALUE_BYTES)
        return value_bytes(bytes_slice(x->pool, v.bytes, offset, width));
    if (v.kind == VALUE_NUMBER && offset == 0)
        return v;
    const struct form *n = value_to_number(x, v);
    if (offset)
        n = known_low(x->known, known_high(x->known, norm(x, n, 64), 8 * offset), 8 * width);
    return value_number(n);
}

const struct form *reg_number(struct execution *x, unsigned reg, unsigned offset, unsigned width)
{
    return value_to_number(x, reg_value(x, reg, offset, width));
}

static void set_low_word(struct execution *x, struct value *reg, struct value v)
{
    if (is_short_run(x, v))
        *reg = v;
    else if (v.kind != VALUE_BYTES)
        *reg = value_number(norm(x, value_to_number(x, v), 32));
    else
        *reg = value_bytes(bytes_slice(x->pool, bytes_slice(x->pool, v.bytes, 0, 4), 0, 8));
}

static void set_part(struct execution *x, struct value *reg, unsigned offset, unsigned width,
                     struct value v)
{
    if (reg->kind == VALUE_NUMBER && v.kind == VALUE_NUMBER && offset == 0) {
        const struct form *old = known_low(x->known, reg->number, 8 * width);
        const struct form *rest = form_sub(x->pool, reg->number, old);
        *reg = value_number(
            form_reduce(x->pool, form_add(x->pool, rest, norm(x, v.number, 8 * width))));
        return;
    }
    const struct bytes *all = value_to_bytes(x, *reg, 8), *part = value_to_bytes(x, v, width);
    *reg = value_bytes(bytes_patch(x->pool, all, part, offset));
}

void reg_set(struct execution *x, unsigned reg, unsigned offset, unsigned width, struct value v)
{
    struct value *r = &x->m->regs[reg];
    if (width == 4)
        set_low_word(x, r, v);
    else if (width < 4)
        set_part(x, r, offset, width, v);
    else if (v.kind == VALUE_NUMBER)
        *r = value_number(form_reduce(x->pool, v.number));
    else if (v.kind == VALUE_BYTES)
        *r = value_bytes(bytes_slice(x->pool, v.bytes, 0, 8));
    else
        *r = v;
}

// ---- flags ----

static bool unknown_flag(struct execution *x)
{
    execution_unknown(x, "a flag that is undefined or not followed decides");
    return false;
}

static bool carry_of(struct execution *x, const struct flags *f)
{
    struct pool *p = x->pool;
    switch (f->kind) {
    case FLAGS_DIFFERENCE:
        return decide(x, is_below(p, norm(x, f->a, f->bits), norm(x, f->b, f->bits)));
    case FLAGS_SUM: {
        const struct form *sum = form_add(p, norm(x, f->a, f->bits), norm(x, f->b, f->bits));
        return !decide(x, at_most(form_plus(p, sum, 1 - ((wide)1 << f->bits))));
    }
    case FLAGS_LOGIC:
        return false;
    case FLAGS_COUNTED:
    case FLAGS_COUNTED_DOWN:
        return carry_of(x, f->older);
    case FLAGS_PARTS:
        if (f->has_carry)
            return f->carry == OPEN ? decide(x, f->carry_if) : f->carry == YES;
        return unknown_flag(x);
    case FLAGS_FIXED:
    case FLAGS_UNKNOWN:
        break;
    }
    return unknown_flag(x);
}

bool carry_flag(struct execution *x)
{
    return carry_of(x, &x->m->flags);
}

// The number that zero and sign are of, right modulo 2^bits.
static const struct form *result_of(struct execution *x, const struct flags *f)
{
    switch (f->kind) {
    case FLAGS_DIFFERENCE:
    case FLAGS_COUNTED_DOWN:
        return form_sub(x->pool, f->a, f->b);
    case FLAGS_SUM:
    case FLAGS_COUNTED:
        return form_add(x->pool, f->a, f->b);
    case FLAGS_LOGIC:
        return f->a;
    case FLAGS_PARTS:
    case FLAGS_FIXED:
    case FLAGS_UNKNOWN:
        break;
    }
    return f->kind == FLAGS_PARTS && f->a ? f->a : NULL;
}

static bool zero_flag(struct execution *x, const struct flags *f)
{
    const struct form *r = result_of(x, f);
    if (!r || (f->kind == FLAGS_PARTS && !f->has_zero))
        return unknown_flag(x);
    return is_zero_number(x, r, f->bits);
}

static bool sign_flag(struct execution *x, const struct flags *f)
{
    const struct form *r = result_of(x, f);
    if (!r || (f->kind == FLAGS_PARTS && !f->has_sign))
        return unknown_flag(x);
    return is_negative(x, r, f->bits);
}

// Sign unequal to overflow: a < b of signed numbers after a difference.
static bool less_flag(struct execution *x, const struct flags *f)
{
    if (f->kind == FLAGS_LOGIC)
        return sign_flag(x, f);
    if (f->kind != FLAGS_DIFFERENCE && f->kind != FLAGS_COUNTED_DOWN)
        return unknown_flag(x);
    return decide(x,
                  is_below(x->pool, norm_signed(x, f->a, f->bits), norm_signed(x, f->b, f->bits)));
}

bool condition_code(struct execution *x, unsigned code)
{
    const struct flags *f = &x->m->flags;
    bool set = false;
    switch (code & ~1u) {
    case 0x2:
        set = carry_of(x, f);
        break;
    case 0x4:
        set = zero_flag(x, f);
        break;
    case 0x6:
        set = carry_of(x, f) || zero_flag(x, f);
        break;
    case 0x8:
        set = sign_flag(x, f);
        break;
    case 0xc:
        set = less_flag(x, f);
        break;
    case 0xe:
        set = zero_flag(x, f) || less_flag(x, f);
        break;
    default: // overflow and parity
        set = f->kind == FLAGS_LOGIC && (code & ~1u) == 0 ? false : unknown_flag(x);
        break;
    }
    return set != (code & 1);
}
