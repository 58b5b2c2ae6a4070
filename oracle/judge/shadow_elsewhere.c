// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Accesses to what is neither the destination's nor the source's bytes: whose they are,
// and whether they count as out of bounds.

#include "judge/access_bytes.h"

#include <string.h>

// The span in SPANS that holds POS, and the address up to which that answer
// stands; COUNT when none does.
static size_t span_at(const struct span *spans, size_t count, uint64_t pos, uint64_t *until)
{
    for (size_t i = 0; i < count; i++) {
        if (pos >= spans[i].lo && pos < spans[i].hi) {
            *until = min_u64(*until, spans[i].hi);
            return i;
        }
    }
    for (size_t i = 0; i < count; i++)
        if (spans[i].lo > pos && spans[i].lo < spans[i].hi)
            *until = min_u64(*until, spans[i].lo);
    return count;
}

// Spans of a trace's images after the HEAD ones.
static size_t append_images(struct span *spans, size_t head, const struct trace *t)
{
    memcpy(spans + head, t->images, t->image_count * sizeof *spans);
    return head + t->image_count;
}

// Sizes of the aligned words, of those with bytes of the destination, that do not hold
// all of [lo, hi), which lies outside of it.
static uint32_t words_left(const struct layout *l, uint64_t lo, uint64_t hi)
{
    uint64_t from = (uintptr_t)l->dst, to = from + l->dst_size;
    uint32_t left = l->dst_size ? 0 : 2 | 4 | 8;
    for (uint32_t size = 2; size <= 8; size *= 2)
        if (lo < (from & ~(uint64_t)(size - 1)) || hi > ((to + size - 1) & ~(uint64_t)(size - 1)))
            left |= size;
    return left;
}

static bool span_holds(struct span s, uint64_t lo, uint64_t hi)
{
    return lo >= s.lo && hi <= s.hi;
}

// A store to [lo, hi), which lies outside the destination. To the data of the
// routine's own module is no copy's business, and is told apart; the records of its call
// are its own.
static void store_elsewhere(struct shadow *s, uint64_t lo, uint64_t hi)
{
    enum { LANES = 3 };
    const struct trace *t = s->trace;
    if ((lo >= t->stack.lo && hi <= t->stack_entry) || span_holds(s->layout->record, lo, hi))
        return;

    struct span spans[LANES + TRACE_IMAGES_MAX];
    spans[0] = s->layout->dst_lane;
    spans[1] = s->layout->src_lane;
    spans[2] = t->stack;
    size_t count = append_images(spans, LANES, t), own_end = LANES + t->own_image_count;
    for (uint64_t until; lo < hi; lo = until) {
        until = hi;
        size_t in = span_at(spans, count, lo, &until);
        bool own = in >= LANES && in < own_end;
        s->static_store |= own;
        s->store_outside |= !own;
        s->outside_words |= own ? 0 : words_left(s->layout, lo, until);
        s->wild_store |= in == count;
    }
}

// The lane and the guard pages around it.
static struct span guarded(struct span lane)
{
    if (lane.lo == lane.hi)
        return lane;
    return (struct span){lane.lo - PAGE_BYTES, lane.hi + PAGE_BYTES};
}

static struct span pages_of(uint64_t addr, uint64_t size)
{
    if (size == 0)
        return (struct span){addr, addr};
    return (struct span){addr / PAGE_BYTES * PAGE_BYTES,
                         (addr + size + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES};
}

// A load from [lo, hi), which lies outside the source. Over-reads are those of what
// lies around the two buffers; what else a routine reads, a table or a variable of
// a library or a thread, is no part of the copy.
static void load_elsewhere(struct shadow *s, uint64_t lo, uint64_t hi)
{
    enum { DESTINATION, SOURCE, STACK, DST_LANE, SRC_LANE, SPANS };
    const struct trace *t = s->trace;
    uint64_t dst = (uintptr_t)s->layout->dst, src = (uintptr_t)s->layout->src;
    uint64_t dst_size = s->layout->dst_size, src_size = s->layout->src_size;
    if (span_holds(t->stack, lo, hi))
        return;

    // The first that holds an address is the one.
    const struct span spans[SPANS] = {
        [DESTINATION] = {dst, dst + dst_size},
        [SOURCE] = {src, src + src_size},
        [STACK] = t->stack,
        [DST_LANE] = guarded(s->layout->dst_lane),
        [SRC_LANE] = guarded(s->layout->src_lane),
    };
    struct span dst_pages = pages_of(dst, dst_size), src_pages = pages_of(src, src_size);
    for (uint64_t until; lo < hi; lo = until) {
        until = min_u64(hi, (lo | (PAGE_BYTES - 1)) + 1);
        size_t in = span_at(spans, SPANS, lo, &until);
        for (size_t i = 0; i < DST_LANE; i++) // a lane holds its buffer
            if (spans[i].lo > lo && spans[i].lo < spans[i].hi)
                until = min_u64(until, spans[i].lo);
        s->destination_load |= in == DESTINATION;
        if (in != DST_LANE && in != SRC_LANE)
            continue;
        s->load_outside = true;
        s->load_outside_page |=
            !span_holds(dst_pages, lo, until) && !span_holds(src_pages, lo, until);
    }
}

void shadow_note_elsewhere(struct shadow *s, uint8_t kind, uint64_t lo, uint64_t hi)
{
    if (kind == ACCESS_STORE)
        store_elsewhere(s, lo, hi);
    else
        load_elsewhere(s, lo, hi);
}
