// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Forms, simpler by what is known.

#include "prove/knowing.h"

// By what is known F lies between two neighbouring multiples of 2^k.
static bool in_one(struct bounds b, unsigned bits)
{
    return b.lo >> bits == b.hi >> bits;
}

static const struct form *without(struct pool *p, const struct form *f, wide high, unsigned bits)
{
    return form_plus(p, f, -(high * ((wide)1 << bits)));
}

const struct form *known_low(struct known *k, const struct form *f, unsigned bits)
{
    struct bounds b = known_bounds(k, f);
    if (in_one(b, bits))
        return without(k->pool, f, b.lo >> bits, bits);
    const struct form *r = form_modulo(k->pool, f, bits);
    b = known_bounds(k, r);
    if (in_one(b, bits))
        return without(k->pool, r, b.lo >> bits, bits);
    const struct form *x = form_low(k->pool, r, bits);
    b = known_bounds(k, x);
    return b.lo == b.hi ? form_constant(k->pool, b.lo) : x;
}

const struct form *known_high(struct known *k, const struct form *f, unsigned bits)
{
    if (bits == 0)
        return f;
    const wide m = (wide)1 << bits;
    const struct form *whole = form_constant(k->pool, f->c >> bits);
    const struct form *rest = form_constant(k->pool, modulo(f->c, m));
    for (uint32_t i = 0; i < f->count; i++) {
        bool divides = f->terms[i].times % m == 0;
        const struct form *t = form_term(k->pool, f->terms[i].atom);
        if (divides)
            whole = form_add_scaled(k->pool, whole, t, f->terms[i].times / m);
        else
            rest = form_add_scaled(k->pool, rest, t, f->terms[i].times);
    }
    struct bounds b = known_bounds(k, rest);
    if (in_one(b, bits))
        return form_plus(k->pool, whole, b.lo >> bits);
    const struct form *high = form_high(k->pool, rest, bits);
    known_bound(k, form_atom(high), (struct bounds){b.lo >> bits, b.hi >> bits});
    return form_add(k->pool, whole, high);
}
