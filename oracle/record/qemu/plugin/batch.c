// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/plugin/batch.h"

#include "record/qemu/plugin/plugin_log.h"

#include <string.h>

// Which lanes the guest has: those of the case that was laid out last.
struct lanes {
    struct qemu_range dst, src;
};

static struct {
    uint32_t count, next; // cases
    uint32_t records;     // of those that ended
    struct qemu_batched *running;
    bool laid; // `lanes` are, and hold canaries
    struct lanes lanes;
} batch;

static uint8_t *host_of(uint64_t guest)
{
    return (uint8_t *)(uintptr_t)(plugin.shared->guest_base + guest);
}

static const uint8_t *canaries_of(bool src)
{
    return plugin.shared->batch.canaries[src];
}

static void lane_fill(const struct qemu_range *lane, bool src)
{
    memcpy(host_of(lane->lo), canaries_of(src), lane->hi - lane->lo);
}

static void lanes_fill(void)
{
    lane_fill(&batch.lanes.dst, false);
    lane_fill(&batch.lanes.src, true);
}

static bool lane_is_clean(const struct qemu_range *lane, bool src)
{
    return memcmp(host_of(lane->lo), canaries_of(src), lane->hi - lane->lo) == 0;
}

// The last look at lanes that held cases.
static void lanes_leave(void)
{
    if (batch.laid &&
        (!lane_is_clean(&batch.lanes.dst, false) || !lane_is_clean(&batch.lanes.src, true)))
        plugin.shared->batch.unclean = 1;
    batch.laid = false;
}

static bool is_in(const struct qemu_record *r, const struct qemu_window *w)
{
    return r->addr >= w->lo && r->addr + r->width <= w->lo + w->bytes;
}

// Did it store in no lane but to what is taken out?
static bool stores_to_windows(const struct qemu_batched *b)
{
    for (uint32_t i = 0; i < plugin.record_count; i++) {
        const struct qemu_record *r = &plugin.records[i];
        bool in_lanes =
            r->addr + r->width > QEMU_LOW_WINDOW && r->addr < QEMU_LOW_WINDOW + QEMU_LANES_BYTES;
        if (r->flags & RECORD_STORE && in_lanes && !is_in(r, &b->windows[0]) &&
            !is_in(r, &b->windows[1]))
            return false;
    }
    return true;
}

// Takes out what the case left where it lay, and puts the canaries back there.
static void window_take(const struct qemu_window *w, const struct qemu_range *lane, bool src)
{
    uint8_t *at = host_of(w->lo);
    memcpy(plugin.shared->batch.bytes + w->at, at, w->bytes);
    memcpy(at, canaries_of(src) + (w->lo - lane->lo), w->bytes);
}

static void keep(struct qemu_batched *b)
{
    const struct qemu_shared *s = plugin.shared;
    struct qemu_batched_end *e = &b->ended;
    e->kept = atomic_load(&s->end) == QEMU_END_RETURNED && stores_to_windows(b);
    e->first = batch.records;
    e->count = plugin.record_count;
    e->loads_unseen = s->loads_unseen;
    e->stores_unseen = s->stores_unseen;
    if (e->stores_unseen)
        e->unseen_site = s->unseen_site;
    e->clobbered = s->clobbered;
    e->result = s->result;
    batch.records += e->count;
    window_take(&b->windows[0], &batch.lanes.dst, false);
    window_take(&b->windows[1], &batch.lanes.src, true);
    if (!e->kept)
        lanes_fill();
}

static bool is_same(const struct qemu_range *a, const struct qemu_range *b)
{
    return a->lo == b->lo && a->hi == b->hi;
}

// Has the guest the lanes of that case, holding canaries where no case lies?
static bool are_laid(const struct qemu_case *c)
{
    return batch.laid && is_same(&batch.lanes.dst, &c->dst_lane) &&
           is_same(&batch.lanes.src, &c->src_lane);
}

static void begin_case(struct qemu_batched *b)
{
    struct qemu_shared *s = plugin.shared;
    if (!are_laid(&b->now))
        lanes_leave(); // before their pages go
    batch.running = b;
    s->now = b->now;
    s->loads_unseen = s->stores_unseen = 0;
    plugin.records = s->batch.records + batch.records;
    plugin.records_max = QEMU_BATCH_RECORDS - batch.records;
}

bool batch_next(void)
{
    struct qemu_batch *of = &plugin.shared->batch;
    if (batch.running)
        keep(batch.running);
    batch.running = NULL;
    if (batch.next < batch.count && batch.records <= QEMU_BATCH_RECORDS / 2) {
        atomic_store_explicit(&of->done, batch.next, memory_order_relaxed);
        begin_case(&of->cases[of->order[batch.next++] % QEMU_BATCH_MAX]);
        return true;
    }
    lanes_leave();
    batch.count = batch.next = 0;
    return false;
}

void batch_begin(void)
{
    struct qemu_shared *s = plugin.shared;
    uint32_t count = s->batch.count;
    batch.count = count <= QEMU_BATCH_MAX ? count : QEMU_BATCH_MAX;
    batch.next = batch.records = 0;
    plugin.records = s->records;
    plugin.records_max = QEMU_RECORDS_MAX;
    if (batch.count > 0)
        (void)batch_next();
}

void batch_lay(void)
{
    const struct qemu_batched *b = batch.running;
    if (!b)
        return;
    if (!batch.laid) {
        batch.lanes = (struct lanes){b->now.dst_lane, b->now.src_lane};
        lanes_fill();
        batch.laid = true;
    }
    for (size_t i = 0; i < 2; i++)
        memcpy(host_of(b->windows[i].lo), plugin.shared->batch.bytes + b->windows[i].at,
               b->windows[i].bytes);
}
