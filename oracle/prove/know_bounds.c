// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Questions, and what bounds, facts and residues answer.

#include "prove/knowing.h"

static struct bounds plain_bounds(const struct known *k, const struct form *f)
{
    struct bounds b = {f->c, f->c};
    for (uint32_t i = 0; i < f->count; i++)
        add_bounds(&b, bounds_of(k, f->terms[i].atom), f->terms[i].times);
    return b;
}

static struct bounds scaled(struct bounds b, int64_t by, struct bounds more)
{
    wide lo = by > 0 ? b.lo : b.hi, hi = by > 0 ? b.hi : b.lo;
    return (struct bounds){lo == FAR || lo == -FAR ? -FAR : by * lo + more.lo,
                           hi == FAR || hi == -FAR ? FAR : by * hi + more.hi};
}

// By one fact about some of the terms, and the bounds of the others.
static struct bounds fact_bounds(const struct known *k, const struct form *f,
                                 const struct fact_entry *fact)
{
    const struct term *first = &fact->direction->terms[0];
    int64_t times = form_times(f, first->atom);
    if (times == 0 || times % first->times != 0)
        return (struct bounds){-FAR, FAR};
    int64_t by = times / first->times;
    const struct form *rest = form_add_scaled(k->pool, f, fact->direction, -by);
    if (rest->count >= f->count)
        return (struct bounds){-FAR, FAR};
    return scaled(fact->b, by, plain_bounds(k, rest));
}

static struct bounds by_facts(const struct known *k, const struct form *f, struct bounds b)
{
    int64_t by;
    const struct fact_entry *own = find_fact(k, form_direction(k->pool, f, &by));
    if (own)
        return cut(b, scaled(own->b, by, (struct bounds){f->c, f->c}));
    for (size_t i = 0; i < k->fact_count && b.lo < b.hi; i++)
        b = cut(b, fact_bounds(k, f, &k->facts[i]));
    return b;
}

// What is a constant modulo 2^k is only some of the numbers between its bounds.
static struct bounds by_stride(const struct known *k, const struct form *f, struct bounds b)
{
    unsigned most = 0;
    for (uint32_t i = 0; i < f->count; i++)
        if (f->terms[i].atom->kind == ATOM_LOW && f->terms[i].atom->k > most)
            most = f->terms[i].atom->k;
    if (most == 0 || b.lo >= b.hi)
        return b;
    const struct form *r = form_modulo(k->pool, f, most);
    if (r->count != 0)
        return b;
    wide m = (wide)1 << most;
    b.lo += modulo(r->c - b.lo, m);
    b.hi -= modulo(b.hi - r->c, m);
    return b;
}

struct bounds known_bounds(const struct known *k, const struct form *f)
{
    if (f->count == 0)
        return (struct bounds){f->c, f->c};
    struct parts parts;
    take_apart(k, f, &parts);
    struct bounds b = parts.rest;
    for (size_t i = 0; i < parts.count; i++)
        add_bounds(&b, group_bounds(k, &parts.groups[i]), 1);
    if (f->count == 1)
        return b;
    b = by_facts(k, f, b);
    return by_stride(k, f, b);
}

// ---- questions ----

static bool is_unequal_known(const struct known *k, const struct form *f)
{
    if (k->unequal_count == 0)
        return false;
    const struct form *key = zero_when((struct known *)(uintptr_t)k, f);
    for (size_t i = 0; i < k->unequal_count; i++)
        if (k->unequal[i] == key)
            return true;
    return false;
}

// In one group: is zero among its values, is it the only one?
static enum answer zero_by_residues(const struct known *k, const struct form *f)
{
    struct parts parts;
    take_apart(k, f, &parts);
    if (parts.count != 1 || parts.alone != 0)
        return OPEN;
    uint64_t may = residues_of(k, parts.groups[0].direction);
    bool zero = false, other = false;
    for (; may; may &= may - 1) {
        wide v = f->c + group_value(&parts.groups[0], __builtin_ctzll(may));
        zero |= v == 0;
        other |= v != 0;
    }
    return !zero ? NO : !other ? YES : OPEN;
}

static enum answer is_zero(const struct known *k, const struct form *f)
{
    struct bounds b = known_bounds(k, f);
    if (b.lo == 0 && b.hi == 0)
        return YES;
    if (b.lo > 0 || b.hi < 0)
        return NO;
    int64_t by;
    form_direction(k->pool, f, &by);
    if (f->c % by != 0 || is_unequal_known(k, f))
        return NO;
    return zero_by_residues(k, f);
}

enum answer known_quick(const struct known *k, struct claim c)
{
    if (k->dead)
        return NO;
    if (c.relation == AT_MOST) {
        struct bounds b = known_bounds(k, c.form);
        return b.hi <= 0 ? YES : b.lo > 0 ? NO : OPEN;
    }
    enum answer zero = is_zero(k, c.form);
    if (c.relation == EQUAL || zero == OPEN)
        return zero;
    return zero == YES ? NO : YES;
}
