// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/batch.h"

#include "record/qemu/guest_case.h"
#include "record/qemu/qemu.h"

#include <stdlib.h>
#include <string.h>

enum {
    SIZE_MAX_BYTES = 4096, // of a case: what takes longer gains nothing
    NEAR_BYTES = 64,       // around a case, which arena_is_clean_near looks at
    ALONE = 64,            // cases, after a batch that came to nothing
    CASE_MS = 100,         // of the processor, for each case
};

struct expected_case {
    struct copy_case c;
    struct qemu_window windows[2];
    struct qemu_range dst_lane, src_lane;
    bool is_ordered;
};

bool batch_open(struct batch *b)
{
    b->cases = calloc(QEMU_BATCH_MAX, sizeof *b->cases);
    return b->cases != NULL;
}

void batch_close(struct batch *b)
{
    free(b->cases);
}

// ---- to the guest ----

// BYTES at AT and some around them, to the next bytes that are shared. False: they do
// not fit.
static bool take_window(struct recorder *r, const uint8_t *at, size_t bytes, struct span lane,
                        uint64_t guest, struct qemu_window *w)
{
    size_t lo = (size_t)((uintptr_t)at - lane.lo), end = lane.hi - lane.lo, hi = lo + bytes;
    lo = lo < NEAR_BYTES ? 0 : lo - NEAR_BYTES;
    hi = end - hi < NEAR_BYTES ? end : hi + NEAR_BYTES;
    *w = (struct qemu_window){guest + lo, (uint32_t)(hi - lo), (uint32_t)r->batch.bytes};
    if (hi - lo > QEMU_BATCH_BYTES - r->batch.bytes)
        return false;
    memcpy(r->process.shared->batch.bytes + w->at, (const uint8_t *)lane.lo + lo, w->bytes);
    r->batch.bytes += w->bytes;
    return true;
}

static bool take_windows(struct recorder *r, const struct layout *l, struct qemu_window w[2])
{
    uint64_t dst = qemu_lane(l, false), src = qemu_lane(l, true);
    w[1] = (struct qemu_window){.lo = qemu_is_overlapping(l) ? 0 : src};
    if (qemu_is_overlapping(l)) {
        const uint8_t *low = l->dst < l->src ? l->dst : l->src;
        size_t distance = (size_t)((l->dst < l->src ? l->src : l->dst) - low);
        return take_window(r, low, l->size + distance, l->dst_lane, dst, &w[0]);
    }
    return take_window(r, l->dst, l->dst_size, l->dst_lane, dst, &w[0]) &&
           (!l->src || take_window(r, l->src, l->src_size, l->src_lane, src, &w[1]));
}

// A lane without a case holds canaries.
static void tell_canaries(struct recorder *r, struct span lane, bool src)
{
    size_t known = r->batch.canaries[src], bytes = lane.hi - lane.lo;
    if (bytes <= known)
        return;
    memcpy(r->process.shared->batch.canaries[src] + known, (const uint8_t *)lane.lo + known,
           bytes - known);
    r->batch.canaries[src] = bytes;
}

static bool is_short(const struct layout *l)
{
    return l->size <= SIZE_MAX_BYTES && l->dst_lane.hi - l->dst_lane.lo <= QEMU_BATCH_LANE_MAX &&
           l->src_lane.hi - l->src_lane.lo <= QEMU_BATCH_LANE_MAX;
}

// Adds the case, which is laid out.
static bool add_laid(struct recorder *r, const struct copy_case *c, struct layout *l, bool values)
{
    struct batch *b = &r->batch;
    struct expected_case *e = &b->cases[b->count];
    struct qemu_batched *to = &r->process.shared->batch.cases[b->count];
    if (!is_short(l) || !take_windows(r, l, e->windows))
        return false;
    qemu_tell_case(r, c, l, values, &to->now);
    if (l->record.lo != l->record.hi)
        return false;
    memcpy(to->windows, e->windows, sizeof to->windows);
    to->ended.kept = 0;
    e->c = *c;
    e->dst_lane = to->now.dst_lane;
    e->src_lane = to->now.src_lane;
    e->is_ordered = false;
    b->count++;
    return true;
}

static void add(struct recorder *r, struct arena *arena, const struct copy_case *c, bool values)
{
    struct layout l;
    if (op_has_fifo(c->op) || c->size > SIZE_MAX_BYTES || !arena_lay(arena, c, &l))
        return;
    bool added = add_laid(r, c, &l, values);
    arena_clear(arena, &l, false);
    if (!added)
        return;
    tell_canaries(r, l.dst_lane, false);
    if (!qemu_is_overlapping(&l))
        tell_canaries(r, l.src_lane, true);
}

static bool same_lanes(const struct expected_case *a, const struct expected_case *b)
{
    return a->dst_lane.lo == b->dst_lane.lo && a->dst_lane.hi == b->dst_lane.hi &&
           a->src_lane.lo == b->src_lane.lo && a->src_lane.hi == b->src_lane.hi;
}

// Those of the same lanes follow one another.
static void put_in_order(struct recorder *r)
{
    struct expected_case *cases = r->batch.cases;
    size_t n = 0;
    for (size_t i = 0; i < r->batch.count; i++) {
        if (cases[i].is_ordered)
            continue;
        for (size_t k = i; k < r->batch.count; k++) {
            if (cases[k].is_ordered || !same_lanes(&cases[i], &cases[k]))
                continue;
            cases[k].is_ordered = true;
            r->process.shared->batch.order[n++] = (uint32_t)k;
        }
    }
}

// False: what came of it is not to be used.
static bool run(struct recorder *r)
{
    struct qemu_batch *shared = &r->process.shared->batch;
    struct error ignored;
    if (!process_start(&r->process, &ignored)) // who asks for a case is told
        return false;
    shared->unclean = 0;
    enum process_state state = process_run_batch(&r->process, (uint32_t)r->batch.count, CASE_MS);
    r->batch.of = r->process.starts;
    return state == PROCESS_WAITS && !shared->unclean;
}

void qemu_expect(struct recorder *r, struct arena *arena, const struct copy_case *cases,
                 size_t count, bool values)
{
    struct batch *b = &r->batch;
    b->count = b->next = b->bytes = 0;
    b->values = values;
    if (b->alone > 0) {
        b->alone -= b->alone < count ? b->alone : count;
        return;
    }
    for (size_t i = 0; i < count && b->count < QEMU_BATCH_MAX; i++)
        add(r, arena, &cases[i], values);
    put_in_order(r);
    if (b->count == 0 || run(r))
        return;
    b->count = 0;
    b->alone = ALONE;
}

// ---- back ----

static bool is_sound(const struct qemu_batched_end *e)
{
    return e->first <= QEMU_BATCH_RECORDS && e->count <= QEMU_BATCH_RECORDS - e->first;
}

bool batch_take(struct recorder *r, const struct copy_case *c, bool values, size_t *which,
                struct qemu_batched_end *ended)
{
    struct batch *b = &r->batch;
    size_t i = b->next;
    while (i < b->count && case_compare(&b->cases[i].c, c) != 0)
        i++;
    if (i >= b->count || b->of != r->process.starts || (values && !b->values))
        return false;
    b->next = i + 1;
    *which = i;
    *ended = r->process.shared->batch.cases[i].ended;
    return ended->kept && is_sound(ended);
}

static void window_out(const struct recorder *r, const struct qemu_window *w, uint64_t guest,
                       struct span lane)
{
    memcpy((uint8_t *)lane.lo + (w->lo - guest), r->process.shared->batch.bytes + w->at, w->bytes);
}

void batch_lanes_out(const struct recorder *r, size_t which, const struct layout *l)
{
    const struct expected_case *e = &r->batch.cases[which];
    window_out(r, &e->windows[0], e->dst_lane.lo, l->dst_lane);
    if (e->windows[1].bytes > 0)
        window_out(r, &e->windows[1], e->src_lane.lo, l->src_lane);
}
