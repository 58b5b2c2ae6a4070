// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/path_check.h"

// Turns of a loop of which a later one loads what an earlier one stored, or the same one did
// before: they lie T turns apart.
static void turns_are_first(struct path_check *c, const struct family *f, const struct event *store,
                            const struct event *load, bool stored_before)
{
    struct pool *p = pool_of(c);
    int64_t step = form_times(store->lo, f->index);
    const struct form *zero = form_constant(p, 0);
    if (form_times(load->lo, f->index) != step) {
        leave_open(c, "a loop whose loads and stores move otherwise is not followed");
        return;
    }
    const struct form *t =
        form_scale(p, form_index(p, stored_before ? 0 : 1, f->turns, (wide)1 << 60), step);
    const struct form *apart = form_substitute(p, sub(c, store->lo, load->lo), f->index, zero);
    // A store at apart, and a load at t.
    const struct claim how[] = {is_below(p, form_scale(p, t, step < 0 ? -1 : 1),
                                         form_scale(p, f->turns, step < 0 ? -step : step)),
                                is_below(p, apart, form_plus(p, t, load->width)),
                                is_below(p, t, form_plus(p, apart, store->width))};
    may(c, step == 0 ? how + 1 : how, step == 0 ? 2 : 3);
}

static void family_is_first(struct path_check *c, const struct family *f)
{
    for (size_t i = 0; i < f->count; i++)
        for (size_t k = 0; k < f->count; k++)
            if (f->events[i]->kind == ACCESS_STORE && f->events[k]->kind == ACCESS_LOAD &&
                f->events[k]->place == PLACE_EITHER)
                turns_are_first(c, f, f->events[i], f->events[k], i < k);
}

// Is what a load reads what lay there at first? A store before it may have changed it, where
// the two buffers overlap; onto itself a right one changes nothing.
static void loads_are_first(struct path_check *c)
{
    struct extents stored = {.count = 0};
    if (c->path->arrangement != ARRANGED_DST_INTO && c->path->arrangement != ARRANGED_SRC_INTO)
        return;
    for (size_t i = 0; i < c->path->event_count; i++) {
        const struct event *e = c->path->events[i];
        if (e->family && e->leads)
            family_is_first(c, e->family);
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

void wrong_data(struct path_check *c)
{
    loads_are_first(c);
    FOR_EACH_ACCESS_ON(c, STORES, e)
    {
        if (e->count)
            string_is_right(c, e);
        else
            store_is_right(c, e);
    }
    missing_stores(c);
}

// Every store puts final values: then no byte is ever something else.
void transient_values(struct path_check *c)
{
    FOR_EACH_ACCESS_ON(c, STORES, e)
    {
        if (e->count)
            string_is_right(c, e);
        else
            store_is_right(c, e);
    }
}

// A flush faults where its page is not mapped: it has to be one that the buffer has a byte in.
static void flush_is_mapped(struct path_check *c, const struct event *e)
{
    enum { PAGE_BITS = 12 };
    struct pool *p = pool_of(c);
    const struct setting *s = c->path->setting;
    bool dst_low = c->path->arrangement == ARRANGED_DST_INTO;
    const struct form *lo = e->place == PLACE_DST   ? s->dst
                            : e->place == PLACE_SRC ? s->src
                            : dst_low               ? s->dst
                                                    : s->src;
    const struct form *hi = e->place != PLACE_EITHER ? lo : dst_low ? s->src : s->dst;
    const struct form *last = form_plus(p, form_add(p, hi, s->n), -1);
    if (e->place != PLACE_DST && e->place != PLACE_SRC && e->place != PLACE_EITHER) {
        leave_open(c, "a cache line of an address that is not followed is flushed");
        return;
    }
    may_be(c, (struct claim){EQUAL, s->n});
    may_be(c, is_below(p, e->address, sub(c, lo, known_low(c->known, lo, PAGE_BITS))));
    const struct form *next =
        form_plus(p, sub(c, last, known_low(c->known, last, PAGE_BITS)), (wide)1 << PAGE_BITS);
    may_be(c, is_at_most(p, next, e->address));
}

void crashes(struct path_check *c)
{
    if (c->path->end == EXECUTION_CRASH)
        always(c);
    for (size_t i = 0; i < c->path->event_count; i++)
        if (c->path->events[i]->kind == ACCESS_FLUSH)
            flush_is_mapped(c, c->path->events[i]);
    bounds_of_stores(c);
    bounds_of_loads(c);
}

// All paths end: what does not is not followed to its end, which who explores knows.
void times_out(struct path_check *c)
{
    (void)c;
}

void wrong_return(struct path_check *c)
{
    const struct setting *s = c->path->setting;
    struct value v = c->path->machine->regs[s->cpu->result];
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

void clobbered_state(struct path_check *c)
{
    const struct machine *m = c->path->machine;
    const struct setting *s = c->path->setting;
    for (unsigned i = 0; i < s->cpu->registers; i++)
        if (s->cpu->kept >> i & 1 && !is_kept(m->regs[i], s->initial[i]))
            always(c);
    for (unsigned i = 0; i < s->cpu->kept_vectors; i++)
        if (m->vectors[s->cpu->kept_vector + i])
            leave_open(c, "it changes vector registers that it is to give back");
    const struct form *sp = form_plus(pool_of(c), s->rsp, s->cpu->popped);
    struct value now = m->regs[s->cpu->stack];
    if (now.kind != VALUE_NUMBER || !same_place(c, now.number, sp) || m->down)
        always(c);
}

void data_dependence(struct path_check *c)
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
