// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/path_check.h"

void may(struct path_check *c, const struct claim *how, size_t count)
{
    struct claim left[CONDITIONS_MAX];
    size_t n = 0;
    if (c->enough)
        return;
    for (size_t i = 0; i < count; i++) {
        enum answer a = known_quick(c->known, how[i]);
        if (a == NO)
            return;
        if (a == OPEN)
            left[n++] = how[i];
    }
    if (n > 1) {
        struct known k;
        known_copy(&k, c->known);
        for (size_t i = 0; i < n && !k.dead; i++)
            known_learn(&k, left[i]);
        bool dead = k.dead;
        known_free(&k);
        if (dead)
            return;
    }
    c->asked++;
    c->enough = !c->broken(c, left, n);
}

const struct event *next_on(const struct path_check *c, enum side_of side, size_t *i)
{
    for (; *i < c->path->event_count; (*i)++)
        if (is_on(c->path->events[*i], side))
            return c->path->events[(*i)++];
    return NULL;
}

const struct event *next_of_family(const struct event *e, size_t *k)
{
    while (*k < e->family->count) {
        const struct event *x = e->family->events[(*k)++];
        if (x->kind == e->kind && x->place == e->place)
            return x;
    }
    return NULL;
}

const struct event *next_access_on(const struct path_check *c, enum side_of side,
                                   struct access_at *at)
{
    for (; at->i < c->path->event_count; at->i++, at->k = 0) {
        const struct event *e = c->path->events[at->i], *x;
        if (!is_on(e, side))
            continue;
        if (!e->family) {
            at->i++;
            return e;
        }
        if ((x = next_of_family(e, &at->k)) != NULL)
            return x;
    }
    return NULL;
}

bool may_meet(const struct path_check *c, const struct form *lo, const struct form *hi,
              struct extent_of x, struct claim *how)
{
    how[0] = is_below(pool_of(c), lo, x.hi);
    how[1] = is_below(pool_of(c), x.lo, hi);
    return known_quick(c->known, how[0]) != NO && known_quick(c->known, how[1]) != NO;
}

// Takes X into Y where the two touch, or one holds the other, for certain.
static bool absorb(const struct path_check *c, struct extent_of x, struct extent_of *y)
{
    struct pool *p = pool_of(c);
    if (same_place(c, x.hi, y->lo)) {
        y->lo = x.lo;
        return true;
    }
    if (same_place(c, y->hi, x.lo)) {
        y->hi = x.hi;
        return true;
    }
    if (!is_yes(c, is_at_most(p, x.lo, y->hi)) || !is_yes(c, is_at_most(p, y->lo, x.hi)))
        return false;
    bool x_first = is_yes(c, is_at_most(p, x.lo, y->lo));
    bool x_last = is_yes(c, is_at_most(p, y->hi, x.hi));
    if ((!x_first && !is_yes(c, is_at_most(p, y->lo, x.lo))) ||
        (!x_last && !is_yes(c, is_at_most(p, x.hi, y->hi))))
        return false;
    y->lo = x_first ? x.lo : y->lo;
    y->hi = x_last ? x.hi : y->hi;
    return true;
}

void add_extent(const struct path_check *c, struct extents *all, struct extent_of y)
{
    size_t kept = 0;
    for (size_t i = 0; i < all->count; i++)
        if (!absorb(c, all->items[i], &y))
            all->items[kept++] = all->items[i];
    all->count = kept;
    if (kept < EXTENTS_MAX)
        all->items[all->count++] = y;
    else
        all->overflowed = true;
}

void close_extents(struct path_check *c, const struct extents *all)
{
    if (all->overflowed)
        leave_open(c, "it makes more accesses that lie apart than are followed");
}
