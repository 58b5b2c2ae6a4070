// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "trace/trace.h"
#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const site_class_name[SITE_CLASS_COUNT] = {
#define X(id, name) name,
    SITE_CLASSES(X)
#undef X
};

// What a memory type forbids first: maskmovdqu is non-temporal before it is masked.
void site_set_classes(struct site *site, unsigned classes)
{
    static const uint8_t order[] = {CLASS_FENCE,  CLASS_FLUSH,  CLASS_PREFETCH, CLASS_NONTEMPORAL,
                                    CLASS_STRING, CLASS_ATOMIC, CLASS_MASKED,   CLASS_VECTOR};
    size_t i = 0;
    while (i < sizeof order && !(classes >> order[i] & 1))
        i++;
    site->class = i < sizeof order ? order[i] : CLASS_SCALAR;
    site->classes = (uint16_t)(classes | 1u << site->class);
}

const char *const region_name[REGION_COUNT] = {"dst", "src", "stack", "record", "other"};

void trace_init(struct trace *t)
{
    memset(t, 0, sizeof *t);
}

void trace_free(struct trace *t)
{
    free(t->accesses);
    free(t->values);
    if (t->owns_sites)
        free((void *)(uintptr_t)t->sites);
    trace_init(t);
}

void trace_reset(struct trace *t)
{
    t->count = 0;
    t->log.words = NULL;
    t->value_bytes = 0;
    t->outcome = OUTCOME_RETURNED;
    t->return_value = 0;
    t->clobbered = 0;
    t->loads_unseen = false;
    t->atomic_bytes = 0;
    t->machine = 0;
    t->word_bytes = 0;
    t->signal = 0;
    t->fault_addr = 0;
    t->fault_pc = 0;
    t->entry = 0;
    t->stack_entry = 0;
    t->stack = (struct span){0, 0};
    t->image_count = t->own_image_count = 0;
    t->reason[0] = '\0';
}

// Room for at least `wanted` items; doubles, so that appending one at a time
// stays cheap.
static void *grow(void *items, size_t *capacity, size_t wanted, size_t item_bytes)
{
    size_t room = *capacity < 64 ? 64 : *capacity;
    while (room < wanted) {
        if (room > SIZE_MAX / 2 / item_bytes)
            abort();
        room *= 2;
    }
    void *grown = must(realloc(items, room * item_bytes));
    *capacity = room;
    return grown;
}

void trace_reserve(struct trace *t, size_t accesses)
{
    if (accesses > t->capacity)
        t->accesses = grow(t->accesses, &t->capacity, accesses, sizeof *t->accesses);
}

void trace_reserve_values(struct trace *t, size_t bytes)
{
    if (bytes > t->value_capacity)
        t->values = grow(t->values, &t->value_capacity, bytes, 1);
}

struct span access_span(const struct access *a)
{
    if (a->count == 0 || a->width == 0)
        return (struct span){a->addr, a->addr};
    uint64_t reach = (a->count - 1) * a->width;
    uint64_t lo = a->flags & ACCESS_DESCENDING ? a->addr - reach : a->addr;
    return (struct span){lo, lo + reach + a->width};
}

static bool meets(struct span a, uintptr_t lo, uintptr_t hi)
{
    return a.lo < hi && a.hi > lo;
}

// The buffer an access belongs to in an overlapping case, where both lie in
// one lane: its own side where it touches that, else the other one where it
// touches that.
static enum region shared_lane_region(const struct layout *l, enum access_kind kind, struct span at)
{
    uintptr_t dst = (uintptr_t)l->dst, src = (uintptr_t)l->src;
    bool in_dst = meets(at, dst, dst + l->dst_size);
    bool in_src = meets(at, src, src + l->src_size);
    bool reads = kind == ACCESS_LOAD || kind == ACCESS_PREFETCH;

    if (reads)
        return in_dst && !in_src ? REGION_DST : REGION_SRC;
    return in_src && !in_dst ? REGION_SRC : REGION_DST;
}

// `margin`: bytes beyond the lanes that count as theirs.
static enum region lane_region(const struct layout *l, enum access_kind kind, struct span at,
                               uintptr_t margin)
{
    bool dst = meets(at, l->dst_lane.lo - margin, l->dst_lane.hi + margin);
    bool src = meets(at, l->src_lane.lo - margin, l->src_lane.hi + margin);

    if (dst && l->dst_lane.lo == l->src_lane.lo)
        return shared_lane_region(l, kind, at);
    return dst ? REGION_DST : src ? REGION_SRC : REGION_OTHER;
}

enum region trace_region(const struct trace *t, const struct layout *layout, const struct access *a,
                         int64_t *offset)
{
    struct span at = access_span(a);
    uintptr_t start = 0;
    if (at.hi == at.lo)
        at.hi++; // a flush names a place, not bytes

    enum region region =
        a->kind == ACCESS_FENCE ? REGION_OTHER : lane_region(layout, a->kind, at, 0);
    if (region == REGION_OTHER && meets(at, t->stack.lo, t->stack.hi))
        region = REGION_STACK;
    if (region == REGION_OTHER && meets(at, layout->record.lo, layout->record.hi))
        region = REGION_RECORD;
    // An access that faults in a guard page is told by its distance from the
    // buffer that it ran out of.
    if (region == REGION_OTHER && a->kind != ACCESS_FENCE)
        region = lane_region(layout, a->kind, at, PAGE_BYTES);

    if (region == REGION_DST)
        start = (uintptr_t)layout->dst;
    else if (region == REGION_SRC)
        start = (uintptr_t)layout->src;
    else if (region == REGION_STACK)
        start = t->stack_entry;
    else if (region == REGION_RECORD)
        start = layout->record.lo;
    *offset = (int64_t)(at.lo - start);
    return region;
}
