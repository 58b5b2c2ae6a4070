// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which accesses break a rule. Most rules stay broken whatever comes later, so the
// access to blame is the last one of the shortest beginning of the trace that
// breaks the rule. Nothing here is fast.

#include "judge/blame.h"

#include <stdio.h>
#include <stdlib.h>

static void tell(struct blame *blame, size_t access)
{
    blame->access[blame->count++] = (uint32_t)access;
}

static struct shadow *new_shadow(void)
{
    struct shadow *s = shadow_new();
    if (!s) {
        fprintf(stderr, "storescope: out of memory for a witness\n");
        abort();
    }
    return s;
}

bool blame_touches(struct shadow_view view, const struct access *a)
{
    struct byte_walk walk = byte_walk_start(view, a, NULL);
    return byte_walk_next(&walk);
}

static bool touches_byte(struct shadow_view view, const struct access *a, uint64_t off)
{
    struct byte_walk walk = byte_walk_start(view, a, NULL);
    walk.next = walk.next > off ? walk.end : off;
    return byte_walk_next(&walk) && walk.off == off;
}

// Number of accesses in the shortest beginning of the trace that breaks the
// rule; the rule has to be one that later accesses cannot mend.
static size_t breaking_length(enum rule_id id, const struct shadow *s, const struct rule_params *p)
{
    struct shadow *part = new_shadow();
    struct trace beginning = *s->trace;
    size_t kept = 0, broken = s->trace->count;
    while (broken - kept > 1) {
        beginning.count = kept + (broken - kept) / 2;
        shadow_gather(part, s->c, s->layout, &beginning);
        part->rewrites_known = true; // that is not what makes the difference here
        if (rule_is_broken(id, part, p))
            broken = beginning.count;
        else
            kept = beginning.count;
    }
    shadow_free(part);
    return broken;
}

// Adds the last access before END that touches byte OFF, if there is one.
static void tell_last_on(struct blame *blame, const struct shadow *s, struct shadow_view view,
                         uint64_t off, size_t end)
{
    for (size_t i = end; i-- > 0;) {
        if (touches_byte(view, &s->trace->accesses[i], off)) {
            tell(blame, i);
            return;
        }
    }
}

static void tell_next_on(struct blame *blame, const struct shadow *s, struct shadow_view view,
                         uint64_t off, size_t from)
{
    for (size_t i = from; i < s->trace->count; i++) {
        if (touches_byte(view, &s->trace->accesses[i], off)) {
            tell(blame, i);
            return;
        }
    }
}

static void tell_pair(struct blame *blame, const struct again_pair *pair)
{
    if (!pair->found)
        return;
    tell(blame, pair->first);
    tell(blame, pair->second);
    blame->off = pair->off;
}

static void tell_again(struct blame *blame, enum rule_id id, const struct shadow *s,
                       const struct rule_params *p)
{
    (void)p;
    enum access_kind kind = id == RULE_REPEATED_LOAD ? ACCESS_LOAD : ACCESS_STORE;
    struct again_pair same, other;
    shadow_find_again(s, kind, &same, &other);
    if (id == RULE_DUPLICATE_STORE)
        tell_pair(blame, &same);
    else if (id == RULE_OVERLAPPING_STORE)
        tell_pair(blame, &other);
    else if (!other.found || (same.found && same.second <= other.second))
        tell_pair(blame, &same);
    else
        tell_pair(blame, &other);
}

// The nearest earlier access on the side that starts above, then the breaking one.
static void tell_reordered(struct blame *blame, enum rule_id id, const struct shadow *s,
                           const struct rule_params *p)
{
    enum access_kind kind = id == RULE_REORDERED_LOAD ? ACCESS_LOAD : ACCESS_STORE;
    struct shadow_view view = shadow_view(s, kind);
    size_t at = breaking_length(id, s, p) - 1;
    const struct access *accesses = s->trace->accesses;
    for (size_t i = at; i-- > 0;) {
        if (blame_touches(view, &accesses[i]) &&
            access_reach(&accesses[i]).lo > access_reach(&accesses[at]).lo) {
            tell(blame, i);
            break;
        }
    }
    tell(blame, at);
}

// Does access AT of the view tear the naturally aligned SIZE bytes that hold byte
// OFF, when ONCE says what was touched before it?
static bool tears(const struct shadow *s, struct shadow_view view, size_t at, const uint64_t *once,
                  uint64_t off, uint32_t size)
{
    uint64_t addr = view.base + off, start = addr & ~(uint64_t)(size - 1);
    if (start < view.base || start + size > view.base + view.size)
        return false;
    for (uint64_t i = start - view.base; i < start - view.base + size; i++)
        if (once[i / WORD_BITS] >> i % WORD_BITS & 1)
            return false;
    return !element_covers(access_element(&s->trace->accesses[at], addr), start, size);
}

// The access that tears an aligned element, into BLAME with the element.
static void tell_torn_element(struct blame *blame, enum rule_id id, const struct shadow *s,
                              const struct rule_params *p)
{
    uint32_t max = p->max ? p->max : 8;
    size_t at = breaking_length(id, s, p) - 1;
    struct shadow_view view = shadow_view(s, id == RULE_TORN_LOAD ? ACCESS_LOAD : ACCESS_STORE);
    struct shadow *part = new_shadow();
    struct trace beginning = *s->trace;
    beginning.count = at;
    shadow_gather(part, s->c, s->layout, &beginning);

    tell(blame, at);
    const uint64_t *once = shadow_view(part, view.kind).side->once;
    struct byte_walk walk = byte_walk_start(view, &s->trace->accesses[at], NULL);
    while (!blame->size && byte_walk_next(&walk))
        for (uint32_t size = 8; size >= 2 && !blame->size; size /= 2)
            if (size <= max && tears(s, view, at, once, walk.off, size))
                blame->size = size;
    shadow_free(part);
    if (blame->size)
        blame->off = ((view.base + walk.off) & ~(uint64_t)(blame->size - 1)) - view.base;
}

// The access that tears an element or a record's field, and the next one to touch the
// rest of it.
static void tell_torn(struct blame *blame, enum rule_id id, const struct shadow *s,
                      const struct rule_params *p)
{
    struct shadow_view view = shadow_view(s, id == RULE_TORN_LOAD ? ACCESS_LOAD : ACCESS_STORE);
    struct torn_field field;
    if (!p->record.bytes) {
        tell_torn_element(blame, id, s, p);
    } else if (shadow_find_torn_field(s, view.kind, p->record, p->max ? p->max : 8, &field)) {
        tell(blame, field.access);
        blame->off = field.off;
        blame->size = field.size;
    }
    if (!blame->size)
        return;
    for (size_t i = blame->access[0] + (size_t)1; i < s->trace->count && blame->count < 2; i++) {
        struct byte_walk walk = byte_walk_start(view, &s->trace->accesses[i], NULL);
        walk.next = max_u64(walk.next, min_u64(blame->off, walk.end));
        if (byte_walk_next(&walk) && walk.off < blame->off + blame->size)
            tell(blame, i);
    }
}

// The last store to the destination, after the one that wrote its last byte.
static void tell_last_store(struct blame *blame, enum rule_id id, const struct shadow *s,
                            const struct rule_params *p)
{
    (void)id, (void)p;
    struct shadow_view view = shadow_view(s, ACCESS_STORE);
    size_t last = s->trace->count;
    while (last > 0 && !blame_touches(view, &s->trace->accesses[last - 1]))
        last--;
    if (last == 0)
        return;
    tell_last_on(blame, s, view, view.size - 1, last - 1);
    tell(blame, last - 1);
}

// Both accesses, or the one that breaks the order by itself.
static void tell_unordered(struct blame *blame, enum rule_id id, const struct shadow *s,
                           const struct rule_params *p)
{
    enum access_kind kind = id == RULE_UNORDERED_LOAD ? ACCESS_LOAD : ACCESS_STORE;
    struct order_breach found = order_find(s, rule_order_view(kind, p));
    tell(blame, found.first);
    if (found.second != found.first)
        tell(blame, found.second);
}

// What came between the stores of a line, and the one that goes on with it.
static void tell_burst(struct blame *blame, enum rule_id id, const struct shadow *s,
                       const struct rule_params *p)
{
    struct broken_burst burst;
    (void)id;
    if (!shadow_find_broken_burst(s, p->line ? p->line : 64, &burst))
        return;
    uint32_t between = burst.before + 1;
    while (between < burst.after && s->trace->accesses[between].kind == ACCESS_PREFETCH)
        between++;
    if (between < burst.after)
        tell(blame, between);
    tell(blame, burst.after);
    blame->off = burst.off;
}

static void tell_unfenced(struct blame *blame, enum rule_id id, const struct shadow *s,
                          const struct rule_params *p)
{
    (void)id;
    struct shadow_view view = shadow_view(s, ACCESS_STORE);
    const struct access *accesses = s->trace->accesses;
    size_t i = s->trace->count;
    while (i > 0 && !(accesses[i - 1].flags & ACCESS_DRAINS))
        i--;
    for (; i < s->trace->count; i++) {
        bool nontemporal = site_is(&s->trace->sites[accesses[i].site], CLASS_NONTEMPORAL);
        if ((p->all_stores || nontemporal) && blame_touches(view, &accesses[i])) {
            tell(blame, i);
            return;
        }
    }
}

// ---- a teller for each rule ----

typedef void teller(struct blame *blame, enum rule_id id, const struct shadow *s,
                    const struct rule_params *p);

// The last access of the shortest beginning that breaks the rule.
static void tell_breaking(struct blame *blame, enum rule_id id, const struct shadow *s,
                          const struct rule_params *p)
{
    tell(blame, breaking_length(id, s, p) - 1);
}

// The store that goes further than words that may be written back, or the first that
// writes one.
static void tell_outside(struct blame *blame, enum rule_id id, const struct shadow *s,
                         const struct rule_params *p)
{
    struct rule_params any = *p;
    if (!(s->outside_words & p->within))
        any.within = 0;
    tell_breaking(blame, id, s, &any);
}

static void tell_last(struct blame *blame, enum rule_id id, const struct shadow *s,
                      const struct rule_params *p)
{
    (void)id, (void)p;
    if (s->trace->count > 0)
        tell(blame, s->trace->count - 1);
}

static void tell_wrong_data(struct blame *blame, enum rule_id id, const struct shadow *s,
                            const struct rule_params *p)
{
    (void)id, (void)p;
    bool counted = op_has_fifo(s->c->op) && s->wrong_at >= min_u64(s->fifo_bytes, s->c->size);
    if (s->c->op != OP_TO_FIFO && !counted) {
        tell_last_on(blame, s, shadow_view(s, ACCESS_STORE), s->wrong_at, s->trace->count);
        return;
    }
    size_t at = shadow_fifo_access(s, s->wrong_at);
    if (at < s->trace->count)
        tell(blame, at);
}

static void tell_transient(struct blame *blame, enum rule_id id, const struct shadow *s,
                           const struct rule_params *p)
{
    (void)id, (void)p;
    blame->off = s->transient_at;
    tell(blame, s->transient_access);
    tell_next_on(blame, s, shadow_view(s, ACCESS_STORE), s->transient_at,
                 s->transient_access + (size_t)1);
}

static void tell_unflushed(struct blame *blame, enum rule_id id, const struct shadow *s,
                           const struct rule_params *p)
{
    (void)id, (void)p;
    if (shadow_find_unflushed(s, &blame->off))
        tell_last_on(blame, s, shadow_view(s, ACCESS_STORE), blame->off, s->trace->count);
}

// Rules without a teller: no access explains them (the one that faulted is in no
// trace, a missing store is none), or all together do (split-store, split-load).
static teller *const tellers[RULE_COUNT] = {
    [RULE_TIMEOUT] = tell_last,
    [RULE_WRONG_DATA] = tell_wrong_data,
    [RULE_OUT_OF_BOUNDS_STORE] = tell_outside,
    [RULE_STATIC_STORE] = tell_breaking,
    [RULE_OUT_OF_BOUNDS_LOAD] = tell_breaking,
    [RULE_DUPLICATE_STORE] = tell_again,
    [RULE_OVERLAPPING_STORE] = tell_again,
    [RULE_REPEATED_LOAD] = tell_again,
    [RULE_TRANSIENT_VALUE] = tell_transient,
    [RULE_TORN_ELEMENT] = tell_torn,
    [RULE_TORN_LOAD] = tell_torn,
    [RULE_REORDERED_STORE] = tell_reordered,
    [RULE_REORDERED_LOAD] = tell_reordered,
    [RULE_UNORDERED_STORE] = tell_unordered,
    [RULE_UNORDERED_LOAD] = tell_unordered,
    [RULE_LAST_BYTE_NOT_LAST] = tell_last_store,
    [RULE_MISALIGNED_STORE] = tell_breaking,
    [RULE_MISALIGNED_LOAD] = tell_breaking,
    [RULE_WIDE_STORE] = tell_breaking,
    [RULE_WIDE_LOAD] = tell_breaking,
    [RULE_NARROW_STORE] = tell_breaking,
    [RULE_NARROW_LOAD] = tell_breaking,
    [RULE_VECTOR_STORE] = tell_breaking,
    [RULE_VECTOR_LOAD] = tell_breaking,
    [RULE_MASKED_STORE] = tell_breaking,
    [RULE_STRING_STORE] = tell_breaking,
    [RULE_NONTEMPORAL_STORE] = tell_breaking,
    [RULE_ATOMIC_STORE] = tell_breaking,
    [RULE_PAIRED_STORE] = tell_breaking,
    [RULE_WRITEBACK_STORE] = tell_breaking,
    [RULE_X87_STORE] = tell_breaking,
    [RULE_STRING_LOAD] = tell_breaking,
    [RULE_ATOMIC_LOAD] = tell_breaking,
    [RULE_PAIRED_LOAD] = tell_breaking,
    [RULE_WRITEBACK_LOAD] = tell_breaking,
    [RULE_X87_LOAD] = tell_breaking,
    [RULE_BROKEN_BURST] = tell_burst,
    [RULE_UNFENCED_STORE] = tell_unfenced,
    [RULE_UNFLUSHED_STORE] = tell_unflushed,
    [RULE_DESTINATION_LOAD] = tell_breaking,
};

struct blame blame_of(enum rule_id id, const struct shadow *s, const struct rule_params *p)
{
    struct blame blame = {.off = s->wrong_at};
    if (tellers[id] && rule_is_broken(id, s, p))
        tellers[id](&blame, id, s, p);
    return blame;
}

size_t rule_witness(enum rule_id id, const struct shadow *s, const struct rule_params *p,
                    uint32_t *out, size_t capacity)
{
    size_t count = 0;
    if ((id == RULE_SPLIT_STORE || id == RULE_SPLIT_LOAD) && rule_is_broken(id, s, p)) {
        struct shadow_view view =
            shadow_view(s, id == RULE_SPLIT_STORE ? ACCESS_STORE : ACCESS_LOAD);
        for (size_t i = 0; i < s->trace->count; i++)
            if (blame_touches(view, &s->trace->accesses[i]) && count++ < capacity)
                out[count - 1] = (uint32_t)i;
        return count;
    }
    struct blame blame = blame_of(id, s, p);
    for (; count < blame.count && count < capacity; count++)
        out[count] = blame.access[count];
    return blame.count;
}
