// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/svg/steps.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void steps_init(struct steps *s, const struct recording *r, uint64_t size)
{
    *s = (struct steps){.r = r, .size = size};
    s->stored = calloc(size + 1, 1);
    s->loaded = calloc(size + 1, 1);
    s->torn = calloc(size + 1, 1);
    assert(s->stored != NULL && s->loaded != NULL && s->torn != NULL);
}

void steps_free(struct steps *s)
{
    free(s->stored);
    free(s->loaded);
    free(s->torn);
}

static bool is_step(struct steps *s, const struct access *a, const struct extent *e)
{
    switch (a->kind) {
    case ACCESS_PREFETCH:
        s->prefetches++;
        return false;
    case ACCESS_STORE:
    case ACCESS_LOAD:
        if (e->bytes == 0)
            return false;
        if (e->region != REGION_STACK)
            return true;
        s->stack_stores += a->kind == ACCESS_STORE;
        s->stack_loads += a->kind == ACCESS_LOAD;
        return false;
    default:
        return true;
    }
}

// The bytes that a step counts on, those of the copy; NULL when it lies elsewhere.
static uint8_t *times_of(const struct steps *s, const struct step *step)
{
    if (step->access->kind == ACCESS_STORE && step->extent.region == REGION_DST)
        return s->stored;
    if (step->access->kind == ACCESS_LOAD && step->extent.region == REGION_SRC)
        return s->loaded;
    return NULL;
}

// The part of an extent within the copy.
static void clip(const struct steps *s, const struct extent *e, uint64_t *lo, uint64_t *hi)
{
    int64_t size = (int64_t)s->size, from = e->lo < 0 ? 0 : e->lo < size ? e->lo : size;
    int64_t to = e->lo + (int64_t)e->bytes;
    *lo = (uint64_t)from;
    *hi = (uint64_t)(to < from ? from : to < size ? to : size);
}

static bool touches(const struct step *step, uint64_t at)
{
    return extent_touches(&step->extent, step->access, (uint64_t)((int64_t)at - step->extent.lo));
}

static bool any_before(const struct steps *s, const struct step *step)
{
    const uint8_t *times = times_of(s, step);
    uint64_t lo, hi;
    clip(s, &step->extent, &lo, &hi);
    for (uint64_t at = lo; times && at < hi; at++)
        if (times[at] > 0 && touches(step, at))
            return true;
    return false;
}

// Does the step write some, but not all, of the element at offset AT, of which
// nothing has been stored yet?
static bool tears_element(const struct steps *s, const struct step *step, uint64_t at,
                          uint64_t bytes)
{
    const struct access *a = step->access;
    int64_t lo = step->extent.lo, hi = lo + (int64_t)step->extent.bytes;
    bool whole = a->count == 1 || a->width >= bytes, some = false;
    for (uint64_t k = at; k < at + bytes; k++) {
        bool here = (int64_t)k >= lo && (int64_t)k < hi && touches(step, k);
        if (s->stored[k] > 0)
            return false;
        whole &= here;
        some |= here;
    }
    return some && !whole;
}

// Marks the torn elements of one size. A plain store can only tear those at its
// two ends.
static bool tear(struct steps *s, const struct step *step, uint64_t bytes)
{
    const struct access *a = step->access;
    uint64_t lo, hi, base = (uintptr_t)s->r->layout.dst;
    bool plain = a->count == 1 && !(a->flags & ACCESS_MASKED), torn = false;
    clip(s, &step->extent, &lo, &hi);
    if (lo >= hi)
        return false;
    uint64_t first = (base + lo) & ~(bytes - 1), last = (base + hi - 1) & ~(bytes - 1);
    for (uint64_t at = first; at <= last; at = plain && at < last ? last : at + bytes) {
        if (at < base || at + bytes > base + s->size || !tears_element(s, step, at - base, bytes))
            continue;
        memset(s->torn + (at - base), (int)bytes, bytes);
        torn = true;
    }
    return torn;
}

bool step_is_own(const struct trace *t, const struct step *step)
{
    struct span at = access_span(step->access);
    bool own = (step->access->flags & ACCESS_TLS) != 0;
    for (size_t i = 0; i < t->image_count && !own; i++)
        own = at.lo >= t->images[i].lo && at.hi <= t->images[i].hi;
    return own && step->extent.region == REGION_OTHER;
}

// A routine may read its own data, and the destination as far as this is about
// bounds.
static bool is_outside(const struct steps *s, const struct step *step)
{
    const struct extent *e = &step->extent;
    bool load = step->access->kind == ACCESS_LOAD;
    if (load && step_is_own(&s->r->trace, step))
        return false;
    bool known = e->region == REGION_DST || (e->region == REGION_SRC && load);
    return !known || e->lo < 0 || (uint64_t)e->lo + e->bytes > s->size;
}

static unsigned marks_of(struct steps *s, const struct step *step)
{
    const struct access *a = step->access;
    const struct extent *e = &step->extent;
    bool store = a->kind == ACCESS_STORE;
    unsigned marks = any_before(s, step) ? STEP_AGAIN : 0;
    if (is_outside(s, step))
        marks |= STEP_OUTSIDE;
    if (times_of(s, step) == NULL)
        return marks;
    bool below =
        store ? s->any_store && e->lo < s->last_store : s->any_load && e->lo < s->last_load;
    if (below || ((a->flags & ACCESS_DESCENDING) && a->count > 1))
        marks |= STEP_BACKWARDS;
    for (uint64_t bytes = 2; store && bytes <= 8; bytes *= 2)
        marks |= tear(s, step, bytes) ? STEP_TEARS : 0;
    return marks;
}

bool steps_next(struct steps *s, struct step *out)
{
    const struct trace *t = &s->r->trace;
    while (s->next < t->count) {
        const struct access *a = &t->accesses[s->next++];
        *out = (struct step){.access = a, .extent = extent_of(s->r, a)};
        if (!is_step(s, a, &out->extent))
            continue;
        if (a->kind == ACCESS_STORE || a->kind == ACCESS_LOAD)
            out->marks = marks_of(s, out);
        return true;
    }
    return false;
}

void steps_apply(struct steps *s, const struct step *step)
{
    uint8_t *times = times_of(s, step);
    uint64_t lo, hi;
    if (times == NULL)
        return;
    clip(s, &step->extent, &lo, &hi);
    for (uint64_t at = lo; at < hi; at++)
        if (touches(step, at) && times[at] < UINT8_MAX)
            times[at]++;
    bool store = step->access->kind == ACCESS_STORE;
    bool *any = store ? &s->any_store : &s->any_load;
    *(store ? &s->last_store : &s->last_load) = step->extent.lo;
    *any = true;
}

bool steps_run(const struct steps *s, const struct step *step, uint64_t *lo, uint64_t *hi)
{
    const uint8_t *times = times_of(s, step);
    uint64_t from, to;
    clip(s, &step->extent, &from, &to);
    if (*lo > from)
        from = *lo;
    while (times && from < to && !touches(step, from))
        from++;
    if (times == NULL || from >= to)
        return false;
    *lo = from;
    for (*hi = from + 1; *hi < to && times[*hi] == times[from] && touches(step, *hi);)
        ++*hi;
    return true;
}

void step_marks_print(const struct step *step, char *text, size_t text_size)
{
    static const struct {
        enum step_mark mark;
        const char *word;
    } words[] = {
        {STEP_AGAIN, "again"},
        {STEP_TEARS, "tears"},
        {STEP_BACKWARDS, "backwards"},
        {STEP_OUTSIDE, "outside"},
    };
    size_t length = 0;
    *text = '\0';
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if ((step->marks & words[i].mark) && length < text_size)
            length += (size_t)snprintf(text + length, text_size - length, "%s%s",
                                       length ? ", " : "", words[i].word);
}

char site_class_letter(enum site_class class)
{
    static const char letters[SITE_CLASS_COUNT] = {
        [CLASS_SCALAR] = 'S', [CLASS_VECTOR] = 'V',      [CLASS_MASKED] = 'M',
        [CLASS_STRING] = 'R', [CLASS_NONTEMPORAL] = 'N', [CLASS_ATOMIC] = 'A',
        [CLASS_FENCE] = 'F',  [CLASS_FLUSH] = 'L',       [CLASS_PREFETCH] = 'P',
    };
    return letters[class];
}
