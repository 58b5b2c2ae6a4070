// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Conditions as such, and whether they hold where all values are known.

#include "prove/know.h"

struct claim is_at_most(struct pool *p, const struct form *a, const struct form *b)
{
    return (struct claim){AT_MOST, form_sub(p, a, b)};
}

struct claim is_below(struct pool *p, const struct form *a, const struct form *b)
{
    return (struct claim){AT_MOST, form_plus(p, form_sub(p, a, b), 1)};
}

struct claim is_equal(struct pool *p, const struct form *a, const struct form *b)
{
    return (struct claim){EQUAL, form_sub(p, a, b)};
}

struct claim is_unequal(struct pool *p, const struct form *a, const struct form *b)
{
    return (struct claim){UNEQUAL, form_sub(p, a, b)};
}

struct claim negated(struct pool *p, struct claim c)
{
    if (c.relation == AT_MOST)
        return (struct claim){AT_MOST, form_plus(p, form_scale(p, c.form, -1), 1)};
    return (struct claim){c.relation == EQUAL ? UNEQUAL : EQUAL, c.form};
}

bool claim_holds(enum relation relation, wide value)
{
    return relation == AT_MOST ? value <= 0 : (value == 0) == (relation == EQUAL);
}

enum answer claim_at(struct claim c, struct point *at)
{
    wide v;
    if (!form_at(c.form, at, &v))
        return OPEN;
    return claim_holds(c.relation, v) ? YES : NO;
}

enum answer clause_at(const struct clause *c, struct point *at)
{
    enum answer all = NO;
    for (size_t i = 0; i < c->count; i++) {
        enum answer a = claim_at(c->any[i], at);
        if (a == YES)
            return YES;
        if (a == OPEN)
            all = OPEN;
    }
    return all;
}

enum answer givens_at(const struct given *g, struct point *at)
{
    enum answer all = YES;
    for (; g; g = g->before) {
        enum answer a = clause_at(g->clause, at);
        if (a == NO)
            return NO;
        all = a == OPEN ? OPEN : all;
    }
    return all;
}
