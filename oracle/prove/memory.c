// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Where an access goes, and what it finds there. The destination and the source, the stack
// and the routine's own module are memories apart: which one an address is in follows from
// what it is computed from.

#include "prove/machine.h"

#include <string.h>

static enum event_place place_of(struct execution *x, const struct form *address)
{
    const struct setting *s = x->setting;
    if (form_is_constant(address))
        return PLACE_IMAGE;
    int64_t dst = form_times(address, s->dst_atom), src = form_times(address, s->src_atom);
    if (form_times(address, s->rsp_atom) == form_times(s->rsp, s->rsp_atom) && dst == 0 && src == 0)
        return PLACE_STACK;
    if (form_has(address, s->rsp_atom) || form_is_data(address))
        return PLACE_NONE;
    if (s->overlap != PLACE_NONE)
        return dst == 1 ? PLACE_EITHER : PLACE_NONE;
    return dst == 1 && src == 0 ? PLACE_DST : dst == 0 && src == 1 ? PLACE_SRC : PLACE_NONE;
}

static struct event *add_event(struct execution *x, enum access_kind kind)
{
    struct event *e = pool_alloc(x->pool, sizeof *e);
    e->before = x->m->events;
    e->index = e->before ? e->before->index + 1 : 0;
    e->kind = kind;
    e->place = PLACE_NONE;
    e->step = x->step;
    e->continues = x->continues;
    x->m->events = e;
    return e;
}

static struct event *add_access(struct execution *x, enum access_kind kind, enum event_place place,
                                const struct form *address, unsigned width,
                                const struct value *mask)
{
    struct event *e = add_event(x, kind);
    e->place = place;
    e->address = address;
    e->width = width;
    e->masked = mask != NULL;
    e->lo = mask ? form_add(x->pool, address, mask->number) : address;
    e->hi = mask ? form_add(x->pool, address, mask->hi) : form_plus(x->pool, address, width);
    return e;
}

void memory_event(struct execution *x, enum access_kind kind, const struct form *address)
{
    struct event *e = add_event(x, kind);
    e->address = address;
    if (address)
        e->place = place_of(x, address);
}

static void check_aligned(struct execution *x, const struct form *address, unsigned aligned)
{
    if (aligned < 2)
        return;
    const struct form *low = known_low(x->known, address, (unsigned)__builtin_ctz(aligned));
    if (!decide(x, (struct claim){EQUAL, low}))
        execution_crash(x, "an access that has to be aligned is not");
}

// ---- the stack ----

// From rsp at entry.
static int64_t stack_offset(struct execution *x, const struct form *address)
{
    enum { OFFSETS_MAX = 256 };
    const struct form *off = form_sub(x->pool, address, x->setting->rsp);
    return (int64_t)decide_value(x, off, OFFSETS_MAX);
}

// A number that was stored whole comes back as it was.
static struct value restored(const struct bytes *b)
{
    enum { WORD = 8 };
    const struct piece_of *p = &b->pieces[0];
    if (b->total == WORD && b->count == 1 && !b->lo && p->kind == BYTES_NUMBER && p->from == 0)
        return value_number(p->of);
    return value_bytes(b);
}

static struct value load_stack(struct execution *x, const struct form *address, unsigned width)
{
    int64_t at = stack_offset(x, address);
    for (const struct stacked *s = x->m->stack; s; s = s->before) {
        if (at + (int64_t)width <= s->at || at >= s->at + s->bytes->total)
            continue;
        if (at >= s->at && at + (int64_t)width <= s->at + s->bytes->total)
            return restored(bytes_slice(x->pool, s->bytes, (unsigned)(at - s->at), width));
        break;
    }
    execution_unknown(x, "a load of the stack of what was not stored there as such");
    return value_bytes(bytes_of(x->pool, BYTES_UNKNOWN, NULL, width));
}

static void store_stack(struct execution *x, const struct form *address, const struct bytes *bytes)
{
    int64_t at = stack_offset(x, address);
    if (at + bytes->total > 0)
        execution_unknown(x, "a store above its own stack frame");
    struct stacked *s = pool_alloc(x->pool, sizeof *s);
    *s = (struct stacked){x->m->stack, at, bytes};
    x->m->stack = s;
}

// ---- constants ----

static void note_assumed(struct execution *x, uint64_t at)
{
    x->assumed_constants = true;
    if (x->assumed_count < sizeof x->assumed_at / sizeof *x->assumed_at)
        x->assumed_at[x->assumed_count++] = at;
}

static struct value load_image(struct execution *x, uint64_t at, unsigned width)
{
    bool writable = false;
    const uint8_t *bytes = code_bytes(x->program, at, width, &writable);
    if (!bytes) {
        execution_unknown(x, "a load of an address that is none of its arguments'");
        return value_number(form_constant(x->pool, 0));
    }
    if (writable)
        note_assumed(x, at);
    if (width > 8)
        return value_bytes(bytes_of(x->pool, BYTES_UNKNOWN, NULL, width));
    uint64_t v = 0;
    memcpy(&v, bytes, width);
    return value_number(form_constant(x->pool, v));
}

// An address in a table: one path for each entry.
static const struct form *settle_address(struct execution *x, const struct form *address)
{
    enum { ENTRIES_MAX = 256 };
    struct bounds b = known_bounds(x->known, address);
    if (b.hi - b.lo > 16 * ENTRIES_MAX || b.lo < 0 ||
        !code_bytes(x->program, (uint64_t)b.lo, 1, NULL))
        return address;
    for (uint32_t i = 0; i < address->count && x->end == EXECUTION_NEXT; i++)
        decide_value(x, form_term(x->pool, address->terms[i].atom), ENTRIES_MAX);
    b = known_bounds(x->known, address);
    return b.lo == b.hi ? form_constant(x->pool, b.lo) : address;
}

// ---- accesses ----

struct value memory_load(struct execution *x, const struct form *address, unsigned width,
                         unsigned aligned, const struct value *mask)
{
    enum event_place place = place_of(x, address);
    if (place == PLACE_NONE) {
        address = settle_address(x, address);
        place = place_of(x, address);
    }
    check_aligned(x, address, aligned);
    struct event *e = add_access(x, ACCESS_LOAD, place, address, width, mask);
    if (mask && (place == PLACE_STACK || place == PLACE_IMAGE))
        execution_unknown(x, "a masked load of memory of its own");
    switch (place) {
    case PLACE_STACK:
        return load_stack(x, address, width);
    case PLACE_IMAGE:
        return load_image(x, (uint64_t)address->c, width);
    case PLACE_NONE:
        execution_unknown(x, "a load of an address that is not followed");
        break;
    case PLACE_DST:
        break;
    case PLACE_SRC:
    case PLACE_EITHER:
        e->bytes = bytes_of(x->pool, BYTES_LOADED, address, width);
        return value_bytes(mask ? bytes_masked(x->pool, e->bytes, mask->number, mask->hi)
                                : e->bytes);
    }
    return value_bytes(bytes_of(x->pool, BYTES_UNKNOWN, NULL, width));
}

void memory_store(struct execution *x, const struct form *address, unsigned width, unsigned aligned,
                  const struct value *mask, const struct bytes *bytes)
{
    enum event_place place = place_of(x, address);
    check_aligned(x, address, aligned);
    struct event *e = add_access(x, ACCESS_STORE, place, address, width, mask);
    e->bytes = bytes;
    if (place == PLACE_NONE)
        execution_unknown(x, "a store to an address that is not followed");
    if (place == PLACE_IMAGE)
        execution_unknown(x, "a store to an address that is none of its arguments'");
    if (place == PLACE_STACK && mask)
        execution_unknown(x, "a masked store to the stack");
    if (place == PLACE_STACK)
        store_stack(x, address, bytes);
}

static void string_event(struct execution *x, enum access_kind kind, const struct form *address,
                         unsigned width, const struct form *count, const struct form *from)
{
    struct pool *p = x->pool;
    struct event *e = add_access(x, kind, place_of(x, address), address, width, NULL);
    if (e->place == PLACE_NONE || e->place == PLACE_IMAGE || e->place == PLACE_STACK)
        execution_unknown(x, "a string instruction on memory of its own");
    e->count = count;
    e->from = from;
    e->down = x->m->down;
    if (e->down)
        e->lo = form_plus(p, form_add_scaled(p, address, count, -(wide)width), width);
    else
        e->hi = form_add_scaled(p, address, count, width);
}

void memory_move(struct execution *x, const struct form *to, const struct form *from,
                 unsigned width, const struct form *count)
{
    string_event(x, ACCESS_LOAD, from, width, count, NULL);
    string_event(x, ACCESS_STORE, to, width, count, from);
}
