// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which addresses of the guest are mappings of FILE: kept by the system calls
// that map and unmap.

#include "plugin.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096 };

_Atomic uint64_t watched_low, watched_span;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct watched ranges[WATCHED_MAX];
static size_t range_count;

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

bool watched_read(uint64_t addr, void *out, size_t bytes)
{
    // The kernel reads, so that what is not there or beyond a file's end does not
    // raise a signal.
    struct iovec to = {out, bytes};
    struct iovec from = {(void *)(uintptr_t)(plugin.base + addr), bytes};
    return process_vm_readv(getpid(), &to, 1, &from, 1, 0) == (ssize_t)bytes;
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
}

// Takes BYTES at ADDR out of what is watched.
static void cut(uint64_t addr, uint64_t bytes)
{
    uint64_t end = addr + bytes;
    for (size_t i = range_count; i-- > 0;) {
        struct watched w = ranges[i];
        uint64_t w_end = w.addr + w.bytes;
        if (end <= w.addr || w_end <= addr)
            continue;
        ranges[i] = ranges[--range_count];
        struct watched gone = w;
        gone.addr = addr > w.addr ? addr : w.addr;
        gone.bytes = (end < w_end ? end : w_end) - gone.addr;
        gone.offset = w.offset + (gone.addr - w.addr);
        tell(RING_UNMAP, &gone);
        if (w.addr < addr)
            ranges[range_count++] = (struct watched){w.addr, addr - w.addr, w.offset, w.is_private};
        if (end < w_end && range_count < WATCHED_MAX)
            ranges[range_count++] =
                (struct watched){end, w_end - end, w.offset + (end - w.addr), w.is_private};
    }
}

static uint64_t pages(uint64_t bytes)
{
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

// File descriptors of the guest are those of the process.
static bool is_watched_file(int fd)
{
    const struct ring_settings *s = &plugin.ring->settings;
    struct stat now, named;
    if (fd < 0 || fstat(fd, &now) != 0)
        return false;
    if (s->is_device)
        return (S_ISCHR(now.st_mode) || S_ISBLK(now.st_mode)) && now.st_rdev == s->rdev;
    if (now.st_dev == s->dev && now.st_ino == s->ino)
        return true;
    return stat(s->path, &named) == 0 && named.st_dev == now.st_dev && named.st_ino == now.st_ino;
}

uint64_t guest_word(uint64_t addr, unsigned index)
{
    const struct machine *m = plugin.machine;
    const uint8_t *at = (const uint8_t *)(uintptr_t)(plugin.base + addr) + index * m->bits / 8;
    uint64_t value = 0;
    for (unsigned i = 0; i < m->bits / 8; i++)
        value = value << 8 | at[m->big_endian ? i : m->bits / 8 - 1 - i];
    return value;
}

char *guest_text(uint64_t addr)
{
    return (char *)(uintptr_t)(plugin.base + addr);
}

static void begin_mmap(struct guest_thread *t, const uint64_t *a, uint64_t unit)
{
    int flags = (int)a[3];
    // MAP_ANONYMOUS differs between machines; a file's descriptor does not lie.
    t->maps = true;
    t->map_bytes = pages(a[1]);
    t->map_matches = is_watched_file((int)a[4]);
    t->map_private = (flags & 3) == MAP_PRIVATE;
    t->map_offset = a[5] * unit;
    t->map_keeps_old = true;
}

static void begin_mremap(struct guest_thread *t, const uint64_t *a)
{
    struct watched w;
    t->maps = true;
    t->map_old = a[0];
    t->map_old_bytes = pages(a[1]);
    t->map_bytes = pages(a[2]);
    t->map_matches = watched_find(a[0], &w);
    t->map_keeps_old = a[3] & 4; // MREMAP_DONTUNMAP
    if (t->map_matches) {
        t->map_private = w.is_private;
        t->map_offset = w.offset + (a[0] - w.addr);
    }
    // An old size of 0 duplicates a shared mapping.
    t->map_keeps_old |= a[1] == 0;
}

// The guest's accesses by the kernel are no instructions; tells of those that
// are seen here.
static void note_kernel(const struct machine_syscalls *calls, int64_t number, const uint64_t *a)
{
    static _Atomic int64_t last_number;
    struct ring_record record = {.kind = RING_SYSCALL};
    struct watched w;
    record.range.number = number;
    if (number == calls->mprotect || number == calls->msync)
        return;
    if ((number == calls->write || number == calls->pwrite || number == calls->writev) &&
        is_watched_file((int)a[0])) {
        record.flags = RING_STORE;
        plugin_write(&record, NULL);
    }
    for (unsigned i = 0; i < 6 && number != last_number; i++)
        if (a[i] - watched_low < watched_span && watched_find(a[i], &w)) {
            record.flags = 0;
            plugin_write(&record, NULL);
            last_number = number;
        }
}

void watched_syscall(qemu_plugin_id_t id, unsigned vcpu, int64_t number, uint64_t a1, uint64_t a2,
                     uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    const struct machine_syscalls *calls = &plugin.machine->syscalls;
    struct guest_thread *t = thread_self();
    uint64_t a[6] = {a1, a2, a3, a4, a5, a6};
    (void)id, (void)vcpu, (void)a7, (void)a8;
    t->maps = false;
    if (number <= 0)
        return;
    if (number == calls->mmap) {
        for (unsigned i = 0; calls->mmap_by_block && i < 6; i++)
            a[i] = guest_word(a1, i);
        begin_mmap(t, a, 1);
    } else if (number == calls->mmap2) {
        begin_mmap(t, a, 4096);
    } else if (number == calls->munmap && a1 % PAGE_BYTES == 0) {
        // Before it happens: the next mapping may be there at once.
        pthread_mutex_lock(&lock);
        cut(a1, pages(a2));
        set_hull();
        pthread_mutex_unlock(&lock);
    } else if (number == calls->mremap) {
        begin_mremap(t, a);
    } else if (number == calls->execve) {
        follow_exec(guest_text(a1), a2, a3);
    } else if (number == calls->execveat && (*guest_text(a2) == '/' || (int)a1 == AT_FDCWD)) {
        follow_exec(guest_text(a2), a3, a4);
    } else if (watched_span > 0) {
        note_kernel(calls, number, a);
    }
}

void watched_syscall_ret(qemu_plugin_id_t id, unsigned vcpu, int64_t number, int64_t ret)
{
    struct guest_thread *t = thread_self();
    uint64_t addr = plugin.machine->bits == 32 ? (uint32_t)ret : (uint64_t)ret;
    (void)id, (void)vcpu, (void)number;
    if (!t->maps)
        return;
    t->maps = false;
    if ((uint64_t)ret >= (uint64_t)-4095)
        return;
    pthread_mutex_lock(&lock);
    if (!t->map_keeps_old)
        cut(t->map_old, t->map_old_bytes);
    cut(addr, t->map_bytes);
    if (t->map_matches)
        append(&(struct watched){addr, t->map_bytes, t->map_offset, t->map_private});
    set_hull();
    pthread_mutex_unlock(&lock);
}
