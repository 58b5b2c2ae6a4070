// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What glibc's dynamic linker (2.36, elf/dl-load.c, dl-map-segments.h,
// get-dynamic-info.h) takes on trust: that segments ascend, that the last one is
// the highest, that what they name lies in them.

#include "backends/elf/elf_read.h"
#include "base/host.h"
#include "base/memory.h"
#include "base/older_libc.h"

#include <stdlib.h>
#include <string.h>

enum {
    SEGMENTS_MAX = 1 << 12,
    DYNAMIC_ROWS_MAX = 1 << 16,
};

// No address or size of a process is above.
#define ADDRESS_MAX (UINT64_C(1) << 47)

// The shared object's segments, and what its dynamic section says.
struct object {
    const struct elf_source *source;
    Elf64_Phdr *segments;
    size_t count;
    Elf64_Dyn *rows;
    size_t row_count;
};

static bool fail(const struct object *o, const char *what)
{
    return error_set(o->source->why, "cannot be loaded: %s; build or copy it again", what);
}

static bool read_segments(struct object *o)
{
    Elf64_Ehdr header;
    if (!elf_read(o->source, 0, &header, sizeof header)) {
        return fail(o, "its header cannot be read");
    }
    o->count = header.e_phnum;
    size_t bytes = o->count * sizeof *o->segments;
    if (o->count == 0 || o->count > SEGMENTS_MAX || header.e_phentsize != sizeof *o->segments ||
        !elf_range_fits(header.e_phoff, bytes, o->source->bytes)) {
        return fail(o, "its program headers lie outside of the file");
    }
    o->segments = must(malloc(bytes));
    return elf_read(o->source, header.e_phoff, o->segments, bytes) ||
           fail(o, "its program headers cannot be read");
}

// The linker maps from the first segment to the last one's end, and the others
// over that.
static bool segments_ascend(const struct object *o)
{
    uint64_t end = 0;
    bool any = false;
    for (size_t i = 0; i < o->count; i++) {
        const Elf64_Phdr *p = &o->segments[i];
        if (p->p_type != PT_LOAD) {
            continue;
        }
        if (!elf_range_fits(p->p_offset, p->p_filesz, o->source->bytes)) {
            return fail(o, "a segment lies outside of the file, which is cut off or damaged");
        }
        if (p->p_filesz > p->p_memsz || p->p_memsz > ADDRESS_MAX || p->p_vaddr > ADDRESS_MAX) {
            return fail(o, "a segment has an impossible size");
        }
        if (any && p->p_vaddr < end) {
            return fail(o, "its segments overlap, or are out of order");
        }
        end = p->p_vaddr + p->p_memsz;
        any = true;
    }
    return any || fail(o, "it has no segment to load");
}

// Is the range of addresses in memory after loading? Whole pages are mapped.
static bool in_memory(const struct object *o, uint64_t address, uint64_t length)
{
    for (size_t i = 0; i < o->count; i++) {
        const Elf64_Phdr *p = &o->segments[i];
        uint64_t lo = p->p_vaddr / host_page_bytes() * host_page_bytes();
        uint64_t hi = host_whole_pages(p->p_vaddr + p->p_memsz);
        if (p->p_type == PT_LOAD && address >= lo &&
            elf_range_fits(address - lo, length, hi - lo)) {
            return true;
        }
    }
    return false;
}

// Where in the file an address comes from; false when no byte there does.
static bool in_file(const struct object *o, uint64_t address, uint64_t length, uint64_t *offset)
{
    for (size_t i = 0; i < o->count; i++) {
        const Elf64_Phdr *p = &o->segments[i];
        if (p->p_type == PT_LOAD && address >= p->p_vaddr &&
            elf_range_fits(address - p->p_vaddr, length, p->p_filesz)) {
            *offset = p->p_offset + (address - p->p_vaddr);
            return true;
        }
    }
    return false;
}

// What other headers name is read, or changed, where it was loaded.
static bool headers_lie_in_segments(const struct object *o)
{
    for (size_t i = 0; i < o->count; i++) {
        const Elf64_Phdr *p = &o->segments[i];
        bool note = p->p_type == PT_NOTE || p->p_type == PT_GNU_PROPERTY;
        bool other = p->p_type == PT_GNU_RELRO || p->p_type == PT_PHDR;
        uint64_t bytes = p->p_type == PT_TLS ? p->p_filesz : p->p_memsz;
        if (p->p_type == PT_TLS && p->p_filesz > p->p_memsz) {
            return fail(o, "its thread-local segment has an impossible size");
        }
        if ((note || other || p->p_type == PT_TLS) && bytes > 0 &&
            !in_memory(o, p->p_vaddr, bytes)) {
            return fail(o, "a program header lies outside of its segments");
        }
    }
    return true;
}

static bool read_dynamic(struct object *o)
{
    const Elf64_Phdr *dynamic = NULL;
    for (size_t i = 0; i < o->count; i++) {
        dynamic = o->segments[i].p_type == PT_DYNAMIC ? &o->segments[i] : dynamic;
    }
    uint64_t offset;
    if (dynamic == NULL) {
        return fail(o, "it has no dynamic section");
    }
    o->row_count = dynamic->p_filesz / sizeof *o->rows;
    if (o->row_count == 0 || o->row_count > DYNAMIC_ROWS_MAX || dynamic->p_vaddr % 8 != 0 ||
        !in_file(o, dynamic->p_vaddr, o->row_count * sizeof *o->rows, &offset)) {
        return fail(o, "its dynamic section lies outside of its segments");
    }
    o->rows = must(malloc(o->row_count * sizeof *o->rows));
    if (!elf_read(o->source, offset, o->rows, o->row_count * sizeof *o->rows)) {
        return fail(o, "its dynamic section cannot be read");
    }
    for (size_t i = 0; i < o->row_count; i++) {
        if (o->rows[i].d_tag == DT_NULL) {
            o->row_count = i;
            return true;
        }
    }
    return fail(o, "its dynamic section has no end");
}

// The last row of a tag counts. False when there is none.
static bool find_tag(const struct object *o, int64_t tag, uint64_t *value)
{
    bool found = false;
    for (size_t i = 0; i < o->row_count; i++) {
        if (o->rows[i].d_tag == tag) {
            *value = o->rows[i].d_un.d_val;
            found = true;
        }
    }
    return found;
}

// Tags that are addresses, with the tag of their size or the least that is read.
static const struct address_row {
    int64_t tag, size_tag;
    uint64_t least;
} addresses[] = {
    {DT_STRTAB, DT_STRSZ, 1},
    {DT_SYMTAB, 0, sizeof(Elf64_Sym)},
    {DT_RELA, DT_RELASZ, 0},
    {DT_REL, DT_RELSZ, 0},
    {DT_RELR, DT_RELRSZ, 0},
    {DT_JMPREL, DT_PLTRELSZ, 0},
    {DT_INIT_ARRAY, DT_INIT_ARRAYSZ, 0},
    {DT_FINI_ARRAY, DT_FINI_ARRAYSZ, 0},
    {DT_HASH, 0, 2 * sizeof(uint32_t)},
    {DT_GNU_HASH, 0, 4 * sizeof(uint32_t)},
    {DT_VERSYM, 0, sizeof(Elf64_Half)},
    {DT_VERDEF, 0, sizeof(Elf64_Verdef)},
    {DT_VERNEED, 0, sizeof(Elf64_Verneed)},
};

static bool addresses_lie_in_segments(const struct object *o)
{
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        const struct address_row *row = &addresses[i];
        uint64_t address, bytes = 0;
        if (!find_tag(o, row->tag, &address)) {
            continue;
        }
        if (row->size_tag != 0 && !find_tag(o, row->size_tag, &bytes)) {
            return fail(o, "its dynamic section names a table without its size");
        }
        bytes = bytes < row->least ? row->least : bytes;
        if (bytes > 0 && !in_memory(o, address, bytes)) {
            return fail(o, "its dynamic section names a table outside of its segments");
        }
    }
    return true;
}

// Strings that the linker reads before it has anything else.
static bool names_lie_in_strings(const struct object *o)
{
    uint64_t strings = 0, bytes = 0, symbols, offset;
    char last = 1;
    if (!find_tag(o, DT_STRTAB, &strings) || !find_tag(o, DT_STRSZ, &bytes) ||
        !find_tag(o, DT_SYMTAB, &symbols)) {
        return fail(o, "its dynamic section has no symbols or no strings");
    }
    if (bytes == 0 || !in_file(o, strings, bytes, &offset) ||
        !elf_read(o->source, offset + bytes - 1, &last, 1) || last != '\0') {
        return fail(o, "its strings have no end");
    }
    for (size_t i = 0; i < o->row_count; i++) {
        int64_t tag = o->rows[i].d_tag;
        bool name = tag == DT_NEEDED || tag == DT_SONAME || tag == DT_RPATH || tag == DT_RUNPATH;
        if (name && o->rows[i].d_un.d_val >= bytes) {
            return fail(o, "its dynamic section names a string outside of its strings");
        }
    }
    return true;
}

bool elf_sound_to_load(const struct elf_source *source)
{
    struct object o = {.source = source};
    bool sound = read_segments(&o) && segments_ascend(&o) && headers_lie_in_segments(&o) &&
                 read_dynamic(&o) && addresses_lie_in_segments(&o) && names_lie_in_strings(&o);
    free(o.segments);
    free(o.rows);
    return sound;
}
