// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/path_check.h"

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
        FOR_EACH_ACCESS_ON(c, side, e)
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

void split_stores(struct path_check *c)
{
    split_side(c, STORES);
}

void split_loads(struct path_check *c)
{
    split_side(c, LOADS);
}

static unsigned alignment_bits(unsigned width)
{
    return 31u - (unsigned)__builtin_clz(width);
}

static void misaligned_side(struct path_check *c, enum side_of side)
{
    FOR_EACH_ACCESS_ON(c, side, e)
    {
        unsigned bits = alignment_bits(e->width);
        if (bits > 0)
            may_be(c, (struct claim){UNEQUAL, known_low(c->known, e->address, bits)});
    }
}

void misaligned_stores(struct path_check *c)
{
    misaligned_side(c, STORES);
}

void misaligned_loads(struct path_check *c)
{
    misaligned_side(c, LOADS);
}

static void wide_side(struct path_check *c, enum side_of side)
{
    uint64_t max = c->params->max ? c->params->max : 8;
    FOR_EACH_ACCESS_ON(c, side, e)
    {
        if (e->width > max)
            always(c);
    }
}

void wide_stores(struct path_check *c)
{
    wide_side(c, STORES);
}

void wide_loads(struct path_check *c)
{
    wide_side(c, LOADS);
}

static void narrow_side(struct path_check *c, enum side_of side)
{
    struct pool *p = pool_of(c);
    uint64_t min = c->params->min ? c->params->min : 4;
    struct claim how[2] = {
        at_most(form_plus(p, form_scale(p, c->path->setting->n, -1), (wide)min))};
    FOR_EACH_ACCESS_ON(c, side, e)
    {
        how[1] = at_most(form_plus(p, sub(c, e->hi, e->lo), 1 - (wide)min));
        if (e->width < min)
            may(c, how, 1);
        else if (e->masked)
            may(c, how, 2);
    }
}

void narrow_stores(struct path_check *c)
{
    narrow_side(c, STORES);
}

void narrow_loads(struct path_check *c)
{
    narrow_side(c, LOADS);
}

static void class_side(struct path_check *c, enum side_of side, enum site_class class)
{
    FOR_EACH_ACCESS_ON(c, side, e)
    {
        if (site_is(&e->step->site, class))
            always(c);
    }
}

#define CLASS_FORM(name, side, class) \
    void name(struct path_check *c)   \
    {                                 \
        class_side(c, side, class);   \
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

// The last of E in program order, by its lowest byte.
static const struct form *last_of(const struct path_check *c, const struct event *e)
{
    if (e->family)
        return e->last->lo;
    return e->count && !e->down ? form_plus(pool_of(c), e->hi, -(wide)e->width) : e->lo;
}

// Of a loop: those of one turn, and the first of the next.
static void turns_ascend(struct path_check *c, const struct event *e)
{
    struct pool *p = pool_of(c);
    size_t k = 0;
    const struct event *first = next_of_family(e, &k), *before = first, *x;
    for (; (x = next_of_family(e, &k)) != NULL; before = x)
        may_be(c, is_below(p, x->lo, before->lo));
    const struct claim how[] = {is_below(p, form_plus(p, first->lo, e->step_by), before->lo),
                                at_most(form_plus(p, form_scale(p, e->family->turns, -1), 2))};
    may(c, how, 2);
}

static void ascending(struct path_check *c, enum side_of side)
{
    struct pool *p = pool_of(c);
    const struct event *before = NULL;
    FOR_EACH_ON(c, side, e)
    {
        if (e->family)
            turns_ascend(c, e);
        if (e->count && e->down && !is_single(e))
            may_be(c, at_most(form_plus(p, form_scale(p, e->count, -1), 2)));
        // The first of its elements against the last of those before.
        if (before)
            may_be(c, is_below(p, e->family ? e->first->lo : e->lo, last_of(c, before)));
        before = e;
    }
}

void reordered_stores(struct path_check *c)
{
    ascending(c, STORES);
}

void reordered_loads(struct path_check *c)
{
    ascending(c, LOADS);
}

static const struct event *last_on(const struct path_check *c, enum side_of side)
{
    const struct event *last = NULL;
    size_t i = 0;
    for (const struct event *e; (e = next_on(c, side, &i));)
        last = e->family ? e->last : e;
    return last;
}

// A byte of a request that has some.
void last_byte(struct path_check *c)
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
        if (!c->path->setting->cpu->keeps_lines) {
            may_be(c, (struct claim){UNEQUAL,
                                     known_low(c->known, e->address, alignment_bits(e->width))});
            return;
        }
        // in_line + width > 64
        const struct form *in_line = known_low(c->known, e->address, LINE_BITS);
        may_be(c, at_most(form_plus(p, form_scale(p, in_line, -1), 65 - (wide)e->width)));
    }
}

static bool has_fences(const struct path_check *c)
{
    for (size_t i = 0; i < c->path->event_count; i++)
        if (c->path->events[i]->kind == ACCESS_FENCE)
            return true;
    return false;
}

// Does what the two instructions are have the second come after the first, for CPUs?
static bool are_annotated(const struct path_check *c, enum side_of side, const struct event *first,
                          const struct event *second)
{
    if (c->params->by_device || c->params->on_device)
        return false;
    return side == STORES ? second->step->site.order.access & ORDER_RELEASE
                          : first->step->site.order.access & ORDER_ACQUIRE;
}

// Of a CPU that keeps no order of its own: what is certain to be in order is what one device's
// memory has, but for accesses of one execution, and what acquires or releases.
static void stays_in_order(struct path_check *c, enum side_of side, const struct event *first,
                           const struct event *second)
{
    bool device = c->params->on_device && !second->continues;
    if (device || are_annotated(c, side, first, second))
        return;
    if (has_fences(c))
        leave_open(c, "what a barrier orders is not followed");
    else
        always(c);
}

static void kept_in_order(struct path_check *c, enum side_of side)
{
    const struct event *before = NULL;
    FOR_EACH_ACCESS_ON(c, side, e)
    {
        // A loop's first access comes after its last one, too.
        if (before)
            stays_in_order(c, side, before, e);
        if (e->family)
            stays_in_order(c, side, e, e);
        before = e;
    }
}

static void whole_and_in_order(struct path_check *c, enum side_of side)
{
    FOR_EACH_ACCESS_ON(c, side, e)
    {
        made_whole(c, e, c->params->on_device);
    }
    if (!c->path->setting->cpu->keeps_order)
        kept_in_order(c, side);
}

// Of a CPU that keeps no order of its own.
static void comes_last(struct path_check *c, const struct event *last)
{
    FOR_EACH_ACCESS_ON(c, STORES, e)
    {
        if (e != last || e->family)
            stays_in_order(c, STORES, e, last);
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
    if (!c->path->setting->cpu->keeps_order)
        comes_last(c, last);
    FOR_EACH_ACCESS_ON(c, STORES, e)
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

void unordered_stores(struct path_check *c)
{
    if (c->params->order == WANT_LAST)
        ends_last(c);
    else if (c->params->order == WANT_ASCENDING)
        whole_and_in_order(c, STORES);
    else
        leave_open(c, "stores in another order than ascending, or the last one last, are not "
                      "followed");
}

void unordered_loads(struct path_check *c)
{
    if (c->params->order != WANT_ASCENDING) {
        if (last_on(c, LOADS))
            leave_open(c, "loads in another order than ascending are not followed");
        return;
    }
    whole_and_in_order(c, LOADS);
}

static bool is_drain(const struct event *e)
{
    return ordering_drains(e->step->site.order);
}

// No fences lie between those of a loop.
static bool some_are_nontemporal(const struct event *e)
{
    size_t k = 0;
    if (!e->family)
        return site_is(&e->step->site, CLASS_NONTEMPORAL);
    for (const struct event *x; (x = next_of_family(e, &k)) != NULL;)
        if (site_is(&x->step->site, CLASS_NONTEMPORAL))
            return true;
    return false;
}

static bool some_are_cached(const struct event *e)
{
    size_t k = 0;
    if (!e->family)
        return !site_is(&e->step->site, CLASS_NONTEMPORAL);
    for (const struct event *x; (x = next_of_family(e, &k)) != NULL;)
        if (!site_is(&x->step->site, CLASS_NONTEMPORAL))
            return true;
    return false;
}

void unfenced_stores(struct path_check *c)
{
    const struct event *pending = NULL;
    for (size_t i = 0; i < c->path->event_count; i++) {
        const struct event *e = c->path->events[i];
        if (is_on(e, STORES) && (c->params->all_stores || some_are_nontemporal(e)))
            pending = e;
        if (!e->family && is_drain(e))
            pending = NULL;
    }
    if (pending)
        always(c);
}

// Stored past the caches and drained; flushes are not followed.
void unflushed_stores(struct path_check *c)
{
    bool flushes = false, cached = false;
    const struct event *pending = NULL;
    for (size_t i = 0; i < c->path->event_count; i++) {
        const struct event *e = c->path->events[i];
        flushes |= e->kind == ACCESS_FLUSH;
        if (is_on(e, STORES)) {
            cached |= some_are_cached(e);
            pending = e;
        }
        if (!e->family && is_drain(e))
            pending = NULL;
    }
    if (cached && flushes)
        leave_open(c, "flushes of cache lines are not followed");
    else if (cached || pending)
        always(c);
}
