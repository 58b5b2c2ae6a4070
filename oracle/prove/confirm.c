// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/confirm.h"

#include "trace/access.h"

#include <inttypes.h>
#include <string.h>

// What both sides tell of an access.
struct seen {
    enum access_kind kind;
    uint64_t site; // from the routine's entry
    uint64_t addr, count, mask;
    unsigned width;
    bool down;
};

static bool is_compared(const struct access *a)
{
    if (a->kind == ACCESS_PREFETCH)
        return false;
    struct span reach = access_reach(a);
    return a->kind > ACCESS_STORE || reach.lo < reach.hi;
}

static struct seen recorded(const struct trace *t, const struct access *a)
{
    struct seen s = {.kind = (enum access_kind)a->kind, .site = t->sites[a->site].addr - t->entry};
    if (a->kind > ACCESS_STORE)
        return s;
    s.addr = a->addr;
    s.count = a->count;
    s.width = a->width;
    s.mask = a->flags & ACCESS_MASKED ? access_mask(a) : 0;
    s.down = a->count > 1 && a->flags & ACCESS_DESCENDING;
    return s;
}

// False where the point does not say, or it is nowhere.
static bool foretold(const struct event *e, const struct code *program, struct point *at,
                     const struct trace *t, struct seen *s)
{
    wide addr = 0, lo = 0, hi = 0, count = 1;
    *s = (struct seen){.kind = e->kind, .site = e->step->at - program->entry};
    if (e->kind > ACCESS_STORE)
        return true;
    if (!form_at(e->address, at, &addr) || !form_at(e->lo, at, &lo) || !form_at(e->hi, at, &hi) ||
        (e->count && !form_at(e->count, at, &count)))
        return false;
    s->addr = (uint64_t)addr;
    if (e->place == PLACE_IMAGE)
        s->addr += t->entry - program->entry;
    s->count = (uint64_t)count;
    s->width = e->width;
    s->down = e->down && count > 1;
    if (e->masked)
        s->mask = low_bits((uint64_t)(hi - addr)) & ~low_bits((uint64_t)(lo - addr));
    return true;
}

static bool is_same(const struct seen *a, const struct seen *b)
{
    return a->kind == b->kind && a->site == b->site && a->addr == b->addr && a->count == b->count &&
           a->width == b->width && a->mask == b->mask && a->down == b->down;
}

static bool differs(struct error *why, size_t i, const struct seen *a, const struct seen *b)
{
    return error_set(why,
                     "access %zu was to be %s %u at %#" PRIx64 " by +0x%" PRIx64
                     " and was %s %u at %#" PRIx64 " by +0x%" PRIx64,
                     i + 1, a->kind == ACCESS_STORE ? "store" : "load", a->width, a->addr, a->site,
                     b->kind == ACCESS_STORE ? "store" : "load", b->width, b->addr, b->site);
}

struct comparison_of {
    const struct code *program;
    struct point *at;
    const struct trace *trace;
    size_t made, wanted; // accesses so far
};

static const struct access *next_recorded(struct comparison_of *c)
{
    while (c->made < c->trace->count && !is_compared(&c->trace->accesses[c->made]))
        c->made++;
    return c->made < c->trace->count ? &c->trace->accesses[c->made++] : NULL;
}

// The event BY bytes higher.
static bool next_agrees(struct comparison_of *c, const struct event *e, wide by, struct error *why)
{
    struct seen want;
    c->wanted++;
    if (!foretold(e, c->program, c->at, c->trace, &want))
        return error_set(why, "where access %zu goes does not follow from the case", c->wanted);
    want.addr += (uint64_t)by;
    const struct access *a = next_recorded(c);
    if (!a)
        return error_set(why, "%zu accesses were to be made, and %zu were", c->wanted,
                         c->wanted - 1);
    struct seen got = recorded(c->trace, a);
    return is_same(&want, &got) || differs(why, c->wanted - 1, &want, &got);
}

static bool turns_agree(struct comparison_of *c, const struct family *f, struct error *why)
{
    wide turns;
    if (!form_at(f->turns, c->at, &turns))
        return error_set(why, "how often a loop is gone through does not follow from the case");
    for (wide turn = 0; turn < turns; turn++)
        for (size_t i = 0; i < f->count; i++) {
            const struct event *e = f->events[i];
            if (!next_agrees(c, e, turn * form_times(e->address, f->index), why))
                return false;
        }
    return true;
}

uint64_t stack_told(const struct event *const *events, size_t count, const struct form *rsp,
                    struct pool *pool, const struct trace *trace)
{
    struct comparison_of c = {.trace = trace};
    for (size_t i = 0; i < count && !events[i]->family; i++) {
        const struct access *a = next_recorded(&c);
        if (!a || events[i]->place != PLACE_STACK)
            continue;
        const struct form *off = form_sub(pool, events[i]->address, rsp);
        uint64_t at = a->addr - (uint64_t)off->c;
        bool inside = at >= trace->stack.lo && at < trace->stack.hi;
        return off->count == 0 && inside && at % 16 == 0 ? at : 0;
    }
    return 0;
}

bool accesses_agree(const struct event *const *events, size_t count, const struct code *program,
                    struct point *at, const struct trace *trace, struct error *why)
{
    struct comparison_of c = {.program = program, .at = at, .trace = trace};
    for (size_t i = 0; i < count; i++) {
        const struct event *e = events[i];
        if (e->family ? e->leads && !turns_agree(&c, e->family, why) : !next_agrees(&c, e, 0, why))
            return false;
    }
    return !next_recorded(&c) ||
           error_set(why, "%zu accesses were to be made, and there were more", c.wanted);
}
