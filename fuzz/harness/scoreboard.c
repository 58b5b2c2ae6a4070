// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/harness/scoreboard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define OFFSET_BIAS (UINT64_C(1) << 63)

static void *map_file(int fd, const char *path, bool write, struct error *error)
{
    struct stat info;
    bool good = fstat(fd, &info) == 0;
    if (good && write && info.st_size == 0) {
        good = ftruncate(fd, sizeof(struct scoreboard)) == 0 && fstat(fd, &info) == 0;
    }
    if (!good) {
        error_set(error, "cannot size the board %s: %s", path, strerror(errno));
        return NULL;
    }
    if (info.st_size != sizeof(struct scoreboard)) {
        error_set(error, "%s is no board of this version; remove it", path);
        return NULL;
    }
    void *map = mmap(NULL, sizeof(struct scoreboard), write ? PROT_READ | PROT_WRITE : PROT_READ,
                     MAP_SHARED, fd, 0);
    if (map != MAP_FAILED)
        return map;
    error_set(error, "cannot map the board %s: %s", path, strerror(errno));
    return NULL;
}

static struct scoreboard *open_as(const char *path, bool write, struct error *error)
{
    int fd = open(path, write ? O_RDWR | O_CREAT | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0666);
    if (fd < 0) {
        error_set(error, "cannot open the board %s: %s", path, strerror(errno));
        return NULL;
    }
    struct scoreboard *b = map_file(fd, path, write, error);
    close(fd);
    uint64_t none = 0;
    if (b && write && !atomic_compare_exchange_strong(&b->magic, &none, SCOREBOARD_MAGIC) &&
        none != SCOREBOARD_MAGIC)
        none = 1;
    if (b && (write ? none == 1 : atomic_load(&b->magic) != SCOREBOARD_MAGIC)) {
        error_set(error, "%s is no board of this version; remove it", path);
        scoreboard_close(b);
        return NULL;
    }
    return b;
}

struct scoreboard *scoreboard_open(const char *path, struct error *error)
{
    struct scoreboard *b = open_as(path, true, error);
    if (b)
        atomic_fetch_add(&b->processes, 1);
    return b;
}

const struct scoreboard *scoreboard_look(const char *path, struct error *error)
{
    return open_as(path, false, error);
}

void scoreboard_close(const struct scoreboard *scoreboard)
{
    if (scoreboard)
        munmap((void *)(uintptr_t)scoreboard, sizeof *scoreboard);
}

// A process that dies between taking a row and naming it leaves one unused.
struct scoreboard_backend *scoreboard_row(struct scoreboard *scoreboard, const char *name)
{
    for (size_t i = 0; i < SCOREBOARD_BACKENDS_MAX; i++) {
        struct scoreboard_backend *row = &scoreboard->backends[i];
        uint32_t state = 0;
        if (atomic_compare_exchange_strong(&row->state, &state, 1)) {
            snprintf(row->name, sizeof row->name, "%s", name);
            atomic_store(&row->state, 2);
            return row;
        }
        for (unsigned wait = 0; state == 1 && wait < 1000; wait++) {
            usleep(10);
            state = atomic_load(&row->state);
        }
        if (state == 2 && strncmp(row->name, name, SCOREBOARD_NAME_MAX - 1) == 0)
            return row;
    }
    return NULL;
}

static size_t place_of(uint64_t key)
{
    return (size_t)((key * UINT64_C(0x9e3779b97f4a7c15)) >> 40) & (SCOREBOARD_INSNS_MAX - 1);
}

// The place of the key, taken if it has none (TAKEN is then set).
static struct scoreboard_insn *find_insn(struct scoreboard_backend *row, uint64_t key, bool *taken)
{
    *taken = false;
    for (size_t i = place_of(key), n = 0; n < SCOREBOARD_INSNS_MAX; n++) {
        struct scoreboard_insn *insn = &row->insns[i];
        uint64_t was = 0;
        if (atomic_compare_exchange_strong(&insn->key, &was, key)) {
            *taken = true;
            return insn;
        }
        if (was == key)
            return insn;
        i = (i + 1) & (SCOREBOARD_INSNS_MAX - 1);
    }
    return NULL;
}

void scoreboard_note_insn(struct scoreboard_backend *row, const struct scoreboard_note *note)
{
    bool taken;
    struct scoreboard_insn *insn = find_insn(row, (uint64_t)note->offset + OFFSET_BIAS, &taken);
    if (!insn)
        return;
    if (taken) {
        insn->length = note->length;
        memcpy(insn->bytes, note->bytes, sizeof insn->bytes);
        atomic_fetch_or(&insn->flags, (uint8_t)(SCOREBOARD_INSN_WRITTEN |
                                                (note->memory ? SCOREBOARD_INSN_MEMORY : 0)));
        atomic_fetch_add(&row->known, 1);
        atomic_fetch_add(&row->sites_known, note->memory);
    }
    if (!note->reached || (atomic_load(&insn->flags) & SCOREBOARD_INSN_REACHED))
        return;
    if (atomic_fetch_or(&insn->flags, SCOREBOARD_INSN_REACHED) & SCOREBOARD_INSN_REACHED)
        return;
    atomic_fetch_add(&row->reached, 1);
    atomic_fetch_add(&row->sites_reached, note->memory);
}

static int by_offset(const void *a, const void *b)
{
    const struct scoreboard_note *x = a, *y = b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

size_t scoreboard_insns(const struct scoreboard_backend *row, struct scoreboard_note *out,
                        size_t capacity)
{
    size_t count = 0;
    for (size_t i = 0; i < SCOREBOARD_INSNS_MAX && count < capacity; i++) {
        const struct scoreboard_insn *insn = &row->insns[i];
        uint64_t key = atomic_load(&insn->key);
        uint8_t flags = atomic_load(&insn->flags);
        if (key == 0 || !(flags & SCOREBOARD_INSN_WRITTEN) || insn->length > sizeof insn->bytes)
            continue;
        struct scoreboard_note *note = &out[count++];
        *note = (struct scoreboard_note){
            .offset = (int64_t)(key - OFFSET_BIAS),
            .length = insn->length,
            .reached = flags & SCOREBOARD_INSN_REACHED,
            .memory = flags & SCOREBOARD_INSN_MEMORY,
        };
        memcpy(note->bytes, insn->bytes, sizeof note->bytes);
    }
    qsort(out, count, sizeof *out, by_offset);
    return count;
}

bool scoreboard_is_deadly(const struct scoreboard *scoreboard, uint64_t hash)
{
    for (size_t i = 0; i < SCOREBOARD_DEADLY_MAX; i++) {
        uint64_t at = atomic_load_explicit(&scoreboard->deadly[i], memory_order_relaxed);
        if (at == 0 || at == hash)
            return at == hash;
    }
    return false;
}

void scoreboard_note_deadly(struct scoreboard *scoreboard, uint64_t hash)
{
    for (size_t i = 0; i < SCOREBOARD_DEADLY_MAX; i++) {
        uint64_t was = 0;
        if (atomic_compare_exchange_strong(&scoreboard->deadly[i], &was, hash) || was == hash)
            return;
    }
}
