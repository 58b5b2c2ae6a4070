// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "watch/plugin/syscalls.h"

#include "watch/plugin/follow_exec.h"
#include "watch/plugin/mappings.h"
#include "watch/plugin/unreported.h"

#include <sys/mman.h>
#include <sys/stat.h>

enum { PAGE_BYTES = 4096 };

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
        watched_unmap(a[0], pages(a[1]));
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
    if (protects) {
        watched_protect(t->map_addr, t->map_bytes, t->map_protection);
        return;
    }
    if (t->map_matches)
        unreported_install();
    watched_map(
        &(struct watched){addr, t->map_bytes, t->map_offset, t->map_private, t->map_protection},
        t->map_matches, t->map_old, t->map_keeps_old ? 0 : t->map_old_bytes);
}
