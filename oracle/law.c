// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "law.h"

#include <inttypes.h>
#include <stdarg.h>
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
    if (into->width != from->width ||
        (into->run && from->run && into->downwards != from->downwards))
        return false;
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

void laws_add(struct laws *laws, const struct recording *r, uint64_t size, uint64_t unit)
{
    if (laws->scratch == NULL && (laws->scratch = calloc(1, sizeof *laws->scratch)) == NULL)
        abort();
    struct law_scratch *s = laws->scratch;
    take(s, r, size);
    if (laws->count > 0 && law_takes(&laws->items[laws->count - 1], s, size))
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
}

void laws_free(struct laws *laws)
{
    if (laws->scratch != NULL)
        free(laws->scratch->times);
    free(laws->scratch);
    free(laws->items);
    *laws = (struct laws){0};
}

bool law_is_regular(const struct law *law)
{
    return law->stores.holds || law->runs.holds;
}

__attribute__((format(printf, 3, 4))) static void say(char *text, size_t *length,
                                                      const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int added = vsnprintf(text + *length, LAW_TEXT_MAX - *length, format, arguments);
    va_end(arguments);
    *length += (size_t)added;
    if (*length >= LAW_TEXT_MAX)
        *length = LAW_TEXT_MAX - 1;
}

static void say_end(char *text, size_t *length, const struct law_end *end, bool prefer_end)
{
    bool from_end = end->from_end && (!end->fixed || prefer_end);
    if (!from_end)
        say(text, length, "%" PRId64, end->at);
    else if (end->before_end == 0)
        say(text, length, "n");
    else
        say(text, length, "n%+" PRId64, -end->before_end);
}

static void say_part(char *text, size_t *length, const struct law_part *part, bool several)
{
    say(text, length, "[");
    say_end(text, length, &part->lo, false);
    say(text, length, ",");
    // Of a law on one size, both ends are numbers.
    say_end(text, length, &part->hi, several);
    say(text, length, ")");
    if (part->run)
        say(text, length, "%s in steps of %" PRIu64, part->downwards ? " downwards" : "",
            part->width);
}

static void say_again(char *text, size_t *length, const struct law *law)
{
    int64_t slope = law->again_slope, base = law->again_base;
    const char *times = law->times_max > 2 ? "again" : "twice";
    if (law->times_max < 2)
        return;
    if (!law->again_holds)
        say(text, length, ": some bytes %s", times);
    else if (slope == 0)
        say(text, length, ": %" PRId64 " byte%s %s", base, base == 1 ? "" : "s", times);
    else if (slope == -1)
        say(text, length, ": %" PRId64 "-n bytes %s", base, times);
    else if (slope == 1 && base == 0)
        say(text, length, ": n bytes %s", times);
    else if (slope == 1)
        say(text, length, ": n%+" PRId64 " bytes %s", base, times);
    else
        say(text, length, ": %" PRId64 "n%+" PRId64 " bytes %s", slope, base, times);
}

void law_print(const struct law *law, char *text)
{
    size_t length = 0;
    const struct law_form *form = law->stores.holds ? &law->stores : &law->runs;
    *text = '\0';
    say(text, &length, "%" PRIu64, law->lo);
    if (law->hi > law->lo)
        say(text, &length, "..%" PRIu64, law->hi);
    say(text, &length, ": ");
    if (!law_is_regular(law)) {
        say(text, &length, "no simple pattern");
        return;
    }
    if (form->count == 0)
        say(text, &length, "no store");
    for (size_t i = 0; i < form->count; i++) {
        say(text, &length, "%s", i ? " then " : "");
        say_part(text, &length, &form->parts[i], law->hi > law->lo);
    }
    say_again(text, &length, law);
}
