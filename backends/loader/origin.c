// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/loader/origin.h"

#include <dlfcn.h>
#include <link.h>

static bool of_image(const struct routine *r, uintptr_t address, struct code_origin *out)
{
    for (size_t i = 0; i < r->part_count; i++) {
        const struct routine_part *p = &r->parts[i];
        if (address < p->span.lo || address >= p->span.hi) {
            continue;
        }
        *out = (struct code_origin){.path = r->path,
                                    .member = p->member,
                                    .section = p->section,
                                    .offset = address - p->span.lo};
        return true;
    }
    return false;
}

static struct link_map *object_at(uintptr_t address)
{
    Dl_info info;
    struct link_map *map = NULL;
    return dladdr1((void *)address, &info, (void **)&map, RTLD_DL_LINKMAP) != 0 ? map : NULL;
}

bool code_origin(const struct routine *routine, uintptr_t address, struct code_origin *out)
{
    if (of_image(routine, address, out)) {
        return true;
    }
    const struct link_map *map = object_at(address);
    if (map == NULL || map->l_name == NULL) {
        return false;
    }
    // The program itself has no name among the loaded objects.
    *out = (struct code_origin){.path = map->l_name[0] != '\0' ? map->l_name : "/proc/self/exe",
                                .offset = address - map->l_addr};
    return true;
}

// What the dynamic linker has to bind for an object.
struct bindings {
    const ElfW(Sym) * symbols;
    const char *names;
    const ElfW(Rela) * rows[2];
    size_t counts[2]; // bytes at first
};

static void bindings_of(const struct link_map *map, struct bindings *b)
{
    *b = (struct bindings){.symbols = NULL};
    for (const ElfW(Dyn) *d = map->l_ld; d->d_tag != DT_NULL; d++) {
        const uintptr_t at = d->d_un.d_ptr;
        b->symbols = d->d_tag == DT_SYMTAB ? (const ElfW(Sym) *)at : b->symbols;
        b->names = d->d_tag == DT_STRTAB ? (const char *)at : b->names;
        b->rows[0] = d->d_tag == DT_JMPREL ? (const ElfW(Rela) *)at : b->rows[0];
        b->rows[1] = d->d_tag == DT_RELA ? (const ElfW(Rela) *)at : b->rows[1];
        b->counts[0] = d->d_tag == DT_PLTRELSZ ? d->d_un.d_val : b->counts[0];
        b->counts[1] = d->d_tag == DT_RELASZ ? d->d_un.d_val : b->counts[1];
    }
}

static bool is_slot(const ElfW(Rela) * row)
{
    const uint64_t type = ELF64_R_TYPE(row->r_info);
    return ELF64_R_SYM(row->r_info) != 0 &&
           (type == R_X86_64_JUMP_SLOT || type == R_X86_64_GLOB_DAT || type == R_X86_64_64);
}

// Takes the row when it binds a function nearer to ADDRESS than the one so far.
static void take_slot(const struct link_map *map, const struct bindings *b, const ElfW(Rela) * row,
                      uintptr_t address, uintptr_t *entry, const char **name)
{
    if (!is_slot(row)) {
        return;
    }
    const uintptr_t bound = *(const uintptr_t *)(map->l_addr + row->r_offset);
    if (bound <= address && bound > *entry) {
        *entry = bound;
        *name = b->names + b->symbols[ELF64_R_SYM(row->r_info)].st_name;
    }
}

const char *code_bound_name(const struct routine *routine, uintptr_t address, uintptr_t *entry)
{
    struct bindings b;
    const char *name = NULL;
    const struct link_map *own = routine->part_count == 0 ? object_at(routine->entry) : NULL;
    const struct link_map *other = own != NULL ? object_at(address) : NULL;
    *entry = 0;
    if (other == NULL || other == own) {
        return NULL;
    }
    bindings_of(own, &b);
    for (unsigned i = 0; i < 2 && b.symbols != NULL && b.names != NULL; i++) {
        for (size_t k = 0; b.rows[i] != NULL && k < b.counts[i] / sizeof *b.rows[i]; k++) {
            take_slot(own, &b, &b.rows[i][k], address, entry, &name);
        }
    }
    return *entry != 0 && object_at(*entry) == other ? name : NULL;
}
