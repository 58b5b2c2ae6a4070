// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/elf/symbol_table.h"

#include "base/memory.h"
#include "base/printable.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct symbol {
    size_t section; // of a relocatable object; else 0
    uint64_t value, size;
    char *name;
    bool local;
    unsigned rank; // of those at one address the lowest is shown
};

struct symbol_table {
    struct symbol *symbols; // by place, once they are asked for
    size_t count, capacity;
    bool sorted;
    bool thumb;       // bit 0 of a function's address is no part of it
    bool relocatable; // addresses are offsets in sections
};

struct symbol_table *symbol_table_new(void)
{
    elf_version(EV_CURRENT);
    return must(calloc(1, sizeof(struct symbol_table)));
}

void symbol_table_free(struct symbol_table *t)
{
    for (size_t i = 0; t != NULL && i < t->count; i++)
        free(t->symbols[i].name);
    if (t != NULL)
        free(t->symbols);
    free(t);
}

// Is it the name of something a person wrote? Mapping symbols of Arm and labels
// of compilers are not.
static bool is_name(const char *name)
{
    return name != NULL && name[0] != '\0' && name[0] != '$' && strncmp(name, ".L", 2) != 0;
}

static unsigned rank_of(const GElf_Sym *sym, const char *name)
{
    // glibc's own aliases say less than the other name of the same code.
    bool alias = strncmp(name, "__GI_", 5) == 0;
    unsigned underscores = (unsigned)strspn(name, "_") + 2 * alias;
    unsigned binding = GELF_ST_BIND(sym->st_info);
    return (sym->st_size == 0) * 16u + (underscores < 4 ? underscores : 4) * 2u +
           (binding == STB_LOCAL);
}

static void add_symbol(struct symbol_table *t, const GElf_Sym *sym, const char *name)
{
    if (t->count == t->capacity) {
        t->capacity = t->capacity ? 2 * t->capacity : 256;
        t->symbols = must(reallocarray(t->symbols, t->capacity, sizeof *t->symbols));
    }
    t->symbols[t->count++] = (struct symbol){
        .section = t->relocatable ? sym->st_shndx : 0,
        .value = t->thumb ? sym->st_value & ~UINT64_C(1) : sym->st_value,
        .size = sym->st_size,
        .name = printable(must(strdup(name))),
        .local = GELF_ST_BIND(sym->st_info) == STB_LOCAL,
        .rank = rank_of(sym, name),
    };
}

// Where big-endian 64-bit PowerPC keeps its functions' descriptors, to which its
// symbols point; the first word of each is the code's address.
struct descriptors {
    uint64_t addr;
    Elf_Data *data; // NULL: none
};

static struct descriptors find_descriptors(Elf *elf, const GElf_Ehdr *header)
{
    size_t names;
    GElf_Shdr section_header;
    if (header->e_machine != EM_PPC64 || elf_getshdrstrndx(elf, &names) != 0)
        return (struct descriptors){.data = NULL};
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section)) != NULL;) {
        if (gelf_getshdr(section, &section_header) == NULL)
            continue;
        const char *name = elf_strptr(elf, names, section_header.sh_name);
        if (name != NULL && strcmp(name, ".opd") == 0 && section_header.sh_type == SHT_PROGBITS)
            return (struct descriptors){section_header.sh_addr, elf_getdata(section, NULL)};
    }
    return (struct descriptors){.data = NULL};
}

static bool read_descriptor(const struct descriptors *d, uint64_t *value)
{
    uint64_t at = *value - d->addr;
    if (d->data == NULL || d->data->d_buf == NULL || at >= d->data->d_size ||
        d->data->d_size - at < 8)
        return false;
    *value = 0;
    for (unsigned i = 0; i < 8; i++)
        *value = *value << 8 | ((const uint8_t *)d->data->d_buf)[at + i];
    return *value != 0;
}

// The address of an indirect function is its resolver's.
static bool is_code(Elf *elf, GElf_Sym *sym, const struct descriptors *descriptors)
{
    GElf_Shdr within;
    unsigned type = GELF_ST_TYPE(sym->st_info);
    if (sym->st_shndx == SHN_UNDEF || (type != STT_FUNC && type != STT_NOTYPE))
        return false;
    Elf_Scn *place = sym->st_shndx < SHN_LORESERVE ? elf_getscn(elf, sym->st_shndx) : NULL;
    if (place == NULL || gelf_getshdr(place, &within) == NULL)
        return false;
    return (within.sh_flags & SHF_EXECINSTR) != 0 || read_descriptor(descriptors, &sym->st_value);
}

static void read_symbols(struct symbol_table *t, Elf *elf, Elf_Scn *section,
                         const GElf_Shdr *header, const struct descriptors *descriptors)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t count = data && header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
    for (size_t i = 0; i < count && i <= INT_MAX; i++) {
        GElf_Sym sym;
        if (gelf_getsym(data, (int)i, &sym) == NULL)
            return;
        if (!is_code(elf, &sym, descriptors))
            continue;
        const char *name = elf_strptr(elf, header->sh_link, sym.st_name);
        if (is_name(name))
            add_symbol(t, &sym, name);
    }
}

void symbol_table_read(struct symbol_table *t, Elf *elf)
{
    GElf_Ehdr header;
    if (gelf_getehdr(elf, &header) == NULL)
        return;
    t->sorted = false;
    t->thumb = header.e_machine == EM_ARM;
    t->relocatable = header.e_type == ET_REL;
    const struct descriptors descriptors = find_descriptors(elf, &header);
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section)) != NULL;) {
        GElf_Shdr shdr;
        if (gelf_getshdr(section, &shdr) != NULL &&
            (shdr.sh_type == SHT_SYMTAB || shdr.sh_type == SHT_DYNSYM))
            read_symbols(t, elf, section, &shdr, &descriptors);
    }
}

static int by_place(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;
    if (x->section != y->section)
        return x->section < y->section ? -1 : 1;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return strcmp(x->name, y->name);
}

static bool is_at(const struct symbol *a, const struct symbol *b)
{
    return a->section == b->section && a->value == b->value;
}

// The first symbol after the place.
static size_t first_after(const struct symbol_table *t, size_t section, uint64_t value)
{
    size_t lo = 0, hi = t->count;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        const struct symbol *s = &t->symbols[middle];
        if (s->section < section || (s->section == section && s->value <= value))
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo;
}

// The last symbol that begins at or before the place and says it holds it; else the
// nearest one. A function may hold labels of its own.
static const struct symbol *find(const struct symbol_table *t, size_t section, uint64_t value,
                                 bool *inside)
{
    enum { LOOK_BACK_MAX = 64 };
    size_t after = first_after(t, section, value);
    const struct symbol *nearest = NULL;
    *inside = false;
    for (size_t i = after; i-- > 0 && after - i <= LOOK_BACK_MAX;) {
        const struct symbol *s = &t->symbols[i];
        if (s->section != section)
            break;
        // The first of those at its address is the one to show.
        while (i > 0 && is_at(&t->symbols[i - 1], s))
            s = &t->symbols[--i];
        *inside = value - s->value < s->size;
        if (*inside)
            return s;
        nearest = nearest != NULL ? nearest : s;
    }
    return nearest;
}

bool symbol_table_find(struct symbol_table *t, size_t section, uint64_t value,
                       struct symbol_place *out)
{
    if (!t->sorted && t->count > 0)
        qsort(t->symbols, t->count, sizeof *t->symbols, by_place);
    t->sorted = true;
    const struct symbol *s = find(t, t->relocatable ? section : 0, value, &out->inside);
    if (s == NULL)
        return false;
    out->name = s->name;
    out->offset = value - s->value;
    out->sized = s->size > 0;
    out->local = s->local;
    return true;
}
