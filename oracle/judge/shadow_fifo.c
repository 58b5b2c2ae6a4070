// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A side that is a FIFO: what its accesses add up to, in the order in which they are
// made. An access to another address than the FIFO's, or to bytes behind it, is beside it.

#include "judge/access_bytes.h"

#include <string.h>

static enum access_kind fifo_kind(const struct shadow *s)
{
    return s->c->op == OP_TO_FIFO ? ACCESS_STORE : ACCESS_LOAD;
}

// How many bytes of the FIFO an access moves; 0: it is none of the FIFO's.
static uint64_t moved_by(struct shadow_view view, const struct access *a)
{
    struct span reach = access_reach(a);
    if (a->kind != view.kind || a->addr != view.base || reach.lo != view.base)
        return 0;
    return min_u64(min_u64(reach.hi - reach.lo, a->width), view.size);
}

// Does it touch the FIFO's bytes and others?
static bool goes_astray(struct shadow_view view, const struct access *a)
{
    struct span reach = access_reach(a), part = {0, 0};
    if (a->kind == view.kind)
        part = side_part(reach, view.base, view.size);
    return part.lo < part.hi && (reach.lo != view.base || reach.hi - reach.lo != a->width);
}

void shadow_gather_fifo(struct shadow *s)
{
    struct shadow_view view = shadow_view(s, fifo_kind(s));
    bool astray = false;
    s->fifo_bytes = 0;
    for (size_t i = 0; i < s->trace->count; i++) {
        const struct access *a = &s->trace->accesses[i];
        s->fifo_bytes += moved_by(view, a);
        astray |= goes_astray(view, a);
    }
    if (view.kind == ACCESS_STORE) {
        s->stores.missing = s->fifo_bytes < s->c->size;
        s->store_outside |= astray;
        s->outside_words |= astray ? 2 | 4 | 8 : 0;
    } else {
        s->load_outside |= astray;
        s->load_outside_page |= astray;
    }
}

// Which bytes of the source an element holds that are not those at OFF: the nearest.
static uint64_t find_element(const struct layout *l, uint64_t off, const uint8_t *held,
                             uint64_t width)
{
    for (uint64_t away = width; away <= l->size; away += width) {
        if (off >= away && memcmp(l->expected + off - away, held, width) == 0)
            return off - away;
        if (off + away + width <= l->size && memcmp(l->expected + off + away, held, width) == 0)
            return off + away;
    }
    return UINT64_MAX;
}

// The first byte at which WIDTH bytes, given to the FIFO as those at OFF, are others.
static void compare_element(struct shadow *s, const struct layout *l, uint64_t off,
                            const uint8_t *held, uint64_t width)
{
    for (uint64_t i = 0; i < width && off + i < l->size && !s->wrong_data; i++) {
        if (held[i] == l->expected[off + i])
            continue;
        s->wrong_data = true;
        s->wrong_at = off + i;
        s->wrong_got = held[i];
        s->wrong_want = l->expected[off + i];
        s->fifo_got_at = find_element(l, off, held, width);
    }
}

void shadow_compare_fifo(struct shadow *s, const struct layout *layout, const struct trace *valued)
{
    struct shadow_view view = shadow_view(s, ACCESS_STORE);
    uint64_t off = 0;
    view.base = (uintptr_t)layout->dst;
    s->wrong_data = false;
    for (size_t i = 0; i < valued->count; i++) {
        const struct access *a = &valued->accesses[i];
        uint64_t width = moved_by(view, a);
        if (width == 0)
            continue;
        s->values_differ |= a->value == TRACE_NO_VALUE || a->value + width > valued->value_bytes;
        if (s->values_differ)
            return;
        compare_element(s, layout, off, valued->values + a->value, width);
        off += width;
    }
}

size_t shadow_fifo_access(const struct shadow *s, uint64_t off)
{
    struct shadow_view view = shadow_view(s, fifo_kind(s));
    size_t i = 0;
    for (uint64_t moved = 0; i < s->trace->count; i++) {
        moved += moved_by(view, &s->trace->accesses[i]);
        if (moved > off)
            break;
    }
    return i;
}

void shadow_judge_fifo(struct shadow *s, const struct layout *layout, const struct trace *trace)
{
    if (s->c->op == OP_TO_FIFO) {
        s->values_open = s->fifo_bytes > 0 && trace->value_bytes == 0;
        if (!s->values_open)
            shadow_compare_fifo(s, layout, trace);
    }
    if (s->wrong_data || s->fifo_bytes == layout->size)
        return;
    s->wrong_data = !s->values_open;
    s->wrong_at = min_u64(s->fifo_bytes, layout->size);
    s->fifo_got_at = UINT64_MAX;
}
