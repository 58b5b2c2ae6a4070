// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "trace/pattern.h"

#include "trace/access.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// The stores of one size, and what is counted of them.
struct pattern_scratch {
    struct pattern_form stores, runs;
    uint8_t *times; // per byte
    uint64_t times_bytes;
    int64_t again; // how many bytes are stored more than once
    struct pattern_again where;
    unsigned times_max;
};

static struct pattern_end end_at(int64_t at, uint64_t size)
{
    return (struct pattern_end){
        .fixed = true, .from_end = true, .at = at, .before_end = (int64_t)size - at};
}

static void form_add(struct pattern_form *form, size_t most, const struct pattern_part *part)
{
    if (form->count < most)
        form->parts[form->count] = *part;
    else
        form->holds = false;
    form->count += form->count < most;
}

// A store that goes on where the last run ended, with stores of the same width.
static bool run_takes(struct pattern_form *runs, const struct pattern_part *part)
{
    struct pattern_part *last = runs->count > 0 ? &runs->parts[runs->count - 1] : NULL;
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

static void count_bytes(struct pattern_scratch *s, const struct access *a, int64_t lo, int64_t hi,
                        uint64_t size)
{
    uint64_t start = access_reach(a).lo;
    for (int64_t at = lo < 0 ? 0 : lo; at < hi && at < (int64_t)size; at++) {
        if (!access_touches(a, start + (uint64_t)(at - lo)))
            continue;
        s->again += s->times[at] == 1;
        if (s->times[at] < UINT8_MAX)
            s->times[at]++;
        s->times_max = s->times[at] > s->times_max ? s->times[at] : s->times_max;
    }
}

static void take_store(struct pattern_scratch *s, const struct recording *r, const struct access *a,
                       uint64_t size)
{
    int64_t offset;
    struct span at = access_reach(a);
    enum region region = trace_region(&r->trace, &r->layout, a, &offset);
    if (at.lo == at.hi || region == REGION_STACK || region == REGION_RECORD)
        return;
    if (region != REGION_DST) {
        s->stores.holds = s->runs.holds = false;
        return;
    }
    int64_t lo = (int64_t)(at.lo - (uintptr_t)r->layout.dst), hi = lo + (int64_t)(at.hi - at.lo);
    struct pattern_part part = {.lo = end_at(lo, size),
                                .hi = end_at(hi, size),
                                .width = a->count > 1 ? a->width : (uint64_t)(hi - lo),
                                .run = a->count > 1,
                                .downwards = a->count > 1 && (a->flags & ACCESS_DESCENDING)};
    form_add(&s->stores, PATTERN_STORES_MAX, &part);
    if (!run_takes(&s->runs, &part))
        form_add(&s->runs, PATTERN_RUNS_MAX, &part);
    count_bytes(s, a, lo, hi, size);
}

// Where the bytes are that are stored more than once. There is no place for none.
static struct pattern_again find_again(const struct pattern_scratch *s, uint64_t size)
{
    uint64_t lo = 0, hi = size;
    while (lo < size && s->times[lo] < 2)
        lo++;
    while (hi > lo && s->times[hi - 1] < 2)
        hi--;
    return (struct pattern_again){.known = s->again > 0 && (int64_t)(hi - lo) == s->again,
                                  .lo = end_at((int64_t)lo, size),
                                  .hi = end_at((int64_t)hi, size)};
}

static void take(struct pattern_scratch *s, const struct recording *r, uint64_t size)
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
    s->stores = s->runs = (struct pattern_form){.holds = r->trace.outcome == OUTCOME_RETURNED};
    s->again = 0;
    s->times_max = 0;
    for (size_t i = 0; i < r->trace.count; i++)
        if (r->trace.accesses[i].kind == ACCESS_STORE)
            take_store(s, r, &r->trace.accesses[i], size);
    s->where = find_again(s, size);
}

static bool end_join(struct pattern_end *into, const struct pattern_end *from)
{
    into->fixed &= into->at == from->at;
    into->from_end &= into->before_end == from->before_end;
    return into->fixed || into->from_end;
}

static bool part_join(struct pattern_part *into, const struct pattern_part *from)
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
static struct pattern_form form_join(const struct pattern_form *a, const struct pattern_form *b,
                                     bool runs)
{
    struct pattern_form both = *a;
    both.holds = a->holds && b->holds && a->count == b->count;
    for (size_t i = 0; i < both.count && both.holds; i++)
        both.holds =
            (runs || a->parts[i].run == b->parts[i].run) && part_join(&both.parts[i], &b->parts[i]);
    return both;
}

// None are stored again: what was so far has to end before it begins. An end that may still
// be told in two ways is told in the one by which it does.
static bool again_is_over(struct pattern_again *again, int64_t n)
{
    struct pattern_end *lo = &again->lo, *hi = &again->hi;
    const int64_t lo_at = lo->from_end ? n - lo->before_end : lo->at;
    const int64_t hi_at = hi->fixed ? hi->at : n - hi->before_end;
    if (lo_at < hi_at)
        return false;
    lo->fixed &= !lo->from_end || lo->at >= hi_at;
    hi->from_end &= !hi->fixed || n - hi->before_end <= lo_at;
    return true;
}

static bool again_join(struct pattern_again *into, const struct pattern_scratch *s, int64_t n)
{
    if (!into->known)
        return false;
    if (s->again == 0)
        return again_is_over(into, n);
    return s->where.known && end_join(&into->lo, &s->where.lo) && end_join(&into->hi, &s->where.hi);
}

// Does the pattern hold for this size, too? Then it is about it from now on.
static bool pattern_takes(struct pattern *pattern, const struct pattern_scratch *s, uint64_t size)
{
    struct pattern_form stores = form_join(&pattern->stores, &s->stores, false);
    struct pattern_form runs = form_join(&pattern->runs, &s->runs, true);
    int64_t n = (int64_t)size, unit = (int64_t)pattern->unit;
    if (!stores.holds && !runs.holds)
        return false;
    if (pattern->lo == pattern->hi) {
        int64_t rise = s->again - pattern->again_base;
        pattern->again_holds = rise % unit == 0;
        pattern->again_slope = rise / unit;
        pattern->again_base -= pattern->again_slope * (int64_t)pattern->lo;
    } else {
        pattern->again_holds &= pattern->again_slope * n + pattern->again_base == s->again;
    }
    pattern->again.known = again_join(&pattern->again, s, n);
    pattern->stores = stores;
    pattern->runs = runs;
    pattern->times_max = s->times_max > pattern->times_max ? s->times_max : pattern->times_max;
    pattern->hi = size;
    return true;
}

static bool is_refused_alike(const struct pattern *pattern, const char *refused)
{
    return pattern->refused[0] && strcmp(pattern->refused, refused) == 0;
}

void patterns_add(struct patterns *patterns, const struct recording *r, uint64_t size,
                  uint64_t unit)
{
    const char *refused = r->trace.outcome == OUTCOME_REFUSED ? r->trace.reason : "";
    if (patterns->scratch == NULL &&
        (patterns->scratch = calloc(1, sizeof *patterns->scratch)) == NULL)
        abort();
    struct pattern_scratch *s = patterns->scratch;
    take(s, r, size);
    struct pattern *last = patterns->count > 0 ? &patterns->items[patterns->count - 1] : NULL;
    if (last && is_refused_alike(last, refused))
        last->hi = size;
    if (last && (last->hi == size || pattern_takes(last, s, size)))
        return;
    if (patterns->count == patterns->capacity) {
        patterns->capacity = patterns->capacity ? 2 * patterns->capacity : 16;
        patterns->items =
            reallocarray(patterns->items, patterns->capacity, sizeof *patterns->items);
        if (patterns->items == NULL)
            abort();
    }
    patterns->items[patterns->count++] = (struct pattern){.lo = size,
                                                          .hi = size,
                                                          .unit = unit,
                                                          .stores = s->stores,
                                                          .runs = s->runs,
                                                          .again = s->where,
                                                          .again_holds = true,
                                                          .again_base = s->again,
                                                          .times_max = s->times_max};
    snprintf(patterns->items[patterns->count - 1].refused, TRACE_REASON_MAX, "%s", refused);
}

void patterns_free(struct patterns *patterns)
{
    if (patterns->scratch != NULL)
        free(patterns->scratch->times);
    free(patterns->scratch);
    free(patterns->items);
    *patterns = (struct patterns){0};
}
