// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/knowing.h"

wide group_value(const struct group *g, int r)
{
    wide v = 0;
    for (size_t i = 0; i < g->count; i++) {
        const struct member *m = &g->members[i];
        if (m->sign == 0)
            v += m->times * (m->c + modulo(r - m->c, RESIDUES));
        else
            v += m->times * modulo(m->sign * r + m->c, (wide)1 << m->k);
    }
    return v;
}

static bool is_small_low(const struct atom *a)
{
    return a->kind == ATOM_LOW && a->k <= RESIDUE_BITS;
}

// A LOW atom's argument is a direction times 1 or -1, or it is in no group.
static bool low_member(const struct known *k, const struct term *t, const struct form **direction,
                       struct member *out)
{
    int64_t by;
    const struct form *d = form_direction(k->pool, t->atom->arg, &by);
    if (by != 1 && by != -1)
        return false;
    *direction = d;
    *out = (struct member){t->times, t->atom->arg->c, (int8_t)by, t->atom->k};
    return true;
}

// An input of few values follows from its residue.
bool input_member(const struct known *k, const struct term *t, struct member *out)
{
    struct bounds b = bounds_of(k, t->atom);
    *out = (struct member){t->times, b.lo, 0, 0};
    return b.hi - b.lo < RESIDUES;
}

struct bounds group_bounds(const struct known *k, const struct group *g)
{
    uint64_t may = residues_of(k, g->direction);
    struct bounds b = {FAR, -FAR};
    for (; may; may &= may - 1) {
        wide v = group_value(g, __builtin_ctzll(may));
        b.lo = v < b.lo ? v : b.lo;
        b.hi = v > b.hi ? v : b.hi;
    }
    return b.lo > b.hi ? (struct bounds){0, 0} : b;
}

static struct group *group_of(struct parts *parts, const struct form *direction)
{
    for (size_t i = 0; i < parts->count; i++)
        if (parts->groups[i].direction == direction)
            return &parts->groups[i];
    return NULL;
}

static bool join(struct parts *parts, const struct form *direction, struct member m)
{
    struct group *g = group_of(parts, direction);
    if (!g && parts->count < GROUPS_MAX) {
        g = &parts->groups[parts->count++];
        g->direction = direction;
        g->count = 0;
    }
    if (!g || g->count == GROUP_MAX)
        return false;
    g->members[g->count++] = m;
    return true;
}

static bool join_low(const struct known *k, const struct term *t, struct parts *parts)
{
    const struct form *direction;
    struct member m;
    return is_small_low(t->atom) && low_member(k, t, &direction, &m) && join(parts, direction, m);
}

static bool join_input(const struct known *k, const struct term *t, struct parts *parts)
{
    struct member m;
    if (parts->count == 0 || !input_member(k, t, &m))
        return false;
    const struct form *direction = form_term(k->pool, t->atom);
    return group_of(parts, direction) && join(parts, direction, m);
}

void take_apart(const struct known *k, const struct form *f, struct parts *parts)
{
    bool joined[32] = {false};
    parts->count = parts->alone = 0;
    parts->rest = (struct bounds){f->c, f->c};
    for (uint32_t i = 0; i < f->count; i++)
        joined[i] = join_low(k, &f->terms[i], parts);
    for (uint32_t i = 0; i < f->count; i++) {
        if (joined[i] || join_input(k, &f->terms[i], parts))
            continue;
        add_bounds(&parts->rest, bounds_of(k, f->terms[i].atom), f->terms[i].times);
        parts->alone++;
    }
}
