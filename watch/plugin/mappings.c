// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which addresses of the guest are mappings of FILE: kept by the system calls
// that map and unmap (syscalls.c).

#include "watch/plugin/mappings.h"

#include <pthread.h>
#include <string.h>
#include <unistd.h>

_Atomic uint64_t watched_low, watched_span;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct watched ranges[WATCHED_MAX];
static size_t range_count;

void watched_before_fork(void)
{
    pthread_mutex_lock(&lock);
}

void watched_after_fork(void)
{
    pthread_mutex_unlock(&lock);
}

bool watched_find(uint64_t addr, struct watched *out)
{
    bool found = false;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < range_count && !found; i++)
        if (addr - ranges[i].addr < ranges[i].bytes) {
            *out = ranges[i];
            found = true;
        }
    pthread_mutex_unlock(&lock);
    return found;
}

size_t watched_list(struct watched out[WATCHED_MAX])
{
    pthread_mutex_lock(&lock);
    size_t count = range_count;
    memcpy(out, ranges, count * sizeof *ranges);
    pthread_mutex_unlock(&lock);
    return count;
}

static void tell(enum ring_kind kind, const struct watched *w)
{
    struct ring_record record = {.kind = (uint8_t)kind, .flags = w->is_private ? RING_PRIVATE : 0};
    record.range = (struct ring_range){.addr = w->addr, .bytes = w->bytes, .offset = w->offset};
    plugin_write(&record, NULL);
}

static void set_hull(void)
{
    uint64_t low = UINT64_MAX, high = 0;
    for (size_t i = 0; i < range_count; i++) {
        low = ranges[i].addr < low ? ranges[i].addr : low;
        high = ranges[i].addr + ranges[i].bytes > high ? ranges[i].addr + ranges[i].bytes : high;
    }
    // Never wider than either the old or the new hull, whichever is read first.
    watched_span = 0;
    watched_low = range_count ? low : 0;
    watched_span = range_count ? high - low : 0;
}

static void append(const struct watched *w)
{
    if (range_count == WATCHED_MAX) {
        plugin_write(&(struct ring_record){.kind = RING_TROUBLE},
                     "FILE is mapped in more than 256 pieces; further ones are not watched");
        return;
    }
    ranges[range_count++] = *w;
    tell(RING_MAP, w);
    // The reader looks at what FILE holds before anything is stored to it.
    while (!atomic_load(&plugin.ring->began) && !plugin.closed && ring_is_read(plugin.ring))
        usleep(50);
}

static struct watched part_of(const struct watched *w, uint64_t lo, uint64_t hi)
{
    struct watched part = *w;
    part.addr = lo;
    part.bytes = hi - lo;
    part.offset = w->offset + (lo - w->addr);
    return part;
}

// Takes the mappings apart at ADDR, so that none reaches across it.
static void split(uint64_t addr)
{
    for (size_t i = range_count; i-- > 0 && range_count < WATCHED_MAX;) {
        struct watched w = ranges[i];
        if (addr <= w.addr || addr - w.addr >= w.bytes)
            continue;
        ranges[i] = part_of(&w, w.addr, addr);
        ranges[range_count++] = part_of(&w, addr, w.addr + w.bytes);
    }
}

void watched_protect(uint64_t addr, uint64_t bytes, uint8_t protection)
{
    pthread_mutex_lock(&lock);
    split(addr);
    split(addr + bytes);
    for (size_t i = 0; i < range_count; i++)
        if (ranges[i].addr - addr < bytes)
            ranges[i].protection = protection;
    pthread_mutex_unlock(&lock);
}

// Takes BYTES at ADDR out of what is watched.
static void cut(uint64_t addr, uint64_t bytes)
{
    split(addr);
    split(addr + bytes);
    for (size_t i = range_count; i-- > 0;)
        if (ranges[i].addr - addr < bytes) {
            tell(RING_UNMAP, &ranges[i]);
            ranges[i] = ranges[--range_count];
        }
}

void watched_unmap(uint64_t addr, uint64_t bytes)
{
    pthread_mutex_lock(&lock);
    cut(addr, bytes);
    set_hull();
    pthread_mutex_unlock(&lock);
}

void watched_map(const struct watched *now, bool is_file, uint64_t old, uint64_t old_bytes)
{
    pthread_mutex_lock(&lock);
    if (old_bytes > 0)
        cut(old, old_bytes);
    cut(now->addr, now->bytes);
    if (is_file)
        append(now);
    set_hull();
    pthread_mutex_unlock(&lock);
}
