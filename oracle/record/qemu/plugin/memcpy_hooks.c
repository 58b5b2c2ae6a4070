// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// QEMU does instructions that move storage by calls of its own to memmove and
// memset, with the very addresses and length of the access. They are taken where
// the emulator, as every dynamically linked program, looks up the function: in its
// global offset table (System V ABI, AMD64 supplement, 5.2).

#include "record/qemu/plugin/memcpy_hooks.h"

#include "base/host.h"
#include "record/qemu/plugin/plugin_log.h"

#include <link.h>
#include <string.h>
#include <sys/mman.h>

// What they are replaced by.
static struct {
    move_call *move;
    fill_call *fill;
} takers;

static uintptr_t taker_of(const char *name)
{
    if (strcmp(name, "memmove") == 0)
        return (uintptr_t)takers.move;
    return strcmp(name, "memset") == 0 ? (uintptr_t)takers.fill : 0;
}

// What the program's dynamic section tells, by tag.
struct dynamic {
    uintptr_t base;
    const ElfW(Sym) * symbols;
    const char *names;
    struct {
        const ElfW(Rela) * at;
        size_t bytes;
    } tables[2];
};

// Addresses in it are relocated where the section can be written to.
static const void *address(const struct dynamic *d, const ElfW(Dyn) * entry)
{
    uintptr_t at = entry->d_un.d_ptr;
    return (const void *)(at < d->base ? d->base + at : at);
}

static void read_entry(struct dynamic *d, const ElfW(Dyn) * entry)
{
    switch (entry->d_tag) {
    case DT_SYMTAB:
        d->symbols = address(d, entry);
        break;
    case DT_STRTAB:
        d->names = address(d, entry);
        break;
    case DT_JMPREL:
        d->tables[0].at = address(d, entry);
        break;
    case DT_PLTRELSZ:
        d->tables[0].bytes = entry->d_un.d_val;
        break;
    case DT_RELA:
        d->tables[1].at = address(d, entry);
        break;
    case DT_RELASZ:
        d->tables[1].bytes = entry->d_un.d_val;
        break;
    default:
        break;
    }
}

// The table is read-only once the program runs.
static void redirect(const struct dynamic *d, const ElfW(Rela) * r)
{
    unsigned type = (unsigned)ELF64_R_TYPE(r->r_info);
    if (type != host.reloc_jump_slot && type != host.reloc_glob_dat)
        return;
    uintptr_t taker = taker_of(d->names + d->symbols[ELF64_R_SYM(r->r_info)].st_name);
    uintptr_t *slot = (uintptr_t *)(d->base + r->r_offset);
    void *page = (void *)((uintptr_t)slot & -(uintptr_t)host_page_bytes());
    if (taker && mprotect(page, host_page_bytes(), PROT_READ | PROT_WRITE) == 0)
        *slot = taker;
}

// The first object is the program itself.
static int take_program(struct dl_phdr_info *info, size_t size, void *none)
{
    (void)size, (void)none;
    struct dynamic d = {.base = info->dlpi_addr};
    if (d.base < GUEST_END)
        return 1;
    for (size_t i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_DYNAMIC)
            for (const ElfW(Dyn) *e = (const void *)(d.base + info->dlpi_phdr[i].p_vaddr);
                 e->d_tag != DT_NULL; e++)
                read_entry(&d, e);
    for (size_t t = 0; t < 2 && d.symbols && d.names; t++)
        for (size_t i = 0; d.tables[t].at && i < d.tables[t].bytes / sizeof *d.tables[t].at; i++)
            redirect(&d, &d.tables[t].at[i]);
    return 1;
}

void calls_take(move_call *move, fill_call *fill)
{
    takers.move = move;
    takers.fill = fill;
    dl_iterate_phdr(take_program, NULL);
}
