// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/where.h"

#include "backends/elf/archive_index.h"
#include "backends/elf/elf_file.h"
#include "backends/elf/symbol_table.h"
#include "backends/names.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/printable.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SELF "/proc/self/exe"

enum { DEBUG_BYTES_MAX = 1 << 30 };

// An ELF image that code comes from.
struct code_file {
    struct code_file *next;
    char *path;
    int64_t member;
    bool is_program;         // it may be one, and of any CPU
    struct guest_elf *guest; // instead of a path
    struct symbol_table *symbols;
    struct source_lines *lines;
    uint8_t *bytes; // what the lines are read from
};

// Those that were asked for.
static struct code_file *known_files;

// Takes the bytes.
static void take_image(struct code_file *f, uint8_t *bytes, size_t length, const char *debug)
{
    f->bytes = bytes;
    f->lines = source_lines_open(bytes, length, debug);
}

static void read_debug_symbols(struct code_file *f, const char *path)
{
    size_t length;
    char *bytes = file_read(path, DEBUG_BYTES_MAX, &length);
    Elf *elf = bytes != NULL ? elf_memory(bytes, length) : NULL;
    if (elf != NULL)
        symbol_table_read(f->symbols, elf);
    elf_end(elf);
    free(bytes);
}

// A program, or another CPU's.
static void read_program(struct code_file *f)
{
    size_t length;
    char *bytes = file_read(f->path, DEBUG_BYTES_MAX, &length);
    Elf *elf = bytes != NULL ? elf_memory(bytes, length) : NULL;
    if (elf != NULL) {
        symbol_table_read(f->symbols, elf);
        elf_end(elf);
        take_image(f, (uint8_t *)bytes, length, NULL);
    } else {
        free(bytes);
    }
}

static void read_file(struct code_file *f)
{
    char debug[256];
    struct error ignored;
    size_t length = 0;
    struct elf_file *file = elf_file_open(f->path, &ignored);
    const struct elf_unit *unit = file != NULL ? elf_file_unit(file, f->member) : NULL;
    uint8_t *bytes = unit != NULL ? elf_file_bytes(file, unit, &length) : NULL;
    bool apart = unit != NULL && elf_file_kind(file) == ELF_FILE_SHARED &&
                 elf_file_debug_path(file, debug, sizeof debug) && access(debug, R_OK) == 0;
    if (unit != NULL)
        symbol_table_read(f->symbols, unit->elf);
    if (apart)
        read_debug_symbols(f, debug);
    if (bytes != NULL)
        take_image(f, bytes, length, apart ? debug : NULL);
    if (file == NULL && f->is_program)
        read_program(f);
    elf_file_close(file);
}

static void read_guest(struct code_file *f)
{
    Elf *elf = elf_memory((char *)f->guest->bytes, f->guest->length);
    if (elf != NULL)
        symbol_table_read(f->symbols, elf);
    elf_end(elf);
    uint8_t *copy = must(malloc(f->guest->length + 1));
    memcpy(copy, f->guest->bytes, f->guest->length);
    take_image(f, copy, f->guest->length, NULL);
}

static struct code_file *add(const struct code_file *file)
{
    struct code_file *f = must(malloc(sizeof *f));
    *f = *file;
    f->next = known_files;
    f->symbols = symbol_table_new();
    known_files = f;
    return f;
}

// What a worker names is an object for this CPU, or this program.
static struct code_file *file_of(const struct origin_file *of, bool is_program)
{
    struct code_file *f = known_files;
    while (f != NULL && (f->path == NULL || f->member != of->member || strcmp(f->path, of->path)))
        f = f->next;
    if (f == NULL) {
        f = add(&(struct code_file){
            .path = must(strdup(of->path)), .member = of->member, .is_program = is_program});
        read_file(f);
    }
    return f;
}

// Programs are made for one routine each: those of others are not asked for again.
static void drop_guests(void)
{
    for (struct code_file **at = &known_files; *at != NULL;) {
        struct code_file *f = *at;
        if (f->guest == NULL) {
            at = &f->next;
            continue;
        }
        *at = f->next;
        source_lines_close(f->lines);
        symbol_table_free(f->symbols);
        guest_elf_release(f->guest);
        free(f->bytes);
        free(f);
    }
}

static struct code_file *guest_of(struct guest_elf *guest)
{
    struct code_file *f = known_files;
    while (f != NULL && f->guest != guest)
        f = f->next;
    if (f == NULL) {
        drop_guests();
        f = add(&(struct code_file){.guest = guest_elf_share(guest)});
        read_guest(f);
    }
    return f;
}

static void put_name(const char *path, char *out)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    strcpy(out, strlen(name) < WHERE_NAME_MAX ? name : "");
    printable(out);
}

// A symbol that ends before the place is another function's, whose neighbour has lost its
// own name.
static bool find_symbol(struct code_file *f, uint32_t section, uint64_t offset, struct where *out)
{
    struct symbol_place s = {.local = true};
    bool found = symbol_table_find(f->symbols, section, offset, &s) && (s.inside || !s.sized) &&
                 strlen(s.name) < sizeof out->symbol;
    out->symbol_offset = found ? s.offset : offset;
    strcpy(out->symbol, found ? s.name : "");
    out->local = s.local;
    return found;
}

static void find_in(struct code_file *f, uint32_t section, uint64_t offset, struct where *out)
{
    find_symbol(f, section, offset, out);
    if (f->lines != NULL)
        out->line_count = source_lines_at(f->lines, section, offset, out->lines, WHERE_LINES_MAX);
}

struct index_search {
    const char *name;
    bool found;
};

static bool visit_index(const char *name, void *context)
{
    struct index_search *s = context;
    s->found = strcmp(name, s->name) == 0;
    return !s->found;
}

// The library that has the symbol, which is none of the routine's file.
static void put_library(const struct guest_elf *guest, struct where *w)
{
    struct index_search s = {.name = w->symbol};
    for (size_t i = 0; i < GUEST_LIBRARIES_MAX && guest->libraries[i] != NULL && !s.found; i++) {
        archive_index_each(guest->libraries[i], visit_index, &s);
        if (s.found)
            put_name(guest->libraries[i], w->module);
    }
    w->foreign = s.found;
}

// The symbol as the routine's file has it, and the module.
static void put_own(const struct guest_elf *guest, struct where *w)
{
    const size_t prefix = strlen(GUEST_OWN_PREFIX);
    bool routine =
        strcmp(w->symbol, GUEST_ROUTINE_SYMBOL) == 0 || strcmp(w->symbol, guest->symbol) == 0;
    bool own = strncmp(w->symbol, GUEST_OWN_PREFIX, prefix) == 0;
    if (routine)
        snprintf(w->symbol, sizeof w->symbol, "%s", guest->symbol);
    else if (own)
        memmove(w->symbol, w->symbol + prefix, strlen(w->symbol + prefix) + 1);
    if ((routine || own || guest->whole) && guest->path != NULL)
        put_name(guest->path, w->module);
    else if (w->symbol[0] != '\0' && !w->local)
        put_library(guest, w);
}

static void find_in_guest(const struct recording *r, uint64_t address, struct where *out)
{
    find_in(guest_of(r->guest), 0, address, out);
    put_own(r->guest, out);
}

// The name by which the function is called, if the instruction is part of that one.
static void put_called(const struct origins *o, const struct site_origin *site, struct where *w)
{
    struct where entry;
    if (site->call == 0)
        return;
    const struct origin_call *call = &o->calls[site->call - 1];
    if (call->entry.file != site->file)
        return;
    struct code_file *f = file_of(&o->files[site->file - 1], false);
    if (find_symbol(f, call->entry.section, call->entry.offset, &entry) &&
        entry.symbol_offset == 0 && strcmp(entry.symbol, w->symbol) == 0)
        strcpy(w->called, call->name);
}

// Lines of this program's own routines are in no source of the user's.
static void put_module(const struct origins *o, const struct site_origin *site, struct where *w)
{
    const char *path = o->files[site->file - 1].path;
    char self[4096];
    const bool own = strcmp(path, SELF) == 0;
    const ssize_t length = own ? readlink(path, self, sizeof self - 1) : -1;
    if (length >= 0)
        self[length] = '\0';
    if (own)
        w->line_count = 0;
    put_name(length >= 0 ? self : path, w->module);
    w->foreign = o->entry.file != 0 && strcmp(o->files[o->entry.file - 1].path, path) != 0;
}

// The routine goes by the name that it was asked for by.
static void put_routine(const struct origins *o, const struct site_origin *site, struct where *w)
{
    char version[SYMBOL_VERSION_MAX];
    const struct site_origin *entry = &o->entry;
    if (w->symbol[0] == '\0' || site->file != entry->file || site->section != entry->section ||
        site->offset - w->symbol_offset != entry->offset || o->name[0] == '\0')
        return;
    snprintf(w->symbol, sizeof w->symbol, "%s",
             symbol_version(o->name, version) != NULL ? version : o->name);
}

static bool find(const struct recording *r, size_t site, struct where *out)
{
    if (r->told != NULL) {
        *out = r->told[site];
        return out->symbol_offset != WHERE_NOWHERE;
    }
    if (r->guest != NULL) {
        find_in_guest(r, r->trace.sites[site].addr, out);
        return true;
    }
    const struct site_origin *from = r->origins != NULL ? &r->origins->sites[site] : NULL;
    if (from == NULL || from->file == 0)
        return false;
    const struct origin_file *file = &r->origins->files[from->file - 1];
    find_in(file_of(file, strcmp(file->path, SELF) == 0), from->section, from->offset, out);
    put_module(r->origins, from, out);
    put_called(r->origins, from, out);
    put_routine(r->origins, from, out);
    return true;
}

bool where_of(const struct recording *r, size_t site, struct where *out)
{
    *out = (struct where){.symbol_offset = 0};
    if (site >= r->trace.site_count || !find(r, site, out))
        return false;
    name_print(out->symbol, out->name, sizeof out->name);
    return true;
}

bool where_in_file(const char *path, uint64_t address, struct where *out)
{
    struct origin_file file = {.member = 0};
    *out = (struct where){.symbol_offset = address};
    if (path[0] == '\0' || strlen(path) >= sizeof file.path)
        return false;
    strcpy(file.path, path);
    find_in(file_of(&file, true), 0, address, out);
    name_print(out->symbol, out->name, sizeof out->name);
    put_name(path, out->module);
    return true;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash != NULL ? slash + 1 : path;
}

static void print_lines(const struct where *w, FILE *out)
{
    for (size_t i = 0; i < w->line_count; i++)
        fprintf(out, "%s%s:%d", i == 0 ? " (" : ", from ", file_name(w->lines[i].file),
                w->lines[i].line);
    if (w->line_count > 0)
        fputc(')', out);
}

// "my_copy+0x1c", "__memmove_evex+0x40 of libc.so.6".
static void print_place(const struct where *w, FILE *out)
{
    if (w->symbol[0] == '\0' && w->module[0] == '\0')
        fprintf(out, "0x%" PRIx64, w->symbol_offset);
    else
        fprintf(out, "%s+0x%" PRIx64, w->name[0] != '\0' ? w->name : w->module, w->symbol_offset);
    if (w->foreign && w->symbol[0] != '\0')
        fprintf(out, " of %s", w->module);
}

void where_name_site(const struct recording *r, size_t site, char name[SITE_NAME_MAX])
{
    struct where w;
    char text[2 * WHERE_NAME_MAX + 64];
    name[0] = '\0';
    FILE *out = where_of(r, site, &w) ? fmemopen(text, sizeof text, "w") : NULL;
    if (out == NULL)
        return;
    print_place(&w, out);
    fclose(out);
    if (strlen(text) < SITE_NAME_MAX)
        strcpy(name, text);
}

char *where_print(const struct recording *r, size_t site, char *text)
{
    struct where w;
    text[0] = '\0';
    if (!where_of(r, site, &w))
        return text;
    FILE *out = fmemopen(text, WHERE_TEXT_MAX, "w");
    if (out == NULL)
        return text;
    print_place(&w, out);
    print_lines(&w, out);
    fclose(out);
    text[WHERE_TEXT_MAX - 1] = '\0';
    return text;
}
