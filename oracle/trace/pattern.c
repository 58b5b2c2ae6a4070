// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "trace/pattern.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The stores of one size, and what is counted of them.
struct law_scratch {
    struct law_form stores, runs;
    uint8_t *times; // per byte
    uint64_t times_bytes;
    int64_t again;
    unsigned times_max;
};

// The bytes that an access touches, from its first to its last.
static struct span touched(const struct access *a)
{
    struct span at = access_span(a);
    if (!(a->flags & ACCESS_MASKED))
        return at;
    if (a->mask == 0)
        return (struct span){0, 0};
    at.hi = at.lo + 64 - (unsigned)__builtin_clzll(a->mask);
    at.lo += (unsigned)__builtin_ctzll(a->mask);
    return at;
}

static struct law_end end_at(int64_t at, uint64_t size)
{
    return (struct law_end){
        .fixed = true, .from_end = true, .at = at, .before_end = (int64_t)size - at};
}

static void form_add(struct law_form *form, size_t most, const struct law_part *part)
{
    if (form->count < most)
        form->parts[form->count] = *part;
    else
        form->holds = false;
    form->count += form->count < most;
}

// A store that goes on where the last run ended, with stores of the same width.
static bool run_takes(struct law_form *runs, const struct law_part *part)
{
    struct law_part *last = runs->count > 0 ? &runs->parts[runs->count - 1] : NULL;
    if (last == NULL || last->width != part->width)
        return false;
    bool up = last->hi.at == part->lo.at && (!last->run || !last->downwards);
    bool down = last->lo.at == part->hi.at && (!last->run || last->downwards);
    if (up)
        last->hi = part->hi;
    else if (down)
        last->lo = part->lo;
    last->downwards = !up && down;
    last->run |= up || down;
    return up || down;
}

static void count_bytes(struct law_scratch *s, const struct access *a, int64_t lo, int64_t hi,
                        uint64_t size)
{
    for (int64_t at = lo < 0 ? 0 : lo; at < hi && at < (int64_t)size; at++) {
        bool masked = (a->flags & ACCESS_MASKED) != 0;
        unsigned skipped = masked ? (unsigned)__builtin_ctzll(a->mask) : 0;
        if (masked && !(a->mask >> (at - lo + skipped) & 1))
            continue;
        s->again += s->times[at] == 1;
        if (s->times[at] < UINT8_MAX)
            s->times[at]++;
        s->times_max = s->times[at] > s->times_max ? s->times[at] : s->times_max;
    }
}

static void take_store(struct law_scratch *s, const struct recording *r, const struct access *a,
                       uint64_t size)
{
    int64_t offset;
    struct span at = touched(a);
    enum region region = trace_region(&r->trace, &r->layout, a, &offset);
    if (at.lo == at.hi || region == REGION_STACK)
        return;
    if (region != REGION_DST) {
        s->stores.holds = s->runs.holds = false;
        return;
    }
    int64_t lo = (int64_t)(at.lo - (uintptr_t)r->layout.dst), hi = lo + (int64_t)(at.hi - at.lo);
    struct law_part part = {.lo = end_at(lo, size),
                            .hi = end_at(hi, size),
                            .width = a->count > 1 ? a->width : (uint64_t)(hi - lo),
                            .run = a->count > 1,
                            .downwards = a->count > 1 && (a->flags & ACCESS_DESCENDING)};
    form_add(&s->stores, LAW_STORES_MAX, &part);
    if (!run_takes(&s->runs, &part))
        form_add(&s->runs, LAW_RUNS_MAX, &part);
    count_bytes(s, a, lo, hi, size);
}

static void take(struct law_scratch *s, const struct recording *r, uint64_t size)
{
    if (s->times_bytes < size) {
        free(s->times);
        s->times = malloc(size);
        s->times_bytes = size;
        if (s->times == NULL)
            abort();
    }
    if (size > 0)
        memset(s->times, 0, size);
    s->stores = s->runs = (struct law_form){.holds = r->trace.outcome == OUTCOME_RETURNED};
    s->again = 0;
    s->times_max = 0;
    for (size_t i = 0; i < r->trace.count; i++)
        if (r->trace.accesses[i].kind == ACCESS_STORE)
            take_store(s, r, &r->trace.accesses[i], size);
}

static bool end_join(struct law_end *into, const struct law_end *from)
{
    into->fixed &= into->at == from->at;
    into->from_end &= into->before_end == from->before_end;
    return into->fixed || into->from_end;
}

static bool part_join(struct law_part *into, const struct law_part *from)
{
    if ((into->run || from->run) && into->width != from->width)
        return false;
    if (into->run && from->run && into->downwards != from->downwards)
        return false;
    // Single stores may grow with the size; no run is made of such.
    if (into->width != from->width)
        into->width = 0;
    if (from->run) {
        into->run = true;
        into->downwards = from->downwards;
    }
    return end_join(&into->lo, &from->lo) && end_join(&into->hi, &from->hi);
}

// The form that both have, or one that does not hold. In the form that names
// each store, one does not turn into several.
static struct law_form form_join(const struct law_form *a, const struct law_form *b, bool runs)
{
    struct law_form both = *a;
    both.holds = a->holds && b->holds && a->count == b->count;
    for (size_t i = 0; i < both.count && both.holds; i++)
        both.holds =
            (runs || a->parts[i].run == b->parts[i].run) && part_join(&both.parts[i], &b->parts[i]);
    return both;
}

// Does the law hold for this size, too? Then it is about it from now on.
static bool law_takes(struct law *law, const struct law_scratch *s, uint64_t size)
{
    struct law_form stores = form_join(&law->stores, &s->stores, false);
    struct law_form runs = form_join(&law->runs, &s->runs, true);
    int64_t n = (int64_t)size, unit = (int64_t)law->unit;
    if (!stores.holds && !runs.holds)
        return false;
    if (law->lo == law->hi) {
        int64_t rise = s->again - law->again_base;
        law->again_holds = rise % unit == 0;
        law->again_slope = rise / unit;
        law->again_base -= law->again_slope * (int64_t)law->lo;
    } else {
        law->again_holds &= law->again_slope * n + law->again_base == s->again;
    }
    law->stores = stores;
    law->runs = runs;
    law->times_max = s->times_max > law->times_max ? s->times_max : law->times_max;
    law->hi = size;
    return true;
}

static bool is_refused_alike(const struct law *law, const char *refused)
{
    return law->refused[0] && strcmp(law->refused, refused) == 0;
}

void laws_add(struct laws *laws, const struct recording *r, uint64_t size, uint64_t unit)
{
    const char *refused = r->trace.outcome == OUTCOME_REFUSED ? r->trace.reason : "";
    if (laws->scratch == NULL && (laws->scratch = calloc(1, sizeof *laws->scratch)) == NULL)
        abort();
    struct law_scratch *s = laws->scratch;
    take(s, r, size);
    struct law *last = laws->count > 0 ? &laws->items[laws->count - 1] : NULL;
    if (last && is_refused_alike(last, refused))
        last->hi = size;
    if (last && (last->hi == size || law_takes(last, s, size)))
        return;
    if (laws->count == laws->capacity) {
        laws->capacity = laws->capacity ? 2 * laws->capacity : 16;
        laws->items = reallocarray(laws->items, laws->capacity, sizeof *laws->items);
        if (laws->items == NULL)
            abort();
    }
    laws->items[laws->count++] = (struct law){.lo = size,
                                              .hi = size,
                                              .unit = unit,
                                              .stores = s->stores,
                                              .runs = s->runs,
                                              .again_holds = true,
                                              .again_base = s->again,
                                              .times_max = s->times_max};
    snprintf(laws->items[laws->count - 1].refused, TRACE_REASON_MAX, "%s", refused);
}

void laws_free(struct laws *laws)
{
    if (laws->scratch != NULL)
        free(laws->scratch->times);
    free(laws->scratch);
    free(laws->items);
    *laws = (struct laws){0};
}
