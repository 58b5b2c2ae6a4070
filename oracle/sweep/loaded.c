// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "sweep/loaded.h"

#include "backends/elf/elf_sound.h"
#include "base/memory.h"
#include "record/qemu/prepare.h"

#include <gelf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// At the start of a message; the extents and their bytes follow.
struct loaded_head {
    uint64_t entry, count;
};

enum { EXTENTS_MAX = 256 };

struct listing {
    struct loaded_extent extents[EXTENTS_MAX];
    size_t count;
    uint64_t bytes;
};

static void add_part(struct listing *l, struct span span, uint64_t lo, uint64_t hi, bool writable)
{
    lo = lo > span.lo ? lo : span.lo;
    hi = hi < span.hi ? hi : span.hi;
    if (lo >= hi || l->count == EXTENTS_MAX)
        return;
    l->extents[l->count++] = (struct loaded_extent){lo, hi, writable};
    l->bytes += hi - lo;
}

// What of the routine's images the kernel says is readable.
static bool list_extents(const struct routine *routine, struct listing *l)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char *line = NULL;
    size_t room = 0;
    l->count = 0;
    l->bytes = 0;
    if (!maps)
        return false;
    while (getline(&line, &room, maps) > 0) {
        uint64_t lo, hi;
        char can[5];
        if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %4s", &lo, &hi, can) != 3 || can[0] != 'r')
            continue;
        for (size_t i = 0; i < routine->image_count; i++)
            add_part(l, routine->images[i], lo, hi, can[1] == 'w');
    }
    free(line);
    fclose(maps);
    return true;
}

// A build with AddressSanitizer has images with red zones, which memcpy would not read.
__attribute__((no_sanitize("address"))) static void
copy_image(uint8_t *to, const volatile uint8_t *from, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        to[i] = from[i];
}

bool loaded_send(int fd, const struct routine *routine)
{
    struct listing l;
    if (!list_extents(routine, &l))
        l.count = 0;
    const struct loaded_head head = {routine->entry, l.count};
    size_t table = l.count * sizeof *l.extents;
    uint8_t *bytes = malloc(sizeof head + table + l.bytes), *p = bytes;
    if (!bytes)
        return false;
    memcpy(p, &head, sizeof head);
    memcpy(p + sizeof head, l.extents, table);
    p += sizeof head + table;
    for (size_t i = 0; i < l.count; i++) {
        size_t part = l.extents[i].hi - l.extents[i].lo;
        copy_image(p, (const uint8_t *)(uintptr_t)l.extents[i].lo, part);
        p += part;
    }
    bool sent = message_send(fd, MESSAGE_LOADED, bytes, (uint64_t)(p - bytes));
    free(bytes);
    return sent;
}

static bool is_sound(const struct message *f, const struct loaded_head *head)
{
    uint64_t left = f->length - sizeof *head;
    if (head->count > EXTENTS_MAX || head->count * sizeof(struct loaded_extent) > left)
        return false;
    const struct loaded_extent *e = (const void *)(f->bytes + sizeof *head);
    left -= head->count * sizeof *e;
    for (size_t i = 0; i < head->count; i++) {
        if (e[i].lo >= e[i].hi || e[i].hi - e[i].lo > left)
            return false;
        left -= e[i].hi - e[i].lo;
    }
    return left == 0;
}

bool loaded_read(struct message *f, struct loaded *out)
{
    struct loaded_head head;
    if (f->kind != MESSAGE_LOADED || f->length < sizeof head)
        return false;
    memcpy(&head, f->bytes, sizeof head);
    if (!is_sound(f, &head))
        return false;
    *out = (struct loaded){.entry = head.entry, .count = head.count, .owned = f->bytes};
    out->extents = (const void *)(f->bytes + sizeof head);
    out->bytes = f->bytes + sizeof head + head.count * sizeof *out->extents;
    f->bytes = NULL;
    return true;
}

void loaded_free(struct loaded *l)
{
    free(l->owned);
    *l = (struct loaded){0};
}

// ---- of a program that is emulated ----

// The I-th of its segments, where that is all of the file's and read-only.
static bool segment_of(Elf *elf, size_t i, size_t length, GElf_Phdr *phdr)
{
    return gelf_getphdr(elf, (int)i, phdr) && phdr->p_type == PT_LOAD && !(phdr->p_flags & PF_W) &&
           phdr->p_filesz > 0 && elf_range_fits(phdr->p_offset, phdr->p_filesz, length);
}

static void list_segments(const struct guest_program *p, Elf *elf, struct listing *l,
                          const uint8_t **bytes)
{
    size_t segments = 0;
    GElf_Phdr phdr;
    l->count = 0;
    l->bytes = 0;
    if (!elf || elf_getphdrnum(elf, &segments) != 0)
        return;
    for (size_t i = 0; i < segments && l->count < EXTENTS_MAX; i++) {
        if (!segment_of(elf, i, p->length, &phdr))
            continue;
        bytes[l->count] = p->bytes + phdr.p_offset;
        l->extents[l->count++] =
            (struct loaded_extent){phdr.p_vaddr, phdr.p_vaddr + phdr.p_filesz, 0};
        l->bytes += phdr.p_filesz;
    }
}

bool loaded_from_guest(const struct guest_program *p, struct loaded *out, struct error *error)
{
    struct listing l;
    const uint8_t *bytes[EXTENTS_MAX];
    Elf *elf = elf_memory((char *)p->bytes, p->length);
    list_segments(p, elf, &l, bytes);
    elf_end(elf);
    if (l.count == 0 || p->code.range.lo == 0)
        return error_set(error, "where its code begins is not known: its symbol has no size");
    size_t table = l.count * sizeof *l.extents;
    uint8_t *to = must(malloc(table + l.bytes));
    *out = (struct loaded){.entry = p->code.range.lo, .count = l.count, .owned = to};
    out->extents = memcpy(to, l.extents, table);
    out->bytes = to += table;
    for (size_t i = 0; i < l.count; i++) {
        size_t part = l.extents[i].hi - l.extents[i].lo;
        memcpy(to, bytes[i], part);
        to += part;
    }
    return true;
}
