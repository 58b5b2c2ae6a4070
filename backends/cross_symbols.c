// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/cross_symbols.h"

#include "backends/elf/elf_header.h"

#include <ar.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

// ---- files and their members ----

enum { FILE_BYTES_MAX = 1 << 30 };

bool cross_file_open(struct cross_file *f, const char *path, struct error *error)
{
    struct stat st;
    *f = (struct cross_file){0};
    errno = 0;
    bool regular = stat(path, &st) == 0 && S_ISREG(st.st_mode); // opening a pipe would wait
    FILE *file = regular && st.st_size <= FILE_BYTES_MAX ? fopen(path, "rbe") : NULL;
    f->bytes = file ? malloc((size_t)st.st_size + 1) : NULL;
    if (f->bytes)
        f->length = fread(f->bytes, 1, (size_t)st.st_size, file);
    if (file)
        fclose(file);
    if (f->bytes)
        return true;
    return error_set(error, "%.200s cannot be read: %s", path,
                     errno ? strerror(errno) : "it is no file, or too large");
}

void cross_file_close(struct cross_file *f)
{
    free(f->bytes);
    *f = (struct cross_file){0};
}

bool cross_file_is_archive(const struct cross_file *f)
{
    return f->length >= SARMAG && memcmp(f->bytes, ARMAG, SARMAG) == 0;
}

// "name/" stands in the header itself; "/123" is a place in the member of long names,
// which comes before all objects.
static void take_member_name(const struct cross_file *f, const struct ar_hdr *header,
                             struct cross_object *out)
{
    const char *name = header->ar_name;
    size_t length = 0, room = sizeof header->ar_name;
    size_t at = SARMAG;
    struct ar_hdr names;
    for (int i = 0; i < 2 && name[0] == '/' && at + sizeof names < f->length; i++) {
        memcpy(&names, f->bytes + at, sizeof names);
        at += sizeof names;
        if (memcmp(names.ar_fmag, ARFMAG, sizeof names.ar_fmag) != 0)
            break;
        size_t bytes = strtoul(names.ar_size, NULL, 10), place = strtoul(name + 1, NULL, 10);
        if (memcmp(names.ar_name, "//", 2) == 0 && bytes <= f->length - at && place < bytes) {
            name = (const char *)f->bytes + at + place;
            room = bytes - place;
        }
        at += bytes + (bytes & 1);
    }
    while (length < room && name[length] != '/' && name[length] != '\n')
        length++;
    length = length < sizeof out->member ? length : sizeof out->member - 1;
    snprintf(out->member, sizeof out->member, "%.*s", (int)length, name);
}

static bool is_elf(const uint8_t *bytes, size_t length)
{
    return length >= SELFMAG && memcmp(bytes, ELFMAG, SELFMAG) == 0;
}

bool cross_file_next(const struct cross_file *f, size_t *at, struct cross_object *out)
{
    struct ar_hdr header;
    if (!cross_file_is_archive(f)) {
        *out = (struct cross_object){.bytes = f->bytes, .length = f->length};
        return (*at)++ == 0 && is_elf(f->bytes, f->length);
    }
    *at = *at < SARMAG ? SARMAG : *at;
    while (*at < f->length && f->length - *at > sizeof header) {
        memcpy(&header, f->bytes + *at, sizeof header);
        *at += sizeof header;
        bool sound = memcmp(header.ar_fmag, ARFMAG, sizeof header.ar_fmag) == 0;
        size_t bytes = sound ? strtoul(header.ar_size, NULL, 10) : 0;
        if (!sound || bytes > f->length - *at)
            return false;
        *out = (struct cross_object){.bytes = f->bytes + *at, .length = bytes};
        *at += bytes + (bytes & 1);
        if (is_elf(out->bytes, out->length)) {
            take_member_name(f, &header, out);
            return true;
        }
    }
    return false;
}

// ---- an object ----

struct reader {
    const struct cross_object *object;
    bool wide, big; // of 64 bits; big-endian
    uint64_t sections_at, section_bytes, section_count;
};

// Where the fields of a structure lie in its two forms (System V ABI, chapter 4).
struct field {
    uint8_t at_32, bytes_32, at_64, bytes_64;
};
#define FIELD(type, name)                                                     \
    {                                                                         \
        offsetof(Elf32_##type, name), sizeof((Elf32_##type *)NULL)->name,     \
            offsetof(Elf64_##type, name), sizeof((Elf64_##type *)NULL)->name, \
    }

// 0 beyond the object's end.
static uint64_t get(const struct reader *r, uint64_t base, struct field field)
{
    uint64_t at = base + (r->wide ? field.at_64 : field.at_32), value = 0;
    unsigned width = r->wide ? field.bytes_64 : field.bytes_32;
    if (at < base || at > r->object->length || width > r->object->length - at)
        return 0;
    for (unsigned i = 0; i < width; i++)
        value = value << 8 | r->object->bytes[at + (r->big ? i : width - 1 - i)];
    return value;
}

static uint64_t section_at(const struct reader *r, uint64_t index)
{
    return r->sections_at + index * r->section_bytes;
}

static bool reader_open(struct reader *r, const struct cross_object *object)
{
    static const struct field sections = FIELD(Ehdr, e_shoff), entry = FIELD(Ehdr, e_shentsize),
                              count = FIELD(Ehdr, e_shnum), size = FIELD(Shdr, sh_size);
    struct elf_header header;
    *r = (struct reader){.object = object};
    if (!elf_header_read(object->bytes, object->length, &header))
        return false;
    r->wide = header.word_bytes == 8;
    r->big = header.big_endian;
    r->sections_at = get(r, 0, sections);
    r->section_bytes = get(r, 0, entry);
    r->section_count = get(r, 0, count);
    if (r->section_count == 0) // more than its field holds
        r->section_count = get(r, r->sections_at, size);
    return r->section_bytes > 0 && r->sections_at < object->length &&
           r->section_count <= (object->length - r->sections_at) / r->section_bytes;
}

static bool is_code_section(const struct reader *r, uint64_t index)
{
    static const struct field flags = FIELD(Shdr, sh_flags);
    return index != SHN_UNDEF && index < r->section_count &&
           get(r, section_at(r, index), flags) & SHF_EXECINSTR;
}

static enum cross_symbol_kind kind_of(const struct reader *r, unsigned type, uint64_t section)
{
    enum { PARISC_MILLICODE = 13 }; // STT_PARISC_MILLI
    if (type == STT_GNU_IFUNC)
        return CROSS_SYMBOL_IFUNC;
    bool label = (type == STT_NOTYPE || type == PARISC_MILLICODE) && is_code_section(r, section);
    return type == STT_FUNC || label ? CROSS_SYMBOL_CODE : CROSS_SYMBOL_OTHER;
}

static bool read_symbol(const struct reader *r, uint64_t at, const char *names, uint64_t name_bytes,
                        struct cross_symbol *out)
{
    static const struct field name = FIELD(Sym, st_name), info = FIELD(Sym, st_info),
                              section = FIELD(Sym, st_shndx);
    uint64_t place = get(r, at, name), index = get(r, at, section);
    unsigned type = ELF64_ST_TYPE(get(r, at, info)), bind = ELF64_ST_BIND(get(r, at, info));
    if (place == 0 || place >= name_bytes || type == STT_SECTION || type == STT_FILE ||
        !memchr(names + place, '\0', (size_t)(name_bytes - place)) || names[place] == '\0')
        return false;
    *out = (struct cross_symbol){
        .name = names + place,
        .kind = kind_of(r, type, index),
        .defined = index != SHN_UNDEF,
        .local = bind == STB_LOCAL,
        .weak = bind == STB_WEAK,
        .thread_local_data = type == STT_TLS,
    };
    return true;
}

static bool lies_in(const struct reader *r, uint64_t at, uint64_t bytes)
{
    return at <= r->object->length && bytes <= r->object->length - at;
}

static void visit_table(const struct reader *r, uint64_t table, cross_symbol_visit *visit,
                        void *context)
{
    static const struct field offset = FIELD(Shdr, sh_offset), size = FIELD(Shdr, sh_size),
                              link = FIELD(Shdr, sh_link);
    uint64_t at = get(r, table, offset), bytes = get(r, table, size);
    uint64_t strings = get(r, table, link);
    uint64_t each = r->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym);
    if (strings >= r->section_count || !lies_in(r, at, bytes))
        return;
    uint64_t names_at = get(r, section_at(r, strings), offset);
    uint64_t name_bytes = get(r, section_at(r, strings), size);
    if (!lies_in(r, names_at, name_bytes))
        return;
    const char *names = (const char *)r->object->bytes + names_at;
    struct cross_symbol symbol;
    for (uint64_t i = 1; i < bytes / each; i++)
        if (read_symbol(r, at + i * each, names, name_bytes, &symbol) &&
            !visit(r->object, &symbol, context))
            return;
}

void cross_symbols_each(const struct cross_object *object, cross_symbol_visit *visit, void *context)
{
    static const struct field type = FIELD(Shdr, sh_type);
    struct reader r;
    if (!reader_open(&r, object))
        return;
    for (uint64_t i = 1; i < r.section_count; i++)
        if (get(&r, section_at(&r, i), type) == SHT_SYMTAB)
            visit_table(&r, section_at(&r, i), visit, context);
}

// ---- one routine ----

struct search {
    const char *name;
    struct cross_object object;
    struct cross_symbol symbol;
    bool found;
};

// A global symbol of that name ends the search; a local function waits for one.
static bool visit_routine(const struct cross_object *object, const struct cross_symbol *symbol,
                          void *context)
{
    struct search *s = context;
    bool fits = symbol->defined && strcmp(symbol->name, s->name) == 0 &&
                (!symbol->local || (!s->found && symbol->kind == CROSS_SYMBOL_CODE));
    if (!fits)
        return true;
    s->found = true;
    s->object = *object;
    s->symbol = *symbol;
    return symbol->local;
}

bool cross_routine_find(const struct cross_file *f, const char *name, struct cross_object *object,
                        struct cross_symbol *symbol)
{
    struct search s = {.name = name};
    size_t at = 0;
    while ((!s.found || s.symbol.local) && cross_file_next(f, &at, object))
        cross_symbols_each(object, visit_routine, &s);
    *object = s.object;
    *symbol = s.symbol;
    return s.found;
}

bool elf_can_be_linked(const char *path, struct error *why)
{
    struct cross_file f;
    struct cross_object first;
    struct elf_header elf = {.type = ET_NONE};
    size_t at = 0;
    if (!cross_file_open(&f, path, why))
        return false;
    bool found =
        cross_file_next(&f, &at, &first) && elf_header_read(first.bytes, first.length, &elf);
    cross_file_close(&f);
    error_set(why, "%s",
              found ? "is linked already; give the archive or object file of it"
                    : "is no object file and no archive of them");
    return found && elf.type == ET_REL;
}
