// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A check looks for conditions under which the path breaks the rule, and asks whether they
// can be (may). All that it does not find a condition for it must have shown to hold.

#include "prove/path_rules.h"

#include "base/memory.h"

#include <string.h>

enum side_of { STORES, LOADS };

// Bytes that accesses so far have touched for certain, and all that they may have.
struct extent_of {
    const struct form *lo, *hi;
};
enum { EXTENTS_MAX = 256 };
struct extents {
    struct extent_of items[EXTENTS_MAX];
    size_t count;
    bool overflowed;
};

static struct pool *pool_of(const struct path_check *c)
{
    return c->known->pool;
}

static void leave_open(struct path_check *c, const char *why)
{
    if (!c->open)
        c->open = why;
}

// May all conditions be true at once, on the path? Then the rule is broken there.
static void may(struct path_check *c, const struct claim *how, size_t count)
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

static void may_be(struct path_check *c, struct claim how)
{
    may(c, &how, 1);
}

static void always(struct path_check *c)
{
    may(c, NULL, 0);
}

// ---- the accesses of a side ----

static const struct form *base_of(const struct path_check *c, enum side_of side)
{
    return side == STORES ? c->path->setting->dst : c->path->setting->src;
}

static const struct form *end_of(const struct path_check *c, enum side_of side)
{
    return form_add(pool_of(c), base_of(c, side), c->path->setting->n);
}

static bool is_on(const struct event *e, enum side_of side)
{
    if (side == STORES)
        return e->kind == ACCESS_STORE &&
               (e->place == PLACE_DST || e->place == PLACE_EITHER || e->place == PLACE_SRC);
    return e->kind == ACCESS_LOAD && (e->place == PLACE_SRC || e->place == PLACE_EITHER);
}

// The next access of the side from index I on, or NULL.
static const struct event *next_on(const struct path_check *c, enum side_of side, size_t *i)
{
    for (; *i < c->path->event_count; (*i)++)
        if (is_on(c->path->events[*i], side))
            return c->path->events[(*i)++];
    return NULL;
}

#define FOR_EACH_ON(c, side, e)                      \
    for (size_t i_ = 0, once_ = 1; once_; once_ = 0) \
        for (const struct event *e; !(c)->enough && (e = next_on(c, side, &i_));)

// By its lowest byte and the one behind its highest.
static bool is_single(const struct event *e)
{
    return e->count == NULL || (e->count->count == 0 && e->count->c == 1);
}

static const struct form *sub(const struct path_check *c, const struct form *a,
                              const struct form *b)
{
    return form_sub(pool_of(c), a, b);
}

static bool is_yes(const struct path_check *c, struct claim how)
{
    return known_quick(c->known, how) == YES;
}

// ---- bounds ----

static void bounds_of_stores(struct path_check *c)
{
    struct pool *p = pool_of(c);
    for (size_t i = 0; i < c->path->event_count; i++) {
        const struct event *e = c->path->events[i];
        if (!is_on(e, STORES))
            continue;
        may_be(c, is_below(p, e->lo, base_of(c, STORES)));
        may_be(c, is_below(p, end_of(c, STORES), e->hi));
    }
}

static void within(struct path_check *c, const struct event *e, enum side_of side)
{
    struct pool *p = pool_of(c);
    may_be(c, is_below(p, e->lo, base_of(c, side)));
    may_be(c, is_below(p, end_of(c, side), e->hi));
}

// Where the two overlap, what is in the one need not be in the other.
static void bounds_of_loads(struct path_check *c)
{
    const struct setting *s = c->path->setting;
    struct pool *p = pool_of(c);
    for (size_t i = 0; i < c->path->event_count; i++) {
        const struct event *e = c->path->events[i];
        if (e->kind != ACCESS_LOAD)
            continue;
        if (e->place == PLACE_SRC)
            within(c, e, LOADS);
        else if (e->place == PLACE_DST)
            within(c, e, STORES);
        else if (e->place == PLACE_EITHER) {
            bool dst_low = c->path->arrangement == ARRANGED_DST_INTO;
            const struct form *low = dst_low ? s->dst : s->src, *high = dst_low ? s->src : s->dst;
            may_be(c, is_below(p, e->lo, low));
            may_be(c, is_below(p, form_add(p, high, s->n), e->hi));
        }
    }
}

static void destination_loads(struct path_check *c)
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

// ---- what was touched before ----

// Can they have a byte in common? Gives the conditions of that.
static bool may_meet(const struct path_check *c, const struct form *lo, const struct form *hi,
                     struct extent_of x, struct claim *how)
{
    how[0] = is_below(pool_of(c), lo, x.hi);
    how[1] = is_below(pool_of(c), x.lo, hi);
    return known_quick(c->known, how[0]) != NO && known_quick(c->known, how[1]) != NO;
}

static bool same_place(const struct path_check *c, const struct form *a, const struct form *b)
{
    return a == b || is_yes(c, is_equal(pool_of(c), a, b));
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

static void add_extent(const struct path_check *c, struct extents *all, struct extent_of y)
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

static struct extent_of extent_of(const struct event *e)
{
    return (struct extent_of){e->lo, e->hi};
}

static void close_extents(struct path_check *c, const struct extents *all)
{
    if (all->overflowed)
        leave_open(c, "it makes more accesses that lie apart than are followed");
}

// One byte touched by two accesses.
static void touched_again(struct path_check *c, enum side_of side)
{
    struct extents before = {.count = 0};
    FOR_EACH_ON(c, side, e)
    {
        for (size_t i = 0; i < before.count; i++) {
            struct claim how[2];
            if (may_meet(c, e->lo, e->hi, before.items[i], how))
                may(c, how, 2);
        }
        add_extent(c, &before, extent_of(e));
    }
    close_extents(c, &before);
}

static void repeated_loads(struct path_check *c)
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
    if (elements && what == AGAIN_SAME && a->width != b->width && is_single(a) == is_single(b))
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

static void duplicates(struct path_check *c)
{
    stored_again(c, AGAIN_SAME);
}

static void overlaps(struct path_check *c)
{
    stored_again(c, AGAIN_OTHER);
}

// ---- all bytes ----

static bool is_onto_itself(const struct path_check *c)
{
    return c->path->arrangement == ARRANGED_SAME;
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
static void missing_stores(struct path_check *c)
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

// ---- one access ----

static void split_side(struct path_check *c, enum side_of side)
{
    static const unsigned sizes[] = {1, 2, 4, 8};
    struct pool *p = pool_of(c);
    uint64_t max = c->params->max ? c->params->max : 8;
    const struct form *n = c->path->setting->n;
    for (unsigned i = 0; i < 4 && sizes[i] <= max; i++) {
        struct claim how[2] = {{EQUAL, form_plus(p, n, -(wide)sizes[i])}};
        if (known_quick(c->known, how[0]) == NO)
            continue;
        size_t accesses = 0;
        FOR_EACH_ON(c, side, e)
        {
            accesses++;
            how[1] = is_unequal(p, e->lo, base_of(c, side));
            may(c, how, 2);
            how[1] = is_unequal(p, e->hi, form_plus(p, base_of(c, side), sizes[i]));
            may(c, how, 2);
            if (!is_single(e) && e->width != sizes[i])
                may(c, how, 1);
        }
        // None at all; a move onto itself may leave everything alone.
        if (accesses == 0 && !is_onto_itself(c))
            may(c, how, 1);
    }
}

static void split_stores(struct path_check *c)
{
    split_side(c, STORES);
}

static void split_loads(struct path_check *c)
{
    split_side(c, LOADS);
}

static unsigned alignment_bits(unsigned width)
{
    return 31u - (unsigned)__builtin_clz(width);
}

static void misaligned_side(struct path_check *c, enum side_of side)
{
    FOR_EACH_ON(c, side, e)
    {
        unsigned bits = alignment_bits(e->width);
        if (bits > 0)
            may_be(c, (struct claim){UNEQUAL, known_low(c->known, e->address, bits)});
    }
}

static void misaligned_stores(struct path_check *c)
{
    misaligned_side(c, STORES);
}

static void misaligned_loads(struct path_check *c)
{
    misaligned_side(c, LOADS);
}

static void wide_side(struct path_check *c, enum side_of side)
{
    uint64_t max = c->params->max ? c->params->max : 8;
    FOR_EACH_ON(c, side, e)
    {
        if (e->width > max)
            always(c);
    }
}

static void wide_stores(struct path_check *c)
{
    wide_side(c, STORES);
}

static void wide_loads(struct path_check *c)
{
    wide_side(c, LOADS);
}

static void narrow_side(struct path_check *c, enum side_of side)
{
    struct pool *p = pool_of(c);
    uint64_t min = c->params->min ? c->params->min : 4;
    struct claim how[2] = {
        at_most(form_plus(p, form_scale(p, c->path->setting->n, -1), (wide)min))};
    FOR_EACH_ON(c, side, e)
    {
        how[1] = at_most(form_plus(p, sub(c, e->hi, e->lo), 1 - (wide)min));
        if (e->width < min)
            may(c, how, 1);
        else if (e->masked)
            may(c, how, 2);
    }
}

static void narrow_stores(struct path_check *c)
{
    narrow_side(c, STORES);
}

static void narrow_loads(struct path_check *c)
{
    narrow_side(c, LOADS);
}

static void class_side(struct path_check *c, enum side_of side, enum site_class class)
{
    FOR_EACH_ON(c, side, e)
    {
        if (site_is(&e->step->site, class))
            always(c);
    }
}

#define CLASS_FORM(name, side, class)      \
    static void name(struct path_check *c) \
    {                                      \
        class_side(c, side, class);        \
    }
CLASS_FORM(vector_stores, STORES, CLASS_VECTOR)
CLASS_FORM(masked_stores, STORES, CLASS_MASKED)
CLASS_FORM(string_stores, STORES, CLASS_STRING)
CLASS_FORM(nontemporal_stores, STORES, CLASS_NONTEMPORAL)
CLASS_FORM(atomic_stores, STORES, CLASS_ATOMIC)
CLASS_FORM(paired_stores, STORES, CLASS_PAIRED)
CLASS_FORM(writeback_stores, STORES, CLASS_WRITEBACK)
CLASS_FORM(x87_stores, STORES, CLASS_X87)
CLASS_FORM(vector_loads, LOADS, CLASS_VECTOR)
CLASS_FORM(string_loads, LOADS, CLASS_STRING)
CLASS_FORM(atomic_loads, LOADS, CLASS_ATOMIC)
CLASS_FORM(paired_loads, LOADS, CLASS_PAIRED)
CLASS_FORM(writeback_loads, LOADS, CLASS_WRITEBACK)
CLASS_FORM(x87_loads, LOADS, CLASS_X87)

// ---- order ----

static void ascending(struct path_check *c, enum side_of side)
{
    struct pool *p = pool_of(c);
    const struct event *before = NULL;
    FOR_EACH_ON(c, side, e)
    {
        if (e->count && e->down && !is_single(e))
            may_be(c, at_most(form_plus(p, form_scale(p, e->count, -1), 2)));
        if (before) {
            // The first of its elements against the last of those before.
            const struct form *last = before->count && !before->down
                                          ? form_plus(p, before->hi, -(wide)before->width)
                                          : before->lo;
            may_be(c, is_below(p, e->lo, last));
        }
        before = e;
    }
}

static void reordered_stores(struct path_check *c)
{
    ascending(c, STORES);
}

static void reordered_loads(struct path_check *c)
{
    ascending(c, LOADS);
}

static const struct event *last_on(const struct path_check *c, enum side_of side)
{
    const struct event *last = NULL;
    size_t i = 0;
    for (const struct event *e; (e = next_on(c, side, &i));)
        last = e;
    return last;
}

// A byte of a request that has some.
static void last_byte(struct path_check *c)
{
    struct pool *p = pool_of(c);
    const struct event *last = last_on(c, STORES);
    const struct form *n = c->path->setting->n;
    if (!last) {
        if (!is_onto_itself(c))
            may_be(c, at_most(form_plus(p, form_scale(p, n, -1), 1)));
        return;
    }
    // Of a string that goes down the last element is the lowest.
    const struct form *hi =
        last->count && last->down ? form_plus(p, last->lo, last->width) : last->hi;
    may_be(c, is_below(p, hi, end_of(c, STORES)));
}

// Plain accesses of at most 8 bytes within a cache line are made whole and kept in order;
// what else may be so is not shown here.
static bool is_plain(const struct event *e)
{
    enum { SPECIAL = 1 << CLASS_NONTEMPORAL | 1 << CLASS_STRING | 1 << CLASS_MASKED };
    return !(e->step->site.classes & SPECIAL) && e->width <= 8;
}

static void made_whole(struct path_check *c, const struct event *e, bool on_device)
{
    struct pool *p = pool_of(c);
    enum { LINE_BITS = 6 };
    if (!is_plain(e)) {
        may_be(c, is_below(p, e->lo, e->hi));
    } else if (!on_device && e->width > 1) {
        // in_line + width > 64
        const struct form *in_line = known_low(c->known, e->address, LINE_BITS);
        may_be(c, at_most(form_plus(p, form_scale(p, in_line, -1), 65 - (wide)e->width)));
    }
}

static void whole_and_in_order(struct path_check *c, enum side_of side)
{
    FOR_EACH_ON(c, side, e)
    {
        made_whole(c, e, c->params->on_device);
    }
}

// The last store touches the last byte, and the two below it where the request ends at an
// even address. Before it others may be made in parts, but none past the buffers.
static void ends_last(struct path_check *c)
{
    struct pool *p = pool_of(c);
    const struct event *last = last_on(c, STORES);
    last_byte(c);
    if (!last)
        return;
    made_whole(c, last, c->params->on_device);
    FOR_EACH_ON(c, STORES, e)
    {
        if (e != last && site_is(&e->step->site, CLASS_NONTEMPORAL))
            always(c);
    }
    if (last->width >= 2 && !last->masked)
        return;
    const struct form *end = end_of(c, STORES);
    struct claim how[2] = {{EQUAL, known_low(c->known, end, 1)},
                           at_most(form_plus(p, form_scale(p, c->path->setting->n, -1), 2))};
    may(c, how, 2);
}

static void unordered_stores(struct path_check *c)
{
    if (c->params->order == WANT_LAST)
        ends_last(c);
    else
        whole_and_in_order(c, STORES);
}

static void unordered_loads(struct path_check *c)
{
    if (c->params->order != WANT_ASCENDING) {
        if (last_on(c, LOADS))
            leave_open(c, "loads in another order than ascending are not followed");
        return;
    }
    whole_and_in_order(c, LOADS);
}

// ---- fences ----

static bool is_drain(const struct event *e)
{
    return ordering_drains(e->step->site.order);
}

static void unfenced_stores(struct path_check *c)
{
    const struct event *pending = NULL;
    for (size_t i = 0; i < c->path->event_count; i++) {
        const struct event *e = c->path->events[i];
        if (is_on(e, STORES) &&
            (c->params->all_stores || site_is(&e->step->site, CLASS_NONTEMPORAL)))
            pending = e;
        if (is_drain(e))
            pending = NULL;
    }
    if (pending)
        always(c);
}

// Stored past the caches and drained; flushes are not followed.
static void unflushed_stores(struct path_check *c)
{
    bool flushes = false, cached = false;
    const struct event *pending = NULL;
    for (size_t i = 0; i < c->path->event_count; i++) {
        const struct event *e = c->path->events[i];
        flushes |= e->kind == ACCESS_FLUSH;
        if (is_on(e, STORES)) {
            cached |= !site_is(&e->step->site, CLASS_NONTEMPORAL);
            pending = e;
        }
        if (is_drain(e))
            pending = NULL;
    }
    if (cached && flushes)
        leave_open(c, "flushes of cache lines are not followed");
    else if (cached || pending)
        always(c);
}

// ---- elements ----

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

static void torn_side(struct path_check *c, enum side_of side)
{
    uint64_t max = c->params->max ? c->params->max : 8;
    struct extents before = {.count = 0};
    FOR_EACH_ON(c, side, e)
    {
        for (unsigned size = 2; size <= 8 && size <= max; size *= 2) {
            tear_edge(c, side, &before, e->lo, size);
            tear_edge(c, side, &before, e->hi, size);
            if (!is_single(e))
                tear_inside(c, side, &before, e, size);
        }
        add_extent(c, &before, extent_of(e));
    }
    close_extents(c, &before);
}

static void torn_elements(struct path_check *c)
{
    torn_side(c, STORES);
}

static void torn_loads(struct path_check *c)
{
    torn_side(c, LOADS);
}

// ---- data ----

// Is what a load reads what lay there at first? A store before it may have changed it, where
// the two buffers overlap; onto itself a right one changes nothing.
static void loads_are_first(struct path_check *c)
{
    struct extents stored = {.count = 0};
    if (c->path->arrangement != ARRANGED_DST_INTO && c->path->arrangement != ARRANGED_SRC_INTO)
        return;
    for (size_t i = 0; i < c->path->event_count; i++) {
        const struct event *e = c->path->events[i];
        if (e->kind == ACCESS_STORE && is_on(e, STORES))
            add_extent(c, &stored, extent_of(e));
        if (e->kind != ACCESS_LOAD || e->place != PLACE_EITHER)
            continue;
        for (size_t k = 0; k < stored.count; k++) {
            struct claim how[2];
            if (may_meet(c, e->lo, e->hi, stored.items[k], how))
                may(c, how, 2);
        }
    }
    close_extents(c, &stored);
}

// A string of which a later element reads what an earlier one stored: store i, load j,
// i < j.
static void string_is_first(struct path_check *c, const struct event *e)
{
    struct pool *p = pool_of(c);
    const struct form *i = form_input(p, ATOM_TURNS, "element", 0, (wide)1 << 60);
    const struct form *j = form_input(p, ATOM_TURNS, "element", 0, (wide)1 << 60);
    int step = e->down ? -(int)e->width : (int)e->width;
    const struct form *store = form_add_scaled(p, e->address, i, step);
    const struct form *load = form_add_scaled(p, e->from, j, step);
    const struct claim how[] = {is_below(p, i, j), is_below(p, j, e->count),
                                is_below(p, store, form_plus(p, load, e->width)),
                                is_below(p, load, form_plus(p, store, e->width))};
    may(c, how, sizeof how / sizeof *how);
}

static void string_is_right(struct path_check *c, const struct event *e)
{
    const struct setting *s = c->path->setting;
    may_be(c, is_unequal(pool_of(c), sub(c, e->from, s->src), sub(c, e->address, s->dst)));
    if (e->place == PLACE_EITHER && c->path->arrangement != ARRANGED_SAME)
        string_is_first(c, e);
}

// The part of a store's bytes from AT on, COUNT of them, that comes from ADDRESS: is it
// what belongs there? Where a mask leaves all of them out it does not matter.
static void part_is_right(struct path_check *c, const struct event *e, unsigned at, unsigned count,
                          const struct form *address)
{
    struct pool *p = pool_of(c);
    const struct setting *s = c->path->setting;
    const struct form *wanted = form_plus(p, sub(c, e->address, s->dst), at);
    struct claim how[3] = {is_unequal(p, sub(c, address, s->src), wanted)};
    size_t n = 1;
    if (e->masked) {
        how[n++] = is_below(p, e->lo, form_plus(p, e->address, at + count));
        how[n++] = is_below(p, form_plus(p, e->address, at), e->hi);
    }
    may(c, how, n);
}

static void store_is_right(struct path_check *c, const struct event *e)
{
    struct pool *p = pool_of(c);
    const struct bytes *b = e->bytes;
    unsigned at = 0;
    for (unsigned i = 0; i < b->count && at < e->width; i++) {
        const struct piece_of *piece = &b->pieces[i];
        if (piece->kind == BYTES_LOADED)
            part_is_right(c, e, at, piece->count, piece->of);
        else
            leave_open(c, "it stores bytes that are not followed from the source");
        at += piece->count;
    }
    if (b->lo) { // what its load did not fill is zero
        may_be(c, is_below(p, e->lo, form_add(p, e->address, b->lo)));
        may_be(c, is_below(p, form_add(p, e->address, b->hi), e->hi));
    }
}

static void wrong_data(struct path_check *c)
{
    loads_are_first(c);
    FOR_EACH_ON(c, STORES, e)
    {
        if (e->count)
            string_is_right(c, e);
        else
            store_is_right(c, e);
    }
    missing_stores(c);
}

// Every store puts final values: then no byte is ever something else.
static void transient_values(struct path_check *c)
{
    FOR_EACH_ON(c, STORES, e)
    {
        if (e->count)
            string_is_right(c, e);
        else
            store_is_right(c, e);
    }
}

// ---- how it ends ----

static bool returned(const struct path_check *c)
{
    return c->path->end == EXECUTION_RETURN;
}

static void crashes(struct path_check *c)
{
    if (c->path->end == EXECUTION_CRASH)
        always(c);
    bounds_of_stores(c);
    bounds_of_loads(c);
}

// All paths end: what does not is not followed to its end, which who explores knows.
static void times_out(struct path_check *c)
{
    (void)c;
}

static void wrong_return(struct path_check *c)
{
    const struct setting *s = c->path->setting;
    struct value v = c->path->machine->regs[RAX];
    const struct form *wanted = c->op == OP_MEMPCPY ? end_of(c, STORES) : s->dst;
    if (c->result == RESULT_NONE)
        return;
    if (c->result != RESULT_OF_OP || v.kind != VALUE_NUMBER) {
        leave_open(c, "what it returns is not followed");
        return;
    }
    // Right modulo 2^64; what is wanted is far below.
    const struct form *off = form_modulo(pool_of(c), sub(c, v.number, wanted), 64);
    if (off->count == 0 && off->c == 0)
        return;
    may_be(c, (struct claim){UNEQUAL, known_low(c->known, off, 64)});
}

static bool is_kept(struct value now, struct value then)
{
    return now.kind == VALUE_NUMBER && now.number == then.number;
}

static void clobbered_state(struct path_check *c)
{
    static const unsigned kept[] = {RBX, RBP, 12, 13, 14, 15};
    const struct machine *m = c->path->machine;
    for (unsigned i = 0; i < sizeof kept / sizeof *kept; i++)
        if (!is_kept(m->regs[kept[i]], c->path->setting->initial[kept[i]]))
            always(c);
    const struct form *rsp = form_plus(pool_of(c), c->path->setting->rsp, 8);
    if (m->regs[RSP].kind != VALUE_NUMBER || !same_place(c, m->regs[RSP].number, rsp) || m->down)
        always(c);
}

static void data_dependence(struct path_check *c)
{
    if (path_depends_on_data(c->path))
        leave_open(c, "where it goes depends on the data");
}

bool path_reads_first(struct path_check *c)
{
    loads_are_first(c);
    return c->asked == 0 && !c->open;
}

bool path_depends_on_data(const struct path *path)
{
    struct known *k = path->known;
    for (const struct given *g = k->given; g; g = g->before)
        for (size_t i = 0; i < g->clause->count; i++)
            if (form_is_data(g->clause->any[i].form))
                return true;
    return false;
}

// ---- the table ----

typedef void rule_form(struct path_check *c);

static const struct {
    enum rule_id rule;
    rule_form *form;
} forms[] = {
    {RULE_CRASH, crashes},
    {RULE_TIMEOUT, times_out},
    {RULE_WRONG_DATA, wrong_data},
    {RULE_WRONG_RETURN, wrong_return},
    {RULE_CLOBBERED_STATE, clobbered_state},
    {RULE_MISSING_STORE, missing_stores},
    {RULE_OUT_OF_BOUNDS_STORE, bounds_of_stores},
    {RULE_OUT_OF_BOUNDS_LOAD, bounds_of_loads},
    {RULE_DUPLICATE_STORE, duplicates},
    {RULE_OVERLAPPING_STORE, overlaps},
    {RULE_TRANSIENT_VALUE, transient_values},
    {RULE_SPLIT_STORE, split_stores},
    {RULE_TORN_ELEMENT, torn_elements},
    {RULE_REORDERED_STORE, reordered_stores},
    {RULE_UNORDERED_STORE, unordered_stores},
    {RULE_LAST_BYTE_NOT_LAST, last_byte},
    {RULE_MISALIGNED_STORE, misaligned_stores},
    {RULE_WIDE_STORE, wide_stores},
    {RULE_NARROW_STORE, narrow_stores},
    {RULE_VECTOR_STORE, vector_stores},
    {RULE_MASKED_STORE, masked_stores},
    {RULE_STRING_STORE, string_stores},
    {RULE_NONTEMPORAL_STORE, nontemporal_stores},
    {RULE_ATOMIC_STORE, atomic_stores},
    {RULE_PAIRED_STORE, paired_stores},
    {RULE_WRITEBACK_STORE, writeback_stores},
    {RULE_X87_STORE, x87_stores},
    {RULE_UNFENCED_STORE, unfenced_stores},
    {RULE_UNFLUSHED_STORE, unflushed_stores},
    {RULE_DESTINATION_LOAD, destination_loads},
    {RULE_REPEATED_LOAD, repeated_loads},
    {RULE_SPLIT_LOAD, split_loads},
    {RULE_TORN_LOAD, torn_loads},
    {RULE_REORDERED_LOAD, reordered_loads},
    {RULE_UNORDERED_LOAD, unordered_loads},
    {RULE_MISALIGNED_LOAD, misaligned_loads},
    {RULE_WIDE_LOAD, wide_loads},
    {RULE_NARROW_LOAD, narrow_loads},
    {RULE_VECTOR_LOAD, vector_loads},
    {RULE_STRING_LOAD, string_loads},
    {RULE_ATOMIC_LOAD, atomic_loads},
    {RULE_PAIRED_LOAD, paired_loads},
    {RULE_WRITEBACK_LOAD, writeback_loads},
    {RULE_X87_LOAD, x87_loads},
    {RULE_DATA_DEPENDENT, data_dependence},
};

static rule_form *form_for(enum rule_id rule)
{
    for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++)
        if (forms[i].rule == rule)
            return forms[i].form;
    return NULL;
}

bool path_rule_has_form(enum rule_id rule, const struct rule_params *p)
{
    return form_for(rule) && p->record.bytes == 0 && p->within == 0 && p->line == 0 &&
           !p->same_page;
}

// What a path that did not return breaks for certain; see rules.c.
static bool holds_without_return(enum rule_id rule)
{
    return rule == RULE_CRASH || rule == RULE_OUT_OF_BOUNDS_STORE || rule == RULE_TIMEOUT;
}

// The requests that the contract means: SIZE bytes, at addresses that are multiples of it;
// or multiples of words.
static bool narrow_to(struct known *k, const struct path_check *c, unsigned size, bool words)
{
    struct pool *p = k->pool;
    const struct setting *s = c->path->setting;
    enum rule_request r = c->params->request;
    unsigned bits = (unsigned)__builtin_ctz(size);
    bool dst = r == REQUEST_DST_ALIGNED || r == REQUEST_BOTH_ALIGNED || r == REQUEST_DST_WORDS;
    bool src = r == REQUEST_SRC_ALIGNED || r == REQUEST_BOTH_ALIGNED || r == REQUEST_SRC_WORDS;
    if (words)
        known_assume(k, (struct claim){EQUAL, form_low(p, s->n, bits)});
    else
        known_assume(k, (struct claim){EQUAL, form_plus(p, s->n, -(wide)size)});
    if (dst && bits)
        known_assume(k, (struct claim){EQUAL, form_low(p, s->dst, bits)});
    if (src && bits)
        known_assume(k, (struct claim){EQUAL, form_low(p, s->src, bits)});
    return !k->dead;
}

static void check_requests(struct path_check *c, rule_form *form, unsigned size, bool words)
{
    struct known k, *whole = c->known;
    known_copy(&k, whole);
    c->known = &k;
    if (narrow_to(&k, c, size, words))
        form(c);
    c->known = whole;
    known_free(&k);
}

void path_rule_check(struct path_check *c, enum rule_id rule)
{
    rule_form *form = form_for(rule);
    enum rule_request r = c->params->request;
    uint64_t min = c->params->min ? c->params->min : 4;
    if (!form || !path_rule_has_form(rule, c->params)) {
        leave_open(c, "it has no proof form");
        return;
    }
    if (!returned(c) && !holds_without_return(rule))
        return;
    if (r == REQUEST_ANY)
        form(c);
    else if (r == REQUEST_DST_WORDS || r == REQUEST_SRC_WORDS) {
        if (min & (min - 1))
            leave_open(c, "words of that size are not followed");
        else
            check_requests(c, form, (unsigned)min, true);
    } else {
        for (unsigned size = 1; size <= 8; size *= 2)
            check_requests(c, form, size, false);
    }
}
