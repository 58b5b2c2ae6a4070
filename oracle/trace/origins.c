// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "trace/origins.h"

#include "base/memory.h"
#include "base/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct guest_elf *guest_elf_new(uint8_t *bytes, size_t length, const struct backend *backend)
{
    struct guest_elf *elf = must(malloc(sizeof *elf));
    *elf = (struct guest_elf){.uses = 1,
                              .bytes = bytes,
                              .length = length,
                              .symbol = must(strdup(backend->symbol)),
                              .path = backend->path ? must(strdup(backend->path)) : NULL};
    return elf;
}

struct guest_elf *guest_elf_share(struct guest_elf *elf)
{
    if (elf)
        elf->uses++;
    return elf;
}

void guest_elf_release(struct guest_elf *elf)
{
    if (!elf || --elf->uses > 0)
        return;
    free(elf->bytes);
    free(elf->symbol);
    free(elf->path);
    for (size_t i = 0; i < GUEST_LIBRARIES_MAX; i++)
        free(elf->libraries[i]);
    free(elf);
}

// Index + 1 of the file; 0: there is no room for it.
static uint32_t file_of(struct origins *o, const struct code_origin *from)
{
    size_t i = 0;
    while (i < o->file_count &&
           (o->files[i].member != from->member || strcmp(o->files[i].path, from->path) != 0))
        i++;
    if (i == o->file_count) {
        if (i == ORIGIN_FILES_MAX || strlen(from->path) >= ORIGIN_PATH_MAX)
            return 0;
        o->files[o->file_count++].member = from->member;
        strcpy(o->files[i].path, from->path);
    }
    return (uint32_t)i + 1;
}

static struct site_origin origin_at(struct origins *o, const struct routine *routine,
                                    uint64_t address)
{
    struct code_origin from;
    if (!code_origin(routine, address, &from))
        return (struct site_origin){.file = 0};
    return (struct site_origin){
        .file = file_of(o, &from), .section = from.section, .offset = from.offset};
}

static uint64_t call_at(struct origins *o, const struct routine *routine, uint64_t address)
{
    uintptr_t entry;
    const char *name = code_bound_name(routine, address, &entry);
    size_t i = 0;
    while (name && i < o->call_count && strcmp(o->calls[i].name, name) != 0)
        i++;
    if (!name || i == ORIGIN_CALLS_MAX || strlen(name) >= ORIGIN_NAME_MAX)
        return 0;
    if (i == o->call_count) {
        o->calls[o->call_count++].entry = origin_at(o, routine, entry);
        strcpy(o->calls[i].name, name);
    }
    return i + 1;
}

struct origins *origins_take(const struct trace *t, const struct routine *routine, const char *name)
{
    struct origins *o = must(calloc(1, sizeof *o));
    o->sites = must(calloc(t->site_count + 1, sizeof *o->sites));
    o->site_count = t->site_count;
    o->entry = origin_at(o, routine, routine->entry);
    if (name && strlen(name) < sizeof o->name)
        strcpy(o->name, name);
    for (size_t i = 0; i < t->site_count; i++) {
        o->sites[i] = origin_at(o, routine, t->sites[i].addr);
        if (o->sites[i].file != 0 && o->sites[i].file != o->entry.file)
            o->sites[i].call = call_at(o, routine, t->sites[i].addr);
    }
    return o;
}

void origins_free(struct origins *o)
{
    if (o)
        free(o->sites);
    free(o);
}

static bool is_sound(const struct origins *o, const struct site_origin *s)
{
    return s->file <= o->file_count && s->call <= o->call_count;
}

bool origins_are_sound(struct origins *o)
{
    if (o->file_count > ORIGIN_FILES_MAX || o->call_count > ORIGIN_CALLS_MAX ||
        !is_sound(o, &o->entry))
        return false;
    message_text_clean(o->name, sizeof o->name);
    for (size_t i = 0; i < o->file_count; i++)
        if (!memchr(o->files[i].path, '\0', sizeof o->files[i].path))
            return false;
    for (size_t i = 0; i < o->call_count; i++) {
        if (!is_sound(o, &o->calls[i].entry))
            return false;
        message_text_clean(o->calls[i].name, sizeof o->calls[i].name);
    }
    for (size_t i = 0; i < o->site_count; i++)
        if (!is_sound(o, &o->sites[i]))
            return false;
    return true;
}
