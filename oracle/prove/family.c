// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The accesses of a loop, as one: those of a kind in one buffer lie at fixed distances, and move
// by the same step from turn to turn. What is stored has to tile what it touches, so that all
// turns together touch each of these bytes once.

#include "prove/exploring.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

enum { OF_TURN_MAX = 4096, GROUPS_MAX = 4 };

struct turn_of {
    struct pool *pool;
    const struct atom *turn; // number of the one that `events` are of
    const struct event *events[OF_TURN_MAX];
    size_t count;
};

// Accesses of one kind and place. The first one lies `off` 0.
struct group {
    const struct event *event;
    const struct event *last; // in program order
    struct piece {
        wide off;
        unsigned width;
    } pieces[OF_TURN_MAX]; // by `off`, once it is complete
    size_t count;
    wide lo, hi; // of all of a turn
    int64_t step;
};

static bool list_turn(const struct event *before, const struct event *last, struct turn_of *t)
{
    t->count = 0;
    for (const struct event *e = last; e != before; e = e->before) {
        if (!e || t->count == OF_TURN_MAX)
            return false;
        t->events[t->count++] = e;
    }
    for (size_t i = 0, j = t->count; i + 1 < j; i++) {
        const struct event *swap = t->events[i];
        t->events[i] = t->events[--j];
        t->events[j] = swap;
    }
    return true;
}

static bool is_buffer(enum event_place place)
{
    return place == PLACE_DST || place == PLACE_SRC || place == PLACE_EITHER;
}

// One access to a buffer, or a load of memory of its own that is the same each time.
static bool is_followed(const struct turn_of *t, const struct event *e)
{
    bool access = e->kind == ACCESS_LOAD || e->kind == ACCESS_STORE;
    if (!access || e->count || e->masked || e->family)
        return false;
    if (is_buffer(e->place))
        return true;
    return e->kind == ACCESS_LOAD && (e->place == PLACE_STACK || e->place == PLACE_IMAGE) &&
           !form_has(e->address, t->turn);
}

static struct event *moved_to(const struct turn_of *t, const struct event *e,
                              const struct form *turn)
{
    struct event *m = pool_alloc(t->pool, sizeof *m);
    *m = *e;
    m->address = form_substitute(t->pool, e->address, t->turn, turn);
    m->lo = form_substitute(t->pool, e->lo, t->turn, turn);
    m->hi = form_substitute(t->pool, e->hi, t->turn, turn);
    return m;
}

static const struct bytes *bytes_moved_to(const struct turn_of *t, const struct bytes *b,
                                          const struct form *turn)
{
    if (!b)
        return NULL;
    struct bytes *m = pool_alloc(t->pool, sizeof *b + b->count * sizeof *b->pieces);
    memcpy(m, b, sizeof *b + b->count * sizeof *b->pieces);
    for (unsigned i = 0; i < b->count; i++)
        if (b->pieces[i].of)
            m->pieces[i].of = form_substitute(t->pool, b->pieces[i].of, t->turn, turn);
    return m;
}

// What is not followed in general may be something that is, once.
static bool is_instance(const struct bytes *once, const struct bytes *general)
{
    bool any =
        general && !general->lo && general->count == 1 && general->pieces[0].kind == BYTES_UNKNOWN;
    return any || bytes_equal(once, general) || (!once && !general);
}

// Is that the access, in the first turn?
static bool is_first_of(const struct turn_of *t, const struct event *first, const struct event *e)
{
    const struct form *zero = form_constant(t->pool, 0);
    const struct event *m = moved_to(t, e, zero);
    return first->kind == e->kind && first->place == e->place && first->step == e->step &&
           first->width == e->width && first->address == m->address && first->lo == m->lo &&
           first->hi == m->hi && !first->count && !first->masked &&
           (e->kind != ACCESS_STORE ||
            is_instance(first->bytes, bytes_moved_to(t, e->bytes, zero)));
}

static bool begins_alike(const struct turn_of *t, const struct turn_of *first)
{
    if (t->count != first->count || t->count == 0)
        return false;
    for (size_t i = 0; i < t->count; i++)
        if (!is_followed(t, t->events[i]) || !is_first_of(t, first->events[i], t->events[i]))
            return false;
    return true;
}

// ---- groups ----

static bool begin_group(const struct turn_of *t, const struct event *e, struct group *g)
{
    memset(g, 0, sizeof *g);
    g->event = e;
    g->step = form_times(e->lo, t->turn);
    const struct form *fixed =
        form_add_scaled(t->pool, e->lo, form_term(t->pool, t->turn), -(wide)g->step);
    return !form_has(fixed, t->turn) && g->step <= INT32_MAX && g->step >= INT32_MIN;
}

static bool join_group(const struct turn_of *t, const struct event *e, struct group *g)
{
    const struct form *off = form_sub(t->pool, e->lo, g->event->lo);
    if (off->count != 0)
        return false;
    g->pieces[g->count++] = (struct piece){off->c, e->width};
    g->last = e;
    g->lo = off->c < g->lo ? off->c : g->lo;
    g->hi = off->c + e->width > g->hi ? off->c + e->width : g->hi;
    return true;
}

static int by_offset(const void *x, const void *y)
{
    const struct piece *a = x, *b = y;
    return (a->off > b->off) - (a->off < b->off);
}

// Each byte of a turn once, and the next turn's behind, or before.
static bool touches_once(const struct group *g)
{
    for (size_t i = 0; i + 1 < g->count; i++)
        if (g->pieces[i].off + g->pieces[i].width != g->pieces[i + 1].off)
            return false;
    return g->hi - g->lo == (g->step < 0 ? -g->step : g->step);
}

static bool is_in_group(const struct group *g, const struct event *e)
{
    return e->kind == g->event->kind && e->place == g->event->place;
}

static bool gather_groups(const struct turn_of *t, struct group *groups, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct event *e = t->events[i];
        size_t k = 0;
        if (!is_buffer(e->place))
            continue;
        while (k < *count && !is_in_group(&groups[k], e))
            k++;
        if (k == GROUPS_MAX || (k == *count && !begin_group(t, e, &groups[(*count)++])) ||
            !join_group(t, e, &groups[k]))
            return false;
    }
    for (size_t k = 0; k < *count; k++)
        qsort(groups[k].pieces, groups[k].count, sizeof *groups[k].pieces, by_offset);
    for (size_t k = 0; k < *count; k++)
        if (groups[k].event->kind == ACCESS_STORE && !touches_once(&groups[k]))
            return false;
    return *count > 0;
}

// ---- as one ----

static void add_group(const struct turn_of *t, struct machine *m, const struct group *g,
                      const struct family *f, bool leads)
{
    struct pool *p = t->pool;
    const struct form *zero = form_constant(p, 0), *last = form_plus(p, f->turns, -1);
    struct event *e = pool_alloc(p, sizeof *e);
    *e = *g->event;
    e->before = m->events;
    e->index = e->before ? e->before->index + 1 : 0;
    e->bytes = NULL;
    e->width = 0;
    e->family = f;
    e->leads = leads;
    e->exact = touches_once(g);
    e->step_by = g->step;
    e->first = moved_to(t, g->event, zero);
    e->last = moved_to(t, g->last, last);
    const struct form *low = moved_to(t, g->event, g->step < 0 ? last : zero)->lo;
    const struct form *high = moved_to(t, g->event, g->step < 0 ? zero : last)->lo;
    e->lo = e->address = form_plus(p, low, g->lo);
    e->hi = form_plus(p, high, g->hi);
    m->events = e;
}

static const struct form *add_all(const struct turn_of *t, struct machine *m,
                                  const struct group *groups, size_t count)
{
    struct pool *p = t->pool;
    struct family *f = pool_alloc(p, sizeof *f);
    const struct event **events = pool_alloc(p, t->count * sizeof *events);
    const struct form *turns = form_term(p, t->turn), *index = form_index(p, 0, turns, TURNS_MAX);
    *f = (struct family){form_atom(index), turns, events, t->count};
    for (size_t i = 0; i < t->count; i++) {
        struct event *e = moved_to(t, t->events[i], index);
        e->bytes = bytes_moved_to(t, e->bytes, index);
        events[i] = e;
    }
    for (size_t i = 0; i < count; i++)
        add_group(t, m, &groups[i], f, i == 0);
    return index;
}

const struct form *family_add(struct pool *p, struct machine *m, const struct atom *turn,
                              const struct event *before, const struct event *last,
                              const struct event *last_of_first)
{
    struct turn_of t = {.pool = p, .turn = turn}, first = t;
    size_t count;
    if (!list_turn(before, last, &t) || !list_turn(before, last_of_first, &first) ||
        !begins_alike(&t, &first))
        return NULL;
    struct group *groups = must(malloc(GROUPS_MAX * sizeof *groups));
    const struct form *index =
        gather_groups(&t, groups, &count) ? add_all(&t, m, groups, count) : NULL;
    free(groups);
    return index;
}
