// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/sample.h"

#include <string.h>

enum { SIZES_TRIED = 40, PLACES_TRIED = 24, ROW_BYTES = 16, LINE = 64 };

bool sampler_init(struct sampler *s, struct pool *pool, const struct backend *b, enum copy_op op)
{
    *s = (struct sampler){.pool = pool,
                          .arena = arena_new(),
                          .backend = b,
                          .op = op,
                          .random = 1,
                          .size_max = CASE_SIZE_MAX};
    return s->arena != NULL;
}

void sampler_free(struct sampler *s)
{
    if (s->arena)
        arena_free(s->arena);
    if (s->point.pool)
        point_free(&s->point);
}

static uint64_t next_random(struct sampler *s)
{
    s->random = s->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return s->random >> 33;
}

// Whatever it is above a multiple of 16.
void place_stack(struct point *at, const struct inputs *in, uint64_t stack_entry)
{
    uint64_t low = stack_entry - stack_entry % ROW_BYTES;
    point_set(at, in->stack, low / LINE);
    point_set(at, in->stack_row, low % LINE / ROW_BYTES);
}

void place_point(struct point *at, enum arrangement a, const struct inputs *in,
                 const struct layout *layout, uint64_t stack_entry)
{
    uint64_t dst = (uintptr_t)layout->dst, src = (uintptr_t)layout->src;
    point_clear(at);
    if (in->n)
        point_set(at, in->n, (wide)layout->size);
    if (in->apart) {
        point_set(at, in->dst, dst < src ? dst : src);
        point_set(at, in->apart, dst < src ? src - dst : dst - src);
    } else {
        point_set(at, in->dst, dst);
        if (a != ARRANGED_SAME)
            point_set(at, in->src, src);
    }
    if (stack_entry)
        place_stack(at, in, stack_entry);
}

bool arrangement_fits(enum arrangement a, const struct layout *l)
{
    uint64_t dst = (uintptr_t)l->dst, src = (uintptr_t)l->src, n = l->size;
    switch (a) {
    case ARRANGED_EMPTY:
        return n == 0;
    case ARRANGED_DST_BELOW:
        return n > 0 && dst < src && src - dst >= n;
    case ARRANGED_SRC_BELOW:
        return n > 0 && src < dst && dst - src >= n;
    case ARRANGED_DST_INTO:
        return dst < src && src - dst < n;
    case ARRANGED_SRC_INTO:
        return src < dst && dst - src < n;
    case ARRANGED_SAME:
        return n > 0 && dst == src;
    case ARRANGED_COUNT:
        break;
    }
    return false;
}

// Of the source as it is laid out.
static int byte_of_source(void *context, uint64_t address)
{
    const struct sampler *s = context;
    uint64_t src = (uintptr_t)s->layout.src;
    return s->layout.src && address >= src && address - src < s->layout.size
               ? s->layout.src[address - src]
               : -1;
}

void sampler_attach(struct sampler *s)
{
    s->point.byte = byte_of_source;
    s->point.context = s;
}

static void renew_point(struct sampler *s)
{
    if (s->point.pool && s->point.count >= pool_atoms(s->pool))
        return;
    if (s->point.pool)
        point_free(&s->point);
    point_init(&s->point, s->pool);
    sampler_attach(s);
}

// Anything that the recorder could have: rsp is not chosen by a case.
static void guess_stack(struct sampler *s, const struct inputs *in, const struct known *k)
{
    point_set(&s->point, in->stack, known_bounds(k, form_term(s->pool, in->stack)).lo);
    point_set(&s->point, in->stack_row, known_bounds(k, form_term(s->pool, in->stack_row)).lo);
}

static enum answer all_at(const struct claim *all, size_t count, struct point *at)
{
    enum answer a = YES;
    for (size_t i = 0; i < count; i++) {
        enum answer one = claim_at(all[i], at);
        if (one == NO)
            return NO;
        a = one == OPEN ? OPEN : a;
    }
    return a;
}

static void set_turns(struct sampler *s, bool set)
{
    for (uint32_t i = 0; i < s->hint->count && i < s->point.count; i++) {
        const struct atom *a = pool_atom(s->pool, i);
        if (a->kind != ATOM_INDEX && a->kind != ATOM_TURNS)
            continue;
        if (set && point_is_set(s->hint, a) && !point_is_set(&s->point, a))
            point_set(&s->point, a, s->hint->value[i]);
        else if (!set && a->kind == ATOM_INDEX)
            point_unset(&s->point, a);
    }
}

// Claims of a loop's turns: of the first, the last, or one between, or as the hint has it.
static bool in_some_turn(struct sampler *s, const struct claim *more, size_t count)
{
    enum answer all = NO;
    for (unsigned pick = 0; pick < PICK_COUNT && all != YES; pick++) {
        s->point.pick = (uint8_t)pick;
        point_forget(&s->point);
        all = all_at(more, count, &s->point);
    }
    s->point.pick = PICK_FIRST;
    point_forget(&s->point);
    if (all != YES && s->hint) {
        set_turns(s, true);
        all = all_at(more, count, &s->point);
        set_turns(s, false);
        point_forget(&s->point);
    }
    return all == YES;
}

static bool fulfils(struct sampler *s, enum arrangement a, const struct inputs *in,
                    const struct known *k, const struct claim *more, size_t count,
                    const struct copy_case *c)
{
    if (c->size > s->size_max || !case_is_valid(c) || !arena_lay(s->arena, c, &s->layout) ||
        !arrangement_fits(a, &s->layout))
        return false;
    renew_point(s);
    place_point(&s->point, a, in, &s->layout, 0);
    guess_stack(s, in, k);
    if (all_at(more, count, &s->point) == NO || !given_at(k->given, &s->point))
        return false;
    return in_some_turn(s, more, count);
}

// Offsets in their pages that a source and a destination may have, of one size.
static bool try_places(struct sampler *s, enum arrangement a, const struct inputs *in,
                       const struct known *k, const struct claim *more, size_t count,
                       struct copy_case *c, int64_t apart)
{
    c->overlapping = in->apart || a == ARRANGED_SAME;
    c->overlap = a == ARRANGED_DST_INTO ? -apart : a == ARRANGED_SRC_INTO ? apart : 0;
    for (unsigned i = 0; i < PLACES_TRIED; i++) {
        bool either = a == ARRANGED_EMPTY && i % 2 != 0; // routines look at where nothing lies, too
        c->dst_below = !c->overlapping && (a == ARRANGED_DST_BELOW || either);
        uint32_t limit = i < 16 ? 64 : PAGE_BYTES;
        c->dst_off = i == 0 ? 0 : (uint32_t)next_random(s) % limit;
        c->src_off = i == 0 ? 0 : (uint32_t)next_random(s) % limit;
        if (i / 2 % 2 != 0) // both alike in a line, as routines like them
            c->src_off = c->src_off / LINE * LINE + c->dst_off % LINE;
        if (s->backend->align > 1) {
            c->dst_off -= c->dst_off % (uint32_t)s->backend->align;
            c->src_off -= c->src_off % (uint32_t)s->backend->align;
        }
        if (c->overlapping)
            c->src_off = case_src_off(c->dst_off, c->overlap);
        if (fulfils(s, a, in, k, more, count, c))
            return true;
    }
    return false;
}

static bool try_size(struct sampler *s, enum arrangement a, const struct inputs *in,
                     const struct known *k, const struct claim *more, size_t count,
                     struct copy_case *c)
{
    if (c->size % (s->backend->size_unit ? s->backend->size_unit : 1) != 0)
        return false;
    if (!in->apart)
        return try_places(s, a, in, k, more, count, c, 0);
    struct bounds b = known_bounds(k, form_term(s->pool, in->apart));
    wide most = (wide)c->size - 1 < b.hi ? (wide)c->size - 1 : b.hi;
    const wide tries[] = {b.lo,
                          most,
                          (b.lo + most) / 2,
                          b.lo + 1,
                          most - 1,
                          b.lo + 7,
                          b.lo + (wide)(next_random(s) % 64),
                          most - (wide)(next_random(s) % 64)};
    for (unsigned i = 0; i < sizeof tries / sizeof *tries; i++)
        if (tries[i] >= b.lo && tries[i] <= most &&
            try_places(s, a, in, k, more, count, c, (int64_t)tries[i]))
            return true;
    return false;
}

static uint64_t size_to_try(struct sampler *s, struct bounds b, unsigned i)
{
    enum { FIRST = 24, NEAR = 256, FAR_OFF = 16384 };
    if (i < FIRST || b.hi - b.lo < SIZES_TRIED)
        return (uint64_t)(b.lo + i);
    if (i == FIRST)
        return (uint64_t)b.hi;
    if (i == FIRST + 1)
        return (uint64_t)((b.lo + b.hi) / 2);
    uint64_t range = (uint64_t)(b.hi - b.lo + 1), near = i % 2 ? NEAR : FAR_OFF;
    return (uint64_t)b.lo + next_random(s) % (range < near ? range : near);
}

// What a solver said, as a case: only offsets in pages, and how far the two lie apart where
// they lie near.
static bool try_hint(struct sampler *s, enum arrangement a, const struct inputs *in,
                     const struct known *k, const struct claim *more, size_t count,
                     const struct point *hint, struct copy_case *c)
{
    wide dst = hint->value[in->dst->id], src = in->src ? hint->value[in->src->id] : dst;
    if (in->n)
        c->size = (uint64_t)hint->value[in->n->id];
    if (in->apart) {
        wide apart = hint->value[in->apart->id];
        *(a == ARRANGED_DST_INTO ? &src : &dst) += apart;
    }
    wide off = dst - src, gap = (off < 0 ? -off : off) - (wide)c->size;
    c->overlapping = in->apart || a == ARRANGED_SAME || gap <= CASE_GAP_MAX;
    c->overlap = c->overlapping ? (int64_t)off : 0;
    c->dst_off = (uint32_t)((uint64_t)dst % PAGE_BYTES);
    c->src_off = (uint32_t)((uint64_t)src % PAGE_BYTES);
    c->dst_below = !c->overlapping && dst < src;
    if (fulfils(s, a, in, k, more, count, c))
        return true;
    return false;
}

// Does any condition ask for bytes of the source?
static bool asks_for_data(const struct known *k, const struct claim *more, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (form_is_data(more[i].form))
            return true;
    for (const struct given *g = k->given; g; g = g->before)
        for (size_t i = 0; i < g->clause->count; i++)
            if (form_is_data(g->clause->any[i].form))
                return true;
    return false;
}

// Sizes and places, with sources that hold that.
static bool try_data(struct sampler *s, enum arrangement a, const struct inputs *in,
                     const struct known *k, const struct claim *more, size_t count,
                     enum case_data data, struct copy_case *out)
{
    struct bounds b = {0, 0};
    if (in->n)
        b = known_bounds(k, form_term(s->pool, in->n));
    for (unsigned i = 0; i < SIZES_TRIED && i <= b.hi - b.lo; i++) {
        *out = (struct copy_case){.op = s->op, .fill = 1, .data = data};
        out->size = size_to_try(s, b, i);
        if (out->size <= s->size_max && try_size(s, a, in, k, more, count, out))
            return true;
    }
    return false;
}

bool sample(struct sampler *s, enum arrangement a, const struct inputs *in, const struct known *k,
            const struct claim *more, size_t count, const struct point *hint, struct copy_case *out)
{
    *out = (struct copy_case){.op = s->op, .fill = 1};
    s->hint = hint;
    bool as_hinted = hint && try_hint(s, a, in, k, more, count, hint, out);
    s->hint = NULL;
    if (as_hinted)
        return true;
    if (try_data(s, a, in, k, more, count, DATA_OF_SEED, out))
        return true;
    return asks_for_data(k, more, count) && (try_data(s, a, in, k, more, count, DATA_ZEROS, out) ||
                                             try_data(s, a, in, k, more, count, DATA_ONES, out));
}
