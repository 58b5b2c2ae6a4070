// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Instructions whose accesses QEMU does not tell (machine.h, is_unreported). While one
// of them runs, FILE's mappings are made inaccessible to this process, so that an
// access raises a signal, is noted, and goes on. That neither reads nor changes
// what FILE holds, so it does for devices.
//
// Of a compare-and-swap QEMU tells all but whether it stored: FILE is made read-only
// while it runs, and the fault tells (rmw.h).
//
// With more than one thread others would be caught as well, or their system
// calls fail. There what FILE holds is compared before and after, and each such
// instruction is named once, as neither loads nor stores of equal bytes show.

#include "watch/plugin/unreported.h"

#include "base/host.h"
#include "record/qemu/plugin/rmw.h"
#include "watch/plugin/mappings.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

// Larger mappings are not compared.
#define COMPARED_MAX (UINT64_C(16) << 20)

enum { HIT_LOAD = 1, HIT_STORE = 2 };

static struct sigaction qemu_action;

static void *host_of(uint64_t addr)
{
    return (void *)(uintptr_t)(plugin.base + addr);
}

// Gives the mappings the protection the guest wants but for the bits of WITHOUT.
static bool set_protection(int without)
{
    struct watched all[WATCHED_MAX];
    size_t count = watched_list(all);
    bool set = true;
    for (size_t i = 0; i < count; i++) {
        int protection = all[i].protection & (PROT_READ | PROT_WRITE) & ~without;
        set &= mprotect(host_of(all[i].addr), all[i].bytes, protection) == 0;
    }
    return set;
}

// The instruction that compares is done here, once, as QEMU would have done it.
static void compare_and_swap(struct guest_thread *t, siginfo_t *info, ucontext_t *context)
{
    set_protection(0);
    t->compared = rmw_do(context, info->si_addr, &t->stored);
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    struct guest_thread *t = thread_self();
    ucontext_t *registers = context;
    uint64_t addr = (uintptr_t)info->si_addr - plugin.base;
    struct watched w;
    bool stores = host_fault_stores(registers);
    unsigned hit = stores ? HIT_STORE : HIT_LOAD;
    if (!t->trapped || (t->trap_hits & hit) || !watched_find(addr, &w)) {
        qemu_action.sa_sigaction(signal, info, context);
        return;
    }
    if (!t->blind->is_unreported && w.protection & PROT_WRITE) {
        compare_and_swap(t, info, registers);
        return;
    }
    *(stores ? &t->trap_store : &t->trap_load) = addr;
    t->trap_hits |= hit;
    // A load may be followed by a store; a store ends what can be found out.
    set_protection(stores ? 0 : PROT_WRITE);
}

static void install(void)
{
    struct sigaction action;
    if (sigaction(SIGSEGV, NULL, &qemu_action) != 0 || !(qemu_action.sa_flags & SA_SIGINFO))
        return;
    action = qemu_action;
    action.sa_sigaction = on_fault;
    plugin.traps = sigaction(SIGSEGV, &action, NULL) == 0;
}

void unreported_install(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install);
}

static void name_once(struct guest_insn *insn)
{
    if (atomic_exchange(&insn->is_named, true))
        return;
    struct ring_record record = {.kind = RING_UNREPORTED};
    record.range.site = site_of(insn);
    plugin_write(&record, NULL);
}

// Keeps what the mappings hold. False when that is not to be.
static bool keep(struct guest_thread *t, const struct watched *all, size_t count)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < count; i++)
        bytes += all[i].bytes;
    if (!plugin.ring->settings.compare || bytes > COMPARED_MAX)
        return false;
    if (bytes > t->before_capacity) {
        free(t->before);
        t->before = malloc(bytes);
        t->before_capacity = t->before ? bytes : 0;
    }
    uint8_t *at = t->before;
    for (size_t i = 0; at != NULL && i < count; at += all[i++].bytes)
        if (!watched_read(all[i].addr, at, all[i].bytes))
            return false;
    return at != NULL;
}

static bool stores_nothing(const struct guest_insn *insn)
{
    return plugin.machine->only_loads != NULL &&
           plugin.machine->only_loads(insn->bytes, insn->length);
}

void unreported_before(unsigned vcpu, void *data)
{
    struct guest_thread *t = thread_self();
    const struct guest_insn *insn = data;
    struct watched all[WATCHED_MAX];
    size_t count = watched_span ? watched_list(all) : 0;
    bool alone = atomic_load(&plugin.threads) <= 1;
    (void)vcpu;
    t->compared = false;
    for (size_t i = 0; i < count; i++)
        alone &= !(all[i].protection & PROT_EXEC); // QEMU has its own ideas of these
    if (count == 0)
        return;
    t->trap_hits = 0;
    t->trapped = alone && plugin.traps;
    t->blind = data;
    if (t->trapped && set_protection(insn->is_unreported ? PROT_READ | PROT_WRITE : PROT_WRITE))
        return;
    t->trapped = false;
    t->blind = NULL;
    if (!insn->is_unreported)
        return;
    name_once(data);
    // What changes meanwhile is another thread's doing where it cannot be its own.
    if (!stores_nothing(data) && keep(t, all, count))
        t->blind = data;
}

static void tell_unseen(const struct guest_thread *t, uint16_t flags, uint64_t addr, uint64_t bytes)
{
    struct ring_record record = {.kind = RING_UNSEEN, .flags = flags};
    struct watched w;
    if (!watched_find(addr, &w))
        return;
    record.range = (struct ring_range){.addr = addr,
                                       .bytes = bytes,
                                       .offset = w.offset + (addr - w.addr),
                                       .site = site_of(t->blind)};
    plugin_write(&record, NULL);
}

// What a trapped instruction did. One that clears a line is as good as told.
static void tell_hits(struct guest_thread *t)
{
    const struct guest_insn *insn = t->blind;
    bool clears = plugin.machine->clears_line != NULL &&
                  plugin.machine->clears_line(insn->bytes, insn->length);
    unsigned line = clears ? plugin.ring->settings.line : 0;
    struct watched w;
    uint64_t lo = line ? t->trap_store / line * line : 0;
    if ((t->trap_hits & HIT_STORE) && line != 0 && watched_find(lo, &w)) {
        for (unsigned i = 0; i < line; i += 8)
            plugin_store(t->blind, lo + i, 8, &w);
        t->trap_hits &= ~(unsigned)HIT_STORE;
    }
    if (t->trap_hits & HIT_LOAD)
        tell_unseen(t, 0, t->trap_load, 1);
    if (t->trap_hits & HIT_STORE)
        tell_unseen(t, RING_STORE, t->trap_store, 1);
}

// Tells from the first to the last byte of W that differs from BEFORE.
static void compare(const struct guest_thread *t, const struct watched *w, const uint8_t *before)
{
    const uint8_t *now = host_of(w->addr);
    uint64_t lo = 0, hi = w->bytes;
    if (memcmp(now, before, w->bytes) == 0)
        return;
    while (lo < hi && now[lo] == before[lo])
        lo++;
    while (hi > lo && now[hi - 1] == before[hi - 1])
        hi--;
    if (hi > lo)
        tell_unseen(t, RING_STORE | (plugin.threads > 1 ? RING_OTHERS : 0), w->addr + lo, hi - lo);
}

void unreported_after(void)
{
    struct guest_thread *t = thread_self();
    struct watched all[WATCHED_MAX];
    size_t count = watched_list(all);
    const uint8_t *at = t->before;
    if (t->trapped) {
        set_protection(0);
        t->trapped = false;
        tell_hits(t);
        t->blind = NULL;
        return;
    }
    for (size_t i = 0; i < count; at += all[i++].bytes)
        compare(t, &all[i], at);
    t->blind = NULL;
}
