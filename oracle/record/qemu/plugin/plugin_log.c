// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/plugin/plugin_log.h"

#include <stdlib.h>
#include <unistd.h>

struct plugin plugin;

_Noreturn void plugin_end(enum qemu_end end)
{
    atomic_store(&plugin.shared->end, end);
    _exit(EXIT_SUCCESS);
}

// Its number among the sites that made accesses.
static uint32_t publish(struct insn *in)
{
    struct qemu_shared *s = plugin.shared;
    uint32_t number = atomic_load(&s->site_count);
    if (number >= QEMU_SITES_MAX)
        plugin_end(QEMU_END_FLOODED);
    s->sites[number] = in->site;
    atomic_store(&s->site_count, number + 1);
    in->number = number;
    return number;
}

struct qemu_record *plugin_record(struct insn *in, uint64_t addr, unsigned width)
{
    uint32_t count = plugin.record_count;
    if (count >= plugin.records_max)
        plugin_end(QEMU_END_FLOODED);
    struct qemu_record *r = &plugin.records[count];
    r->addr = addr;
    r->serial = (uint32_t)plugin.executions;
    r->site = in->number == NOT_PUBLISHED ? publish(in) : in->number;
    r->width = (uint16_t)width;
    return r;
}

void plugin_count(void)
{
    atomic_store_explicit(&plugin.shared->record_count, ++plugin.record_count,
                          memory_order_relaxed);
}
