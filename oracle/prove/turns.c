// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// How often a path's loops are gone through follows from its conditions and the inputs: bounds
// of each number, and the few between them are tried.

#include "prove/sample.h"

enum { TRIED_MAX = 64 };

static bool is_open(const struct atom *a, const struct point *at)
{
    return a->kind == ATOM_TURNS && !point_is_set(at, a);
}

// The only one of the sum's terms whose number is to be found; NULL: none, or more.
static const struct term *only_open(const struct form *f, const struct point *at)
{
    const struct term *only = NULL;
    for (uint32_t i = 0; i < f->count; i++) {
        if (!is_open(f->terms[i].atom, at))
            continue;
        if (only)
            return NULL;
        only = &f->terms[i];
    }
    return only;
}

// times * turns + rest <= 0
static void cut_above(struct bounds *b, wide times, wide rest)
{
    wide q = -rest / times, r = -rest % times;
    if (times > 0) {
        q -= r < 0;
        b->hi = q < b->hi ? q : b->hi;
    } else {
        q += r < 0;
        b->lo = q > b->lo ? q : b->lo;
    }
}

static void cut(struct bounds *b, struct claim c, const struct term *t, struct point *at)
{
    wide rest;
    if (c.relation == UNEQUAL || !form_at_without(c.form, t->atom, at, &rest))
        return;
    cut_above(b, t->times, rest);
    if (c.relation == EQUAL)
        cut_above(b, -(wide)t->times, -rest);
}

static const struct atom *first_open(const struct given *g, const struct point *at)
{
    const struct atom *first = NULL;
    for (; g; g = g->before) {
        const struct form *f = g->clause->any[0].form;
        const struct term *t = g->clause->count == 1 ? only_open(f, at) : NULL;
        if (t && (!first || t->atom->id < first->id))
            first = t->atom;
    }
    return first;
}

static struct bounds bounds_at(const struct given *g, const struct atom *a, struct point *at)
{
    struct bounds b = {a->lo, a->hi};
    for (; g; g = g->before) {
        const struct term *t = g->clause->count == 1 ? only_open(g->clause->any[0].form, at) : NULL;
        if (t && t->atom == a)
            cut(&b, g->clause->any[0], t, at);
    }
    return b;
}

// OPEN: it depends on more than turns, such as a register that the caller need not set.
static enum answer find_turns(const struct given *g, struct point *at)
{
    enum answer all = givens_at(g, at);
    const struct atom *a = all == OPEN ? first_open(g, at) : NULL;
    if (!a)
        return all;
    struct bounds b = bounds_at(g, a, at);
    enum answer any = NO;
    for (wide v = b.lo; v <= b.hi && v < b.lo + TRIED_MAX; v++) {
        point_set(at, a, v);
        point_forget(at);
        enum answer with = find_turns(g, at);
        if (with == YES)
            return YES;
        any = with == OPEN ? OPEN : any;
        point_unset(at, a);
        point_forget(at);
    }
    return any;
}

static void unset_turns(const struct given *g, struct point *at)
{
    bool any = false;
    for (; g; g = g->before)
        for (size_t i = 0; i < g->clause->count; i++) {
            const struct form *f = g->clause->any[i].form;
            for (uint32_t k = 0; k < f->count; k++)
                if (f->terms[k].atom->kind == ATOM_TURNS && point_is_set(at, f->terms[k].atom)) {
                    point_unset(at, f->terms[k].atom);
                    any = true;
                }
        }
    if (any)
        point_forget(at);
}

enum answer lies_on(const struct given *g, struct point *at)
{
    unset_turns(g, at);
    return find_turns(g, at);
}

bool given_at(const struct given *g, struct point *at)
{
    return lies_on(g, at) == YES;
}
