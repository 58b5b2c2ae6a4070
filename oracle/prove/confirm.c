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

bool accesses_agree(const struct event *const *events, size_t count, const struct code *program,
                    struct point *at, const struct trace *trace, struct error *why)
{
    size_t k = 0;
    for (size_t i = 0; i < count; i++) {
        struct seen want;
        if (!foretold(events[i], program, at, trace, &want))
            return error_set(why, "where access %zu goes does not follow from the case", i + 1);
        while (k < trace->count && !is_compared(&trace->accesses[k]))
            k++;
        if (k == trace->count)
            return error_set(why, "%zu accesses were to be made, and %zu were", count, i);
        struct seen got = recorded(trace, &trace->accesses[k++]);
        if (!is_same(&want, &got))
            return differs(why, i, &want, &got);
    }
    while (k < trace->count && !is_compared(&trace->accesses[k]))
        k++;
    if (k < trace->count)
        return error_set(why, "%zu accesses were to be made, and there were more", count);
    return true;
}
