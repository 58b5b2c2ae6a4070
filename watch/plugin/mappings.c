// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which addresses of the guest are mappings of FILE: kept by the system calls
// that map and unmap.

#include "watch/plugin/plugin.h"

#include <errno.h>
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

bool watched_read(uint64_t addr, void *out, size_t bytes)
{
    // The kernel reads, so that what is not there or beyond a file's end does not
    // raise a signal.
    struct iovec to = {out, bytes};
    struct iovec from = {(void *)(uintptr_t)(plugin.base + addr), bytes};
    ssize_t got = process_vm_readv(getpid(), &to, 1, &from, 1, 0);
    // A sandbox may forbid it.
    if (got < 0 && (errno == ENOSYS || errno == EPERM)) {
        memcpy(out, from.iov_base, bytes);
        return true;
    }
    return got == (ssize_t)bytes;
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
    blind_install();
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

static void protect(uint64_t addr, uint64_t bytes, uint8_t protection)
{
    split(addr);
    split(addr + bytes);
    for (size_t i = 0; i < range_count; i++)
        if (ranges[i].addr - addr < bytes)
            ranges[i].protection = protection;
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
    t->maps = true;
    t->map_bytes = pages(a[1]);
    t->map_matches =
        !(flags & plugin.machine->syscalls.map_anonymous) && is_watched_file((int)a[4]);
    t->map_private = (flags & 3) == MAP_PRIVATE;
    t->map_offset = a[5] * unit;
    t->map_keeps_old = true;
    t->map_protection = (uint8_t)(a[2] & 7);
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
        t->map_protection = w.protection;
        t->map_offset = w.offset + (a[0] - w.addr);
    }
    // An old size of 0 duplicates a shared mapping.
    t->map_keeps_old |= a[1] == 0;
}

static void tell_kernel(int64_t number, uint16_t flags)
{
    struct ring_record record = {.kind = RING_SYSCALL, .flags = flags};
    record.range.number = number;
    plugin_write(&record, NULL);
}

// What the kernel loads and stores for the guest is done by no instruction. Tells
// of the plain cases: a buffer in the mapping, and FILE written to as a file.
static void note_kernel(const struct machine_syscalls *calls, int64_t number, const uint64_t *a)
{
    struct watched w;
    bool writes = number == calls->write || number == calls->pwrite;
    bool reads = number == calls->read || number == calls->pread;
    if ((writes || number == calls->writev) && is_watched_file((int)a[0]))
        tell_kernel(number, RING_STORE);
    if ((reads || writes) && a[1] - watched_low < watched_span && watched_find(a[1], &w))
        tell_kernel(number, 0);
}

void watched_syscall(qemu_plugin_id_t id, unsigned vcpu, int64_t number, uint64_t a1, uint64_t a2,
                     uint64_t a3, uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    const struct machine_syscalls *calls = &plugin.machine->syscalls;
    struct guest_thread *t = thread_self();
    uint64_t a[6] = {a1, a2, a3, a4, a5, a6};
    (void)id, (void)vcpu, (void)a7, (void)a8;
    // Those of 32-bit machines come with their sign.
    for (unsigned i = 0; plugin.machine->bits == 32 && i < 6; i++)
        a[i] &= UINT32_MAX;
    t->maps = t->map_protects = false;
    if (number == 0) { // read on x86-64; nothing elsewhere
        if (calls->read == 0 && watched_span > 0)
            note_kernel(calls, number, a);
    } else if (number == calls->mmap) {
        uint64_t block = a[0];
        for (unsigned i = 0; calls->mmap_by_block && i < 6; i++)
            a[i] = guest_word(block, i);
        begin_mmap(t, a, 1);
    } else if (number == calls->mmap2) {
        begin_mmap(t, a, 4096);
    } else if (number == calls->munmap && a[0] % PAGE_BYTES == 0) {
        // Before it happens: the next mapping may be there at once.
        pthread_mutex_lock(&lock);
        cut(a[0], pages(a[1]));
        set_hull();
        pthread_mutex_unlock(&lock);
    } else if (number == calls->mremap) {
        begin_mremap(t, a);
    } else if (number == calls->mprotect) {
        t->map_protects = true;
        t->map_addr = a[0];
        t->map_bytes = pages(a[1]);
        t->map_protection = (uint8_t)(a[2] & 7);
    } else if (number == calls->execve) {
        follow_exec(a[0], a[1], a[2]);
    } else if (number == calls->execveat) {
        follow_execat((int)a[0], a[1], a[2], a[3]);
    } else if (watched_span > 0) {
        note_kernel(calls, number, a);
    }
}

void watched_syscall_ret(qemu_plugin_id_t id, unsigned vcpu, int64_t number, int64_t ret)
{
    struct guest_thread *t = thread_self();
    uint64_t addr = plugin.machine->bits == 32 ? (uint32_t)ret : (uint64_t)ret;
    (void)id, (void)vcpu, (void)number;
    bool maps = t->maps, protects = t->map_protects;
    t->maps = t->map_protects = false;
    if ((!maps && !protects) || (uint64_t)ret >= (uint64_t)-4095)
        return;
    pthread_mutex_lock(&lock);
    if (protects) {
        protect(t->map_addr, t->map_bytes, t->map_protection);
        pthread_mutex_unlock(&lock);
        return;
    }
    if (!t->map_keeps_old)
        cut(t->map_old, t->map_old_bytes);
    cut(addr, t->map_bytes);
    if (t->map_matches)
        append(&(struct watched){addr, t->map_bytes, t->map_offset, t->map_private,
                                 t->map_protection});
    set_hull();
    pthread_mutex_unlock(&lock);
}
