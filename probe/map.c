// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "probe/map.h"

#include "base/host.h"
#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

const char *const probe_kind_name[PROBE_KIND_COUNT] = {
    [PROBE_RAM] = "ram",     [PROBE_LOCKED] = "locked", [PROBE_HUGE] = "huge",
    [PROBE_MEMFD] = "memfd", [PROBE_FILE] = "file",     [PROBE_DEVICE] = "device",
};

// How each is mapped, and what helps when it cannot be.
static const struct map_way {
    int flags;
    const char *advice;
} ways[PROBE_KIND_COUNT] = {
    [PROBE_RAM] = {MAP_PRIVATE | MAP_ANONYMOUS, "free some memory"},
    [PROBE_LOCKED] = {MAP_PRIVATE | MAP_ANONYMOUS, "raise `ulimit -l'"},
    [PROBE_HUGE] = {MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB,
                    "write how many there are to be to /proc/sys/vm/nr_hugepages"},
    [PROBE_MEMFD] = {MAP_SHARED, "free some memory"},
    [PROBE_FILE] = {MAP_SHARED, "is it a file that can be mapped, and may you write to it?"},
    [PROBE_DEVICE] = {MAP_SHARED, "does it have memory at that offset, and may you map it?"},
};

// File systems whose files are the kernel's, or a device's registers (statfs(2)).
static bool is_of_kernel(const char *path)
{
    static const uint32_t magics[] = {SYSFS_MAGIC, PROC_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC,
                                      SECURITYFS_MAGIC};
    struct statfs fs;
    if (statfs(path, &fs) != 0)
        return true;
    for (size_t i = 0; i < sizeof magics / sizeof *magics; i++)
        if ((uint32_t)fs.f_type == magics[i])
            return true;
    return false;
}

// Of the kernel's default size (proc(5)); 2 MiB where it does not say.
static uint64_t huge_page_bytes(void)
{
    char line[128];
    unsigned long kib = 2048;
    FILE *file = fopen("/proc/meminfo", "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "Hugepagesize: %lu kB", &kib) == 1)
            break;
    if (file != NULL)
        fclose(file);
    return (uint64_t)kib << 10;
}

static bool find_file(struct map *map, struct error *error)
{
    struct stat st;
    if (stat(map->name, &st) != 0)
        return error_set(error,
                         "--map '%s': %s; give a file or device, or one of ram, locked, huge and "
                         "memfd",
                         map->name, strerror(errno));
    map->kind = S_ISREG(st.st_mode) ? PROBE_FILE : PROBE_DEVICE;
    if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
        map->danger = "a device node";
    else if (!S_ISREG(st.st_mode))
        return error_set(error, "--map '%s' is neither a file nor a device; it cannot be mapped",
                         map->name);
    else if (is_of_kernel(map->name)) {
        map->kind = PROBE_DEVICE;
        map->danger = "a file of the kernel's, behind which there may be a device";
    }
    return true;
}

bool map_find(const char *name, struct map *out, struct error *error)
{
    *out = (struct map){.name = name, .fd = -1, .page = host_page_bytes()};
    for (out->kind = PROBE_RAM; out->kind <= PROBE_MEMFD; out->kind++)
        if (strcmp(name, probe_kind_name[out->kind]) == 0)
            break;
    if (out->kind == PROBE_HUGE)
        out->page = huge_page_bytes();
    return out->kind <= PROBE_MEMFD || find_file(out, error);
}

// A device is opened so that its memory is not cached, where that is a choice (/dev/mem).
bool map_open(struct map *map, struct error *error)
{
    if (map->kind == PROBE_MEMFD)
        map->fd = memfd_create("storescope-probe", MFD_CLOEXEC);
    else if (map->kind == PROBE_FILE || map->kind == PROBE_DEVICE)
        map->fd = open(map->name, O_RDWR | O_CLOEXEC | (map->kind == PROBE_DEVICE ? O_SYNC : 0));
    else
        return true;
    return map->fd >= 0 ||
           error_set(error, "--map '%s': it cannot be opened for reading and writing: %s",
                     map->name, strerror(errno));
}

void map_close(struct map *map)
{
    if (map->fd >= 0)
        close(map->fd);
    map->fd = -1;
}

bool map_reaches(const struct map *map, uint64_t hi, struct error *error)
{
    struct stat st;
    if (map->kind != PROBE_FILE || fstat(map->fd, &st) != 0 || hi <= (uint64_t)st.st_size)
        return true;
    return error_set(error,
                     "--map '%s' has %" PRIu64 " bytes, and offsets up to 0x%" PRIx64
                     " are asked for; make it longer: truncate -s %" PRIu64 " FILE",
                     map->name, (uint64_t)st.st_size, hi - 1, map_page_above(map, hi));
}

// Room for BYTES at a multiple of PAGE, with inaccessible pages on both sides.
static uint8_t *reserve(uint64_t bytes, uint64_t page)
{
    uint8_t *p =
        mmap(NULL, bytes + 3 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return NULL;
    return (uint8_t *)(((uintptr_t)p + 2 * page - 1) / page * page);
}

static bool attach(const struct map *map, const struct mapping *m)
{
    const size_t bytes = m->hi - m->lo;
    if (map->kind == PROBE_MEMFD && ftruncate(map->fd, (off_t)m->hi) != 0)
        return false;
    if (mmap(m->at, bytes, PROT_READ | PROT_WRITE, ways[map->kind].flags | MAP_FIXED, map->fd,
             map->fd >= 0 ? (off_t)m->lo : 0) == MAP_FAILED)
        return false;
    // AddressSanitizer's mlock does nothing, and says that it did.
    return map->kind != PROBE_LOCKED || syscall(SYS_mlock, m->at, bytes) == 0;
}

bool map_attach(const struct map *map, uint64_t lo, uint64_t hi, struct mapping *out,
                struct error *error)
{
    *out = (struct mapping){.lo = map_page_below(map, lo), .hi = map_page_above(map, hi)};
    out->at = reserve(out->hi - out->lo, map->page);
    if (out->at != NULL && attach(map, out))
        return true;
    return error_set(error, "no memory: %s of offsets 0x%" PRIx64 "..0x%" PRIx64 " failed: %s; %s",
                     map->kind == PROBE_LOCKED ? "locking" : "mapping", out->lo, out->hi - 1,
                     strerror(errno), ways[map->kind].advice);
}

uint8_t *map_keep(const struct map *map, uint64_t lo, uint64_t hi, size_t *kept)
{
    if (map->kind != PROBE_FILE)
        return NULL;
    uint8_t *bytes = must(malloc(hi - lo));
    *kept = 0;
    for (ssize_t got = 1; got > 0 && *kept<hi - lo; *kept += got> 0 ? (size_t)got : 0)
        got = pread(map->fd, bytes + *kept, hi - lo - *kept, (off_t)(lo + *kept));
    return bytes;
}

bool map_put_back(const struct map *map, uint64_t lo, const uint8_t *bytes, size_t length)
{
    struct stat st;
    if (fstat(map->fd, &st) != 0)
        return false;
    // A file that was cut in the meantime stays so.
    uint64_t end = (uint64_t)st.st_size, left = end <= lo ? 0 : end - lo;
    if (length > left)
        length = left;
    for (ssize_t put = 0; length > 0; bytes += put, lo += (uint64_t)put, length -= (size_t)put) {
        put = pwrite(map->fd, bytes, length, (off_t)lo);
        if (put <= 0)
            return false;
    }
    return true;
}
