// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Records become accesses. Nothing in shared memory is taken on trust.

#include "qemu.h"

#include <stdio.h>
#include <string.h>

static bool in_window(uint64_t addr, uint64_t window, size_t lane_bytes, uint64_t *off)
{
    *off = addr - window - QEMU_GUARD_BYTES; // wraps below the lane
    return *off < lane_bytes + QEMU_GUARD_BYTES || -*off <= QEMU_GUARD_BYTES;
}

uint64_t qemu_host_address(const struct layout *l, uint64_t addr)
{
    uint64_t off;
    if (in_window(addr, QEMU_DST_WINDOW, l->dst_lane.hi - l->dst_lane.lo, &off))
        return l->dst_lane.lo + off;
    if (l->src_lane.lo != l->dst_lane.lo &&
        in_window(addr, QEMU_SRC_WINDOW, l->src_lane.hi - l->src_lane.lo, &off))
        return l->src_lane.lo + off;
    return addr;
}

// Sites that this process has met since last time.
static void take_sites(struct recorder *r, uint32_t count)
{
    for (; r->site_count < count; r->site_count++) {
        struct qemu_site in = r->process.shared->sites[r->site_count];
        in.length = in.length <= QEMU_SITE_BYTES_MAX ? in.length : QEMU_SITE_BYTES_MAX;
        in.text[QEMU_SITE_TEXT_MAX - 1] = '\0';
        qemu_describe_site(r->program->arch, &in, &r->sites[r->site_count]);
    }
}

static void broken(struct trace *t, const char *why)
{
    t->outcome = OUTCOME_BROKEN;
    t->count = 0;
    snprintf(t->reason, sizeof t->reason, "%s", why);
}

void qemu_take_accesses(struct recorder *r, const struct layout *l, bool values, struct trace *t)
{
    const struct qemu_shared *s = r->process.shared;
    uint32_t count = atomic_load(&s->record_count), sites = atomic_load(&s->site_count);
    if (count > QEMU_RECORDS_MAX || sites > QEMU_SITES_MAX || sites < r->site_count) {
        broken(t, "what qemu left in shared memory makes no sense");
        return;
    }
    take_sites(r, sites);
    trace_reserve(t, count + 1);
    if (values)
        trace_reserve_values(t, (size_t)count * QEMU_PIECE_MAX + 1);
    for (uint32_t i = 0; i < count; i++) {
        const struct qemu_record rec = s->records[i];
        struct access *a = &t->accesses[i];
        bool store = rec.flags & RECORD_STORE;
        if (rec.site >= sites || rec.width == 0 || rec.width > QEMU_PIECE_MAX) {
            broken(t, "what qemu left in shared memory makes no sense");
            return;
        }
        *a = (struct access){.addr = qemu_host_address(l, rec.addr),
                             .count = 1,
                             .value = TRACE_NO_VALUE,
                             .site = rec.site,
                             .width = rec.width,
                             .kind = store ? ACCESS_STORE : ACCESS_LOAD};
        if (values && store) {
            a->value = (uint32_t)t->value_bytes;
            memcpy(t->values + t->value_bytes, rec.value, rec.width);
            t->value_bytes += rec.width;
        }
    }
    t->count = count;
    t->sites = r->sites;
    t->site_count = r->site_count;
}
