// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/bits.h"

const struct form *bit_run(struct execution *x, const struct form *a, unsigned from, unsigned to,
                           unsigned bits)
{
    const struct form *top = to >= bits ? norm(x, a, bits) : known_low(x->known, a, to);
    return from ? form_sub(x->pool, top, known_low(x->known, a, from)) : top;
}

static const struct form *and_constant(struct execution *x, const struct form *a, wide mask,
                                       unsigned bits)
{
    const struct form *sum = form_constant(x->pool, 0);
    if (a->count == 0)
        return form_constant(x->pool, a->c & mask);
    for (unsigned at = 0; at < bits && mask >> at;) {
        while (!(mask >> at & 1))
            at++;
        unsigned from = at;
        while (at < bits && mask >> at & 1)
            at++;
        sum = form_add(x->pool, sum, bit_run(x, a, from, at, bits));
    }
    return sum;
}

static bool known_constant(struct execution *x, const struct form *f, unsigned bits, wide *out)
{
    struct bounds b = known_bounds(x->known, f);
    *out = b.lo & all_ones(bits);
    return b.lo == b.hi;
}

// a & -a: the lowest bit that is set.
static const struct form *lowest_bit(struct execution *x, const struct form *a, unsigned bits)
{
    if (is_zero_number(x, a, bits))
        return form_constant(x->pool, 0);
    for (unsigned i = 0; i + 1 < bits; i++)
        if (!decide(x, (struct claim){EQUAL, known_low(x->known, a, i + 1)}))
            return form_constant(x->pool, (wide)1 << i);
    return form_constant(x->pool, (wide)1 << (bits - 1));
}

static const struct form *and_unknown(struct execution *x, const struct form *a,
                                      const struct form *b, unsigned bits)
{
    a = norm(x, a, bits);
    b = norm(x, b, bits);
    if (x->end != EXECUTION_NEXT)
        return a;
    const struct form *both = form_bits(x->pool, ATOM_AND, a, b, bits);
    struct bounds ba = known_bounds(x->known, a), bb = known_bounds(x->known, b);
    wide most = ba.hi < bb.hi ? ba.hi : bb.hi;
    if (form_atom(both))
        known_bound(x->known, form_atom(both), (struct bounds){0, most});
    return both;
}

// a & (a - 1): without the lowest bit that is set.
static const struct form *without_lowest(struct execution *x, const struct form *a, unsigned bits)
{
    const struct form *v = norm(x, a, bits);
    return form_sub(x->pool, v, lowest_bit(x, v, bits));
}

static bool is_one_less(struct execution *x, const struct form *a, const struct form *b,
                        unsigned bits)
{
    const struct form *d = form_sub(x->pool, a, b);
    return d->count == 0 && unsigned_constant(d, bits) == 1;
}

// One of few values: by splitting over them.
static const struct form *and_few(struct execution *x, const struct form *few, const struct form *a,
                                  unsigned bits)
{
    wide mask = decide_value(x, norm(x, few, bits), 64);
    return and_constant(x, a, mask & all_ones(bits), bits);
}

static wide range_of(struct execution *x, const struct form *f)
{
    struct bounds b = known_bounds(x->known, f);
    return b.hi - b.lo;
}

const struct form *and_of(struct execution *x, const struct form *a, const struct form *b,
                          unsigned bits)
{
    wide mask;
    if (known_constant(x, b, bits, &mask))
        return and_constant(x, a, mask, bits);
    if (known_constant(x, a, bits, &mask))
        return and_constant(x, b, mask, bits);
    if (a == b)
        return norm(x, a, bits);
    const struct form *sum = form_add(x->pool, a, b);
    if (sum->count == 0 && unsigned_constant(sum, bits) == 0)
        return lowest_bit(x, a, bits);
    if (is_one_less(x, a, b, bits))
        return without_lowest(x, a, bits);
    if (is_one_less(x, b, a, bits))
        return without_lowest(x, b, bits);
    enum { FEW = 16 };
    wide ra = range_of(x, a), rb = range_of(x, b);
    if (ra <= FEW || rb <= FEW)
        return ra < rb ? and_few(x, a, b, bits) : and_few(x, b, a, bits);
    return and_unknown(x, a, b, bits);
}

const struct form *or_of(struct execution *x, const struct form *a, const struct form *b,
                         unsigned bits)
{
    if (a == b)
        return a;
    const struct form *sum = form_add(x->pool, norm(x, a, bits), norm(x, b, bits));
    return form_sub(x->pool, sum, and_of(x, a, b, bits));
}

// Where neither is known its sign is, by splitting: that is what the libcs ask.
static const struct form *xor_unknown(struct execution *x, const struct form *a,
                                      const struct form *b, unsigned bits)
{
    a = norm(x, a, bits);
    b = norm(x, b, bits);
    bool differ = is_negative(x, a, bits) != is_negative(x, b, bits);
    if (x->end != EXECUTION_NEXT)
        return a;
    const struct form *both = form_bits(x->pool, ATOM_XOR, a, b, bits);
    const wide half = (wide)1 << (bits - 1);
    if (form_atom(both))
        known_bound(x->known, form_atom(both),
                    differ ? (struct bounds){half, 2 * half - 1} : (struct bounds){0, half - 1});
    return both;
}

const struct form *xor_of(struct execution *x, const struct form *a, const struct form *b,
                          unsigned bits)
{
    wide c;
    if (a == b)
        return form_constant(x->pool, 0);
    if (known_constant(x, a, bits, &c)) {
        const struct form *swap = a;
        a = b;
        b = swap;
    }
    if (!known_constant(x, b, bits, &c))
        return xor_unknown(x, a, b, bits);
    a = norm(x, a, bits);
    if (c == all_ones(bits))
        return form_plus(x->pool, form_scale(x->pool, a, -1), c);
    return form_plus(x->pool, form_add_scaled(x->pool, a, and_constant(x, a, c, bits), -2), c);
}
