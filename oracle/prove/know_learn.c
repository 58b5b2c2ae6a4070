// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What follows from a condition.

#include "prove/knowing.h"

#include <string.h>

// For some value of the rest.
static bool may_hold(enum relation relation, wide value, struct bounds rest)
{
    wide lo = value + rest.lo, hi = value + rest.hi;
    return relation == AT_MOST ? lo <= 0
           : relation == EQUAL ? lo <= 0 && hi >= 0
                               : lo != 0 || hi != 0;
}

static void take_residues(struct known *k, const struct form *direction);

static void changed(struct known *k, const struct atom *a)
{
    if (a->kind == ATOM_HIGH) {
        struct bounds b = bounds_of(k, a);
        const struct form *r = a->arg;
        const wide m = (wide)1 << a->k, most = (wide)1 << 66;
        if (b.hi > most / m || b.lo < -most / m)
            return;
        known_learn(k, at_most(form_plus(k->pool, form_scale(k->pool, r, -1), b.lo * m)));
        known_learn(k, at_most(form_plus(k->pool, r, -(b.hi * m + m - 1))));
    } else if (a->kind != ATOM_LOW) {
        take_residues(k, form_term(k->pool, a));
    }
}

static bool is_excluded(const struct known *k, const struct atom *a, wide v)
{
    for (size_t i = 0; i < k->unequal_count; i++) {
        const struct form *f = k->unequal[i];
        if (f->count == 1 && f->terms[0].atom == a && f->terms[0].times * v + f->c == 0)
            return true;
    }
    return false;
}

// Without the values at either end that it is known not to have.
static struct bounds without_excluded(const struct known *k, const struct atom *a, struct bounds b)
{
    while (b.lo <= b.hi && is_excluded(k, a, b.lo))
        b.lo++;
    while (b.lo <= b.hi && is_excluded(k, a, b.hi))
        b.hi--;
    return b;
}

void known_bound(struct known *k, const struct atom *a, struct bounds b)
{
    struct bounds now = bounds_of(k, a), new = without_excluded(k, a, cut(now, b));
    if (new.lo > new.hi)
        k->dead = true;
    else if (new.lo != now.lo || new.hi != now.hi) {
        set_bounds(k, a, new);
        changed(k, a);
    }
}

// Bounds and residues of one input tell of each other.
static void take_residues(struct known *k, const struct form *direction)
{
    const struct atom *a = form_atom(direction);
    if (!a || k->dead)
        return;
    struct bounds b = bounds_of(k, a);
    uint64_t may = residues_of(k, direction);
    if (b.hi - b.lo < RESIDUES) {
        uint64_t within = 0;
        for (wide v = b.lo; v <= b.hi; v++)
            within |= UINT64_C(1) << modulo(v, RESIDUES);
        if ((may & within) != may)
            set_residues(k, direction, may &= within);
    }
    while (b.lo <= b.hi && !(may >> modulo(b.lo, RESIDUES) & 1))
        b.lo++;
    while (b.lo <= b.hi && !(may >> modulo(b.hi, RESIDUES) & 1))
        b.hi--;
    b = without_excluded(k, a, b);
    if (may == 0 || b.lo > b.hi)
        k->dead = true;
    else
        set_bounds(k, a, b);
}

static void learn_residues(struct known *k, struct claim c)
{
    struct parts parts;
    take_apart(k, c.form, &parts);
    if (parts.count == 0 && c.form->count == 1) { // of few values, or none of it is known
        struct member m;
        if (c.form->terms[0].atom->kind == ATOM_LOW || !input_member(k, &c.form->terms[0], &m))
            return;
        parts = (struct parts){.count = 1, .rest = {c.form->c, c.form->c}};
        parts.groups[0] = (struct group){form_term(k->pool, c.form->terms[0].atom), {m}, 1};
    }
    if (parts.count != 1)
        return;
    const struct group *g = &parts.groups[0];
    uint64_t may = residues_of(k, g->direction), left = 0;
    for (uint64_t bits = may; bits; bits &= bits - 1) {
        int r = __builtin_ctzll(bits);
        if (may_hold(c.relation, group_value(g, r), parts.rest))
            left |= UINT64_C(1) << r;
    }
    if (left == 0)
        k->dead = true;
    if (left == may || left == 0)
        return;
    set_residues(k, g->direction, left);
    take_residues(k, g->direction);
}

// Bounds of each atom of a form that is at most zero.
static void learn_atoms(struct known *k, const struct form *f)
{
    for (uint32_t i = 0; i < f->count && !k->dead; i++) {
        struct bounds rest = {f->c, f->c};
        for (uint32_t j = 0; j < f->count; j++)
            if (j != i)
                add_bounds(&rest, bounds_of(k, f->terms[j].atom), f->terms[j].times);
        int64_t times = f->terms[i].times;
        struct bounds b = {-FAR, FAR};
        if (times > 0)
            b.hi = floor_div(-rest.lo, times);
        else
            b.lo = ceil_div(rest.lo, -(wide)times);
        known_bound(k, f->terms[i].atom, b);
    }
}

static void keep_fact(struct known *k, const struct form *direction, struct bounds b)
{
    struct fact_entry *e = find_fact(k, direction);
    if (!e) {
        k->facts = grown(k->facts, k->fact_count, &k->fact_capacity, sizeof *k->facts);
        e = &k->facts[k->fact_count++];
        *e = (struct fact_entry){direction, {-FAR, FAR}};
    }
    e->b = cut(e->b, b);
    if (e->b.lo > e->b.hi)
        k->dead = true;
}

static void learn_at_most(struct known *k, const struct form *f)
{
    struct bounds now = known_bounds(k, f);
    if (now.lo > 0)
        k->dead = true;
    if (now.lo > 0 || now.hi <= 0)
        return;
    int64_t by; // by * direction + c <= 0
    const struct form *direction = form_direction(k->pool, f, &by);
    struct bounds b = {-FAR, FAR};
    if (by > 0)
        b.hi = floor_div(-f->c, by);
    else
        b.lo = ceil_div(f->c, -(wide)by);
    if (f->count == 1)
        known_bound(k, f->terms[0].atom, b);
    else {
        keep_fact(k, direction, b);
        learn_atoms(k, f);
    }
}

static void learn_unequal(struct known *k, const struct form *f)
{
    struct bounds b = known_bounds(k, f);
    if (b.lo == 0 && b.hi == 0)
        k->dead = true;
    else if (b.lo == 0)
        learn_at_most(k, form_plus(k->pool, form_scale(k->pool, f, -1), 1));
    else if (b.hi == 0)
        learn_at_most(k, form_plus(k->pool, f, 1));
    else if (b.lo < 0 && b.hi > 0) {
        const struct form *key = zero_when(k, f);
        if (!key)
            return;
        k->unequal =
            grown((void *)k->unequal, k->unequal_count, &k->unequal_capacity, sizeof *k->unequal);
        k->unequal[k->unequal_count++] = key;
    }
}

void known_learn(struct known *k, struct claim c)
{
    if (k->dead)
        return;
    if (c.form->count == 0) {
        k->dead |= !claim_holds(c.relation, c.form->c);
        return;
    }
    if (c.relation == UNEQUAL)
        learn_unequal(k, c.form);
    else
        learn_at_most(k, c.form);
    if (c.relation == EQUAL && !k->dead)
        learn_at_most(k, form_scale(k->pool, c.form, -1));
    if (!k->dead)
        learn_residues(k, c);
}

void known_refresh(struct known *k)
{
    for (size_t i = 0; i < k->fact_count && !k->dead; i++) {
        const struct fact_entry e = k->facts[i];
        if (e.b.hi != FAR)
            learn_residues(k, at_most(form_plus(k->pool, e.direction, -e.b.hi)));
        const struct form *down = form_scale(k->pool, e.direction, -1);
        if (e.b.lo != -FAR && !k->dead)
            learn_residues(k, at_most(form_plus(k->pool, down, e.b.lo)));
    }
}

static void give(struct known *k, const struct claim *any, size_t count)
{
    struct clause *clause = pool_alloc(k->pool, sizeof *clause + count * sizeof *any);
    clause->count = count;
    memcpy(clause->any, any, count * sizeof *any);
    struct given *g = pool_alloc(k->pool, sizeof *g);
    *g = (struct given){k->given, k->given ? k->given->depth + 1 : 1, clause};
    k->given = g;
}

void known_assume(struct known *k, struct claim c)
{
    give(k, &c, 1);
    known_learn(k, c);
}

void known_assume_any(struct known *k, const struct claim *any, size_t count)
{
    struct claim left[8];
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        enum answer a = known_quick(k, any[i]);
        if (a == YES)
            return;
        if (a == OPEN && n < sizeof left / sizeof *left)
            left[n++] = any[i];
    }
    give(k, any, count);
    if (n == 0)
        k->dead = true;
    else if (n == 1 && count <= sizeof left / sizeof *left)
        known_learn(k, left[0]);
}
