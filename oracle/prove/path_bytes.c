// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/path_check.h"

// Do all of these lie from LO to HI? Of those that lie side by side it is asked once.
static void lie_within(struct path_check *c, bool (*is_of)(const struct event *e),
                       const struct form *lo, const struct form *hi)
{
    struct pool *p = pool_of(c);
    struct extents all = {.count = 0};
    for (size_t i = 0; i < c->path->event_count; i++) {
        const struct event *e = c->path->events[i];
        if (!is_of(e))
            continue;
        if (all.count == EXTENTS_MAX) {
            may_be(c, is_below(p, e->lo, lo));
            may_be(c, is_below(p, hi, e->hi));
        } else {
            add_extent(c, &all, extent_of(e));
        }
    }
    for (size_t i = 0; i < all.count; i++) {
        may_be(c, is_below(p, all.items[i].lo, lo));
        may_be(c, is_below(p, hi, all.items[i].hi));
    }
}

static bool is_store(const struct event *e)
{
    return is_on(e, STORES);
}

static bool is_load_of_src(const struct event *e)
{
    return e->kind == ACCESS_LOAD && e->place == PLACE_SRC;
}

static bool is_load_of_dst(const struct event *e)
{
    return e->kind == ACCESS_LOAD && e->place == PLACE_DST;
}

static bool is_load_of_either(const struct event *e)
{
    return e->kind == ACCESS_LOAD && e->place == PLACE_EITHER;
}

void bounds_of_stores(struct path_check *c)
{
    lie_within(c, is_store, base_of(c, STORES), end_of(c, STORES));
}

// Where the two overlap, what is in the one need not be in the other.
void bounds_of_loads(struct path_check *c)
{
    const struct setting *s = c->path->setting;
    bool dst_low = c->path->arrangement == ARRANGED_DST_INTO;
    const struct form *low = dst_low ? s->dst : s->src, *high = dst_low ? s->src : s->dst;
    lie_within(c, is_load_of_src, base_of(c, LOADS), end_of(c, LOADS));
    lie_within(c, is_load_of_dst, base_of(c, STORES), end_of(c, STORES));
    lie_within(c, is_load_of_either, low, form_add(pool_of(c), high, s->n));
}

void destination_loads(struct path_check *c)
{
    const struct setting *s = c->path->setting;
    struct pool *p = pool_of(c);
    for (size_t i = 0; i < c->path->event_count; i++) {
        const struct event *e = c->path->events[i];
        if (e->kind != ACCESS_LOAD)
            continue;
        if (e->place == PLACE_DST)
            may_be(c, is_below(p, e->lo, e->hi));
        // What is not the source's.
        if (e->place == PLACE_EITHER) {
            may_be(c, is_below(p, e->lo, s->src));
            may_be(c, is_below(p, form_add(p, s->src, s->n), e->hi));
        }
    }
}

// One byte touched by two accesses.
static void touched_again(struct path_check *c, enum side_of side)
{
    struct extents before = {.count = 0};
    FOR_EACH_ON(c, side, e)
    {
        if (e->family && !e->exact)
            leave_open(c, "bytes that a loop touches in several turns are not followed");
        for (size_t i = 0; i < before.count; i++) {
            struct claim how[2];
            if (may_meet(c, e->lo, e->hi, before.items[i], how))
                may(c, how, 2);
        }
        add_extent(c, &before, extent_of(e));
    }
    close_extents(c, &before);
}

void repeated_loads(struct path_check *c)
{
    touched_again(c, LOADS);
}

enum again { AGAIN_SAME, AGAIN_OTHER };

// A pair that has a byte in common: of one range, or of two?
static void pair_again(struct path_check *c, const struct event *a, const struct event *b,
                       enum again what)
{
    struct pool *p = pool_of(c);
    struct claim how[3];
    if (!may_meet(c, b->lo, b->hi, extent_of(a), how))
        return;
    // Elements of a string are ranges of their own.
    bool elements = !is_single(a) || !is_single(b);
    bool loops = a->family || b->family;
    if (elements && !loops && what == AGAIN_SAME && a->width != b->width &&
        is_single(a) == is_single(b))
        return;
    if (elements) {
        may(c, how, 2);
        return;
    }
    if (what == AGAIN_SAME) {
        how[0] = is_equal(p, a->lo, b->lo);
        how[1] = is_equal(p, a->hi, b->hi);
        how[2] = is_below(p, a->lo, a->hi);
        may(c, how, 3);
        return;
    }
    how[2] = is_unequal(p, a->lo, b->lo);
    may(c, how, 3);
    how[2] = is_unequal(p, a->hi, b->hi);
    may(c, how, 3);
}

static void stored_again(struct path_check *c, enum again what)
{
    struct extents before = {.count = 0};
    FOR_EACH_ON(c, STORES, e)
    {
        bool again = before.overflowed;
        struct claim how[2];
        for (size_t i = 0; i < before.count && !again; i++)
            again = may_meet(c, e->lo, e->hi, before.items[i], how);
        size_t k = 0;
        for (const struct event *a; again && (a = next_on(c, STORES, &k)) && a != e;)
            pair_again(c, a, e, what);
        add_extent(c, &before, extent_of(e));
    }
}

void duplicates(struct path_check *c)
{
    stored_again(c, AGAIN_SAME);
}

void overlaps(struct path_check *c)
{
    stored_again(c, AGAIN_OTHER);
}

// From FROM on, how far is everything touched for certain?
static const struct form *covered_to(const struct path_check *c, const struct extents *all,
                                     const struct form *from)
{
    struct pool *p = pool_of(c);
    for (bool further = true; further;) {
        further = false;
        for (size_t i = 0; i < all->count && !further; i++) {
            const struct extent_of *x = &all->items[i];
            if (is_yes(c, is_at_most(p, x->lo, from)) && is_yes(c, is_below(p, from, x->hi))) {
                from = x->hi;
                further = true;
            }
        }
    }
    return from;
}

static void gather(const struct path_check *c, enum side_of side, struct extents *all)
{
    size_t i = 0;
    for (const struct event *e; (e = next_on(c, side, &i));)
        add_extent(c, all, extent_of(e));
}

// A byte that no store touches: the first behind what is covered from the start on, and
// the one that any gap begins with, which lies behind some store or at the start.
void missing_stores(struct path_check *c)
{
    struct pool *p = pool_of(c);
    struct extents all = {.count = 0};
    if (is_onto_itself(c))
        return;
    gather(c, STORES, &all);
    close_extents(c, &all);
    const struct form *start = base_of(c, STORES), *end = end_of(c, STORES);
    if (is_yes(c, is_at_most(p, end, covered_to(c, &all, start))))
        return;
    if (all.count + 2 > CONDITIONS_MAX / 2) {
        leave_open(c, "what it stores lies in more parts than are followed");
        return;
    }
    // The first byte of a gap: the start, or the end of an extent.
    for (size_t first = 0; first <= all.count; first++) {
        const struct form *gap = first == all.count ? start : all.items[first].hi;
        struct claim how[CONDITIONS_MAX];
        size_t count = 0;
        how[count++] = is_at_most(p, start, gap);
        how[count++] = is_below(p, gap, end);
        size_t choices = 0, open[CONDITIONS_MAX];
        bool covered = false;
        for (size_t i = 0; i < all.count && !covered; i++) {
            struct claim below = is_below(p, gap, all.items[i].lo);
            struct claim above = is_at_most(p, all.items[i].hi, gap);
            enum answer b = known_quick(c->known, below), a = known_quick(c->known, above);
            if (a == YES || b == YES)
                continue;
            if (a == NO && b == NO)
                covered = true;
            else if (a == NO)
                how[count++] = below;
            else if (b == NO)
                how[count++] = above;
            else
                open[choices++] = i;
        }
        enum { CHOICES_MAX = 6 };
        if (covered)
            continue;
        if (choices > CHOICES_MAX) {
            leave_open(c, "what it stores lies in more parts than are followed");
            return;
        }
        for (unsigned pick = 0; pick < 1u << choices; pick++) {
            size_t all_count = count;
            for (size_t i = 0; i < choices; i++) {
                const struct extent_of *x = &all.items[open[i]];
                how[all_count++] =
                    pick >> i & 1 ? is_below(p, gap, x->lo) : is_at_most(p, x->hi, gap);
            }
            may(c, how, all_count);
        }
    }
}

// An element of SIZE bytes that begins at Y, which lies inside and which nothing before
// touched.
static void may_tear(struct path_check *c, enum side_of side, const struct extents *before,
                     const struct form *y, unsigned size, const struct claim *more,
                     size_t more_count)
{
    enum { CHOICES_MAX = 4 };
    struct pool *p = pool_of(c);
    struct claim how[CONDITIONS_MAX];
    size_t count = 0, choices = 0, open[CHOICES_MAX];
    for (size_t i = 0; i < more_count; i++)
        how[count++] = more[i];
    how[count++] = is_at_most(p, base_of(c, side), y);
    how[count++] = is_at_most(p, form_plus(p, y, size), end_of(c, side));
    for (size_t i = 0; i < before->count; i++) {
        struct claim below = is_at_most(p, form_plus(p, y, size), before->items[i].lo);
        struct claim above = is_at_most(p, before->items[i].hi, y);
        enum answer b = known_quick(c->known, below), a = known_quick(c->known, above);
        if (a == YES || b == YES)
            continue;
        if (a == NO && b == NO)
            return; // an earlier one touched it
        // Fewer conditions are only more cautious.
        if (count + choices + 1 >= CONDITIONS_MAX)
            continue;
        if (a == NO)
            how[count++] = below;
        else if (b == NO)
            how[count++] = above;
        else if (choices < CHOICES_MAX)
            open[choices++] = i;
    }
    for (unsigned pick = 0; pick < 1u << choices; pick++) {
        size_t all = count;
        for (size_t i = 0; i < choices; i++) {
            const struct extent_of *x = &before->items[open[i]];
            how[all++] = pick >> i & 1 ? is_at_most(p, form_plus(p, y, size), x->lo)
                                       : is_at_most(p, x->hi, y);
        }
        may(c, how, all);
    }
}

static void tear_edge(struct path_check *c, enum side_of side, const struct extents *before,
                      const struct form *edge, unsigned size)
{
    unsigned bits = (unsigned)__builtin_ctz(size);
    const struct form *in = known_low(c->known, edge, bits);
    struct claim astray = {UNEQUAL, in};
    if (known_quick(c->known, astray) == NO)
        return;
    may_tear(c, side, before, sub(c, edge, in), size, &astray, 1);
}

// Between two elements of a string: anywhere in it.
static void tear_inside(struct path_check *c, enum side_of side, const struct extents *before,
                        const struct event *e, unsigned size)
{
    struct pool *p = pool_of(c);
    bool fits = (e->width & (e->width - 1)) == 0 && e->width >= size;
    const struct form *astray =
        fits ? known_low(c->known, e->lo, (unsigned)__builtin_ctz(size)) : NULL;
    if (fits && is_yes(c, (struct claim){EQUAL, astray}))
        return;
    const struct form *t =
        form_scale(p, form_input(p, ATOM_TURNS, "element", 0, (wide)1 << 60), size);
    struct claim how[3] = {
        is_below(p, t, e->hi), is_below(p, e->lo, form_plus(p, t, size)), {UNEQUAL, astray}};
    may_tear(c, side, before, t, size, how, fits ? 3 : 2);
}

static void tear_edges(struct path_check *c, enum side_of side, const struct extents *before,
                       const struct event *e, uint64_t max)
{
    for (unsigned size = 2; size <= 8 && size <= max; size *= 2) {
        tear_edge(c, side, before, e->lo, size);
        tear_edge(c, side, before, e->hi, size);
        if (!is_single(e))
            tear_inside(c, side, before, e, size);
    }
}

static void torn_side(struct path_check *c, enum side_of side)
{
    uint64_t max = c->params->max ? c->params->max : 8;
    struct extents before = {.count = 0};
    FOR_EACH_ON(c, side, e)
    {
        size_t k = 0;
        if (e->family && !e->exact)
            leave_open(c, "bytes that a loop touches in several turns are not followed");
        for (const struct event *x; e->family && (x = next_of_family(e, &k)) != NULL;)
            tear_edges(c, side, &before, x, max);
        if (!e->family)
            tear_edges(c, side, &before, e, max);
        add_extent(c, &before, extent_of(e));
    }
    close_extents(c, &before);
}

void torn_elements(struct path_check *c)
{
    torn_side(c, STORES);
}

void torn_loads(struct path_check *c)
{
    torn_side(c, LOADS);
}
