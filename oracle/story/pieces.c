// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "story/pieces.h"

#include "base/memory.h"
#include "judge/access_bytes.h"

#include <stdlib.h>
#include <string.h>

_Static_assert(PIECES_MAX <= 32, "struct piece has a bit for each");

enum { SEEN_MAX = 384 };

// ---- the accesses ----

// What comes after one that comes after another comes after that, too.
static void close_order(bool *after, size_t count)
{
    for (size_t k = 0; k < count; k++)
        for (size_t i = k; i-- > 0;)
            if (after[k * count + i])
                for (size_t j = 0; j < i; j++)
                    after[k * count + j] |= after[i * count + j];
}

void visible_find(struct visible *v, const struct copy_case *c, const struct recording *r,
                  struct order_view view)
{
    bool store = view.kind == ACCESS_STORE;
    *v = (struct visible){.c = c, .r = r, .view = view};
    v->base = (uintptr_t)(store ? r->layout.dst : r->layout.src);
    v->size = store ? r->layout.dst_size : r->layout.src_size;
    size_t all = order_seen(c, r, view, NULL, 0, NULL);
    v->count = min_u64(all, SEEN_MAX);
    v->too_many = all > v->count;
    if (v->count == 0)
        return;
    v->seen = must(calloc(v->count, sizeof *v->seen));
    v->after = must(calloc(v->count * v->count, sizeof *v->after));
    order_seen(c, r, view, v->seen, v->count, v->after);
    close_order(v->after, v->count);
}

void visible_free(struct visible *v)
{
    free(v->seen);
    free(v->after);
    *v = (struct visible){.seen = NULL};
}

// ---- one piece ----

static const struct access *access_of(const struct visible *v, size_t seen)
{
    return &v->r->trace.accesses[v->seen[seen].access];
}

static bool touches(const struct access *a, uint64_t addr)
{
    struct span reach = access_reach(a);
    return addr >= reach.lo && addr < reach.hi && access_touches(a, addr);
}

static bool covers(struct element e, uint64_t lo, unsigned width)
{
    return lo >= e.start && element_covers(e, lo, width);
}

// The aligned bytes around ADDR, as many as the CPU's words have, that become visible at once
// where the element does not.
static struct span part_around(const struct trace *t, struct element e, uint64_t addr)
{
    unsigned width = t->word_bytes ? t->word_bytes : 4;
    while (width > 1 && !covers(e, addr & ~(uint64_t)(width - 1), width))
        width /= 2;
    uint64_t lo = addr & ~(uint64_t)(width - 1);
    return (struct span){lo, lo + width};
}

// The byte that the routine's last store to it put there; -1: not known.
static int final_value(const struct visible *v, uint64_t addr)
{
    const struct trace *t = &v->r->trace;
    for (size_t k = v->count; k-- > 0;) {
        const struct access *a = access_of(v, k);
        if (touches(a, addr))
            return access_has_values(t, a) ? t->values[access_value_index(a, addr)] : -1;
    }
    return -1;
}

static enum byte_state state_after(const struct visible *v, const struct access *a, uint64_t addr)
{
    const struct trace *t = &v->r->trace;
    int final = a->kind == ACCESS_STORE ? final_value(v, addr) : -1;
    bool known = final >= 0 && access_has_values(t, a);
    return known && t->values[access_value_index(a, addr)] != final ? BYTE_OTHER : BYTE_NEW;
}

// What the piece does to the things. V: NULL for a copy that has no recording.
static void fill_in(const struct visible *v, const struct window *things, struct piece *piece)
{
    for (unsigned thing = 0; thing < THING_COUNT; thing++) {
        for (unsigned i = 0; i < things[thing].width; i++) {
            uint64_t addr = things[thing].lo + i;
            if (addr < piece->lo || addr >= piece->hi ||
                (v && !touches(access_of(v, piece->seen), addr)))
                continue;
            piece->touches |= (uint8_t)(1u << thing);
            piece->bytes[thing] |= (uint8_t)(1u << i);
            piece->states[thing][i] =
                (uint8_t)(v ? state_after(v, access_of(v, piece->seen), addr) : BYTE_NEW);
        }
    }
}

// ---- all of them ----

static bool overlap(const struct piece *a, const struct piece *b)
{
    return a->lo < b->hi && b->lo < a->hi;
}

// Is A certain to come after B? Of one location all see one order.
static bool comes_after(const struct visible *v, const struct piece *a, const struct piece *b)
{
    bool down = access_of(v, a->seen)->flags & ACCESS_DESCENDING;
    if (a->seen != b->seen)
        return a->seen > b->seen && (overlap(a, b) || v->after[a->seen * v->count + b->seen]);
    return v->seen[a->seen].elements_in_order && !a->is_part &&
           (down ? a->lo < b->lo : a->lo > b->lo);
}

static bool is_there(const struct pieces *p, uint32_t seen, uint64_t addr)
{
    for (size_t i = p->count; i-- > 0 && p->items[i].seen == seen;)
        if (addr >= p->items[i].lo && addr < p->items[i].hi)
            return true;
    return false;
}

static void add_piece(const struct visible *v, struct pieces *p, uint32_t seen, uint64_t addr)
{
    const struct access *a = access_of(v, seen);
    struct element e = access_element(a, addr);
    struct span at = {e.start, e.start + e.width};
    bool whole = v->seen[seen].whole;
    if (p->count == PIECES_MAX) {
        p->too_many = true;
        return;
    }
    if (!whole)
        at = part_around(&v->r->trace, e, addr);
    struct piece piece = {.lo = at.lo, .hi = at.hi, .seen = seen, .is_part = !whole};
    fill_in(v, p->things, &piece);
    for (size_t i = 0; i < p->count; i++) {
        if (comes_after(v, &piece, &p->items[i]))
            piece.before |= 1u << i;
        else if (comes_after(v, &p->items[i], &piece))
            p->items[i].before |= 1u << p->count;
    }
    p->items[p->count++] = piece;
}

void pieces_find(const struct visible *v, struct pieces *p)
{
    p->count = 0;
    p->too_many = false;
    for (uint32_t seen = 0; seen < v->count; seen++) {
        const struct access *a = access_of(v, seen);
        for (unsigned thing = 0; thing < THING_COUNT; thing++) {
            for (unsigned i = 0; i < p->things[thing].width; i++) {
                uint64_t addr = p->things[thing].lo + i;
                if (touches(a, addr) && !is_there(p, seen, addr))
                    add_piece(v, p, seen, addr);
            }
        }
    }
}

static int by_address(const void *a, const void *b)
{
    const struct window *x = a, *y = b;
    return x->lo < y->lo ? -1 : x->lo > y->lo ? 1 : (int)y->width - (int)x->width;
}

void pieces_ideal(struct pieces *p)
{
    struct window sorted[THING_COUNT];
    uint64_t end = 0;
    memcpy(sorted, p->things, sizeof sorted);
    qsort(sorted, THING_COUNT, sizeof *sorted, by_address);
    p->count = 0;
    p->too_many = false;
    for (size_t i = 0; i < THING_COUNT; i++) {
        uint64_t hi = sorted[i].lo + sorted[i].width;
        if (sorted[i].width == 0 || hi <= end) // a part of one before it
            continue;
        struct piece piece = {.lo = sorted[i].lo,
                              .hi = hi,
                              .seen = (uint32_t)p->count,
                              .before = (1u << p->count) - 1};
        fill_in(NULL, p->things, &piece);
        p->items[p->count++] = piece;
        end = hi;
    }
}
