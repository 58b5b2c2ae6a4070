// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Instructions whose accesses QEMU does not tell (machine.h, is_blind). What
// FILE holds is compared before and after each of them, so that a store that
// changes a byte does not go unseen; and each such instruction is named once, as
// neither loads nor stores of equal bytes can be found out that way. Of a device
// nothing is compared: reading it may act on it.

#include "plugin.h"

#include <stdlib.h>
#include <string.h>

// Larger mappings are not compared.
#define COMPARED_MAX (UINT64_C(16) << 20)

static void name_once(struct guest_insn *insn)
{
    if (atomic_exchange(&insn->is_named, true))
        return;
    struct ring_record record = {.kind = RING_BLIND};
    record.range.site = site_of(insn);
    plugin_write(&record, NULL);
}

void blind_before(unsigned vcpu, void *data)
{
    struct guest_thread *t = thread_self();
    struct watched all[WATCHED_MAX];
    size_t count = watched_span ? watched_list(all) : 0;
    (void)vcpu;
    if (count == 0)
        return;
    name_once(data);
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += all[i].bytes;
    if (!plugin.ring->settings.compare || bytes > COMPARED_MAX)
        return;
    if (bytes > t->before_capacity) {
        free(t->before);
        t->before = malloc(bytes);
        t->before_capacity = t->before ? bytes : 0;
        if (t->before == NULL)
            return;
    }
    uint8_t *at = t->before;
    for (size_t i = 0; i < count; i++) {
        if (!watched_read(all[i].addr, at, all[i].bytes))
            return;
        at += all[i].bytes;
    }
    t->blind = data;
}

static void tell_changed(const struct guest_thread *t, const struct watched *w, uint64_t lo,
                         uint64_t hi)
{
    struct ring_record record = {.kind = RING_UNSEEN};
    if (atomic_load(&plugin.threads) > 1)
        record.flags |= RING_OTHERS;
    record.range = (struct ring_range){.addr = w->addr + lo,
                                       .bytes = hi - lo,
                                       .offset = w->offset + lo,
                                       .site = site_of(t->blind)};
    plugin_write(&record, NULL);
}

// Tells from the first to the last byte of W that differs from BEFORE.
static void compare(const struct guest_thread *t, const struct watched *w, const uint8_t *before)
{
    const uint8_t *now = (const uint8_t *)(uintptr_t)(plugin.base + w->addr);
    uint64_t lo = 0, hi = w->bytes;
    if (memcmp(now, before, w->bytes) == 0)
        return;
    while (lo < hi && now[lo] == before[lo])
        lo++;
    while (hi > lo && now[hi - 1] == before[hi - 1])
        hi--;
    if (hi > lo)
        tell_changed(t, w, lo, hi);
}

void blind_after(void)
{
    struct guest_thread *t = thread_self();
    struct watched all[WATCHED_MAX];
    size_t count = watched_list(all);
    const uint8_t *at = t->before;
    for (size_t i = 0; i < count; i++) {
        compare(t, &all[i], at);
        at += all[i].bytes;
    }
    t->blind = NULL;
}
