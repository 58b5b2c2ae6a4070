// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// PATH:SYMBOL, anyone's own routine.

#include "backends/backend_list.h"
#include "backends/elf/elf_file.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct path_search {
    const char *given; // PATH as the user wrote it
    char *path;        // with a slash, as dlopen wants it
    const char *symbol;
    struct elf_file *file;
    struct elf_file *debug; // a stripped shared object's debug file, or NULL
    struct backend_list *out;
    struct nearest nearest;
    char *error;
    size_t error_size;
};

static void add_found(struct path_search *s, const struct elf_unit *unit, const char *symbol)
{
    char *name, from[160];
    if (asprintf(&name, "%s:%s", s->given, symbol) < 0) {
        abort();
    }
    if (elf_file_kind(s->file) == ELF_FILE_ARCHIVE) {
        snprintf(from, sizeof from, "archive, member %s", unit->member);
    } else {
        bool shared = elf_file_kind(s->file) == ELF_FILE_SHARED;
        snprintf(from, sizeof from, shared ? "shared object" : "object file");
    }
    backend_add(s->out, name, s->path, symbol, from);
    free(name);
}

static bool visit_glob(const struct elf_unit *unit, const struct elf_symbol *symbol, void *context)
{
    struct path_search *s = context;
    if (elf_symbol_is_code(symbol) && GELF_ST_TYPE(symbol->sym.st_info) == STT_FUNC &&
        fnmatch(s->symbol, symbol->name, 0) == 0) {
        add_found(s, unit, symbol->name);
    }
    return true;
}

static bool visit_nearest(const struct elf_unit *unit, const struct elf_symbol *symbol,
                          void *context)
{
    (void)unit;
    struct path_search *s = context;
    if (elf_symbol_is_code(symbol)) {
        nearest_offer(&s->nearest, symbol->name);
    }
    return true;
}

static bool find_glob(struct path_search *s)
{
    size_t before = s->out->count;
    elf_file_each_symbol(s->file, visit_glob, s);
    if (s->debug != NULL) {
        elf_file_each_symbol(s->debug, visit_glob, s);
    }
    backend_sort(s->out, before);
    if (s->out->count == before) {
        snprintf(s->error, s->error_size, "%s: no function matches '%s'; 'nm %s' shows its symbols",
                 s->given, s->symbol, s->given);
    }
    return s->out->count > before;
}

static bool fail_no_symbol(struct path_search *s)
{
    char near_text[NEAREST_MAX * (NEAREST_NAME_MAX + 8)];
    s->nearest.wanted = s->symbol;
    elf_file_each_symbol(s->file, visit_nearest, s);
    if (s->debug != NULL) {
        elf_file_each_symbol(s->debug, visit_nearest, s);
    }
    nearest_print(&s->nearest, near_text, sizeof near_text);
    snprintf(s->error, s->error_size, "%s: has no symbol '%s'%s; 'nm %s' shows its symbols",
             s->given, s->symbol, near_text, s->given);
    return false;
}

static bool find_exact(struct path_search *s)
{
    struct elf_symbol symbol;
    struct elf_unit *unit = elf_file_find(s->file, s->symbol, true, &symbol);
    if (unit == NULL && s->debug != NULL) {
        unit = elf_file_find(s->debug, s->symbol, true, &symbol);
    }
    if (unit == NULL) {
        return fail_no_symbol(s);
    }
    // The dynamic linker runs an ifunc's resolver; our loader of objects does
    // not, since the resolver may ask for more of the libc than is there.
    bool ifunc = GELF_ST_TYPE(symbol.sym.st_info) == STT_GNU_IFUNC;
    bool chosen = ifunc && elf_file_kind(s->file) == ELF_FILE_SHARED &&
                  GELF_ST_BIND(symbol.sym.st_info) != STB_LOCAL;
    if (ifunc && !chosen) {
        snprintf(s->error, s->error_size,
                 "%s: '%s' is an ifunc, not a routine; name one of the routines it chooses "
                 "from",
                 s->given, s->symbol);
        return false;
    }
    if (!chosen && !elf_symbol_is_code(&symbol)) {
        snprintf(s->error, s->error_size, "%s: symbol '%s' is not a function", s->given, s->symbol);
        return false;
    }
    add_found(s, unit, s->symbol);
    return true;
}

static bool find_in_file(struct path_search *s)
{
    if (elf_file_kind(s->file) == ELF_FILE_SHARED && elf_file_is_program(s->file)) {
        snprintf(s->error, s->error_size,
                 "%s: is a program (PIE), which cannot be loaded; build a shared object "
                 "(-shared -fPIC) or give its object file",
                 s->given);
        return false;
    }
    char why[256];
    if (elf_file_kind(s->file) == ELF_FILE_SHARED &&
        !elf_file_may_be_loaded(s->file, why, sizeof why)) {
        snprintf(s->error, s->error_size, "%s: %s", s->given, why);
        return false;
    }
    char debug[256], ignored[256];
    if (elf_file_kind(s->file) == ELF_FILE_SHARED &&
        elf_file_debug_path(s->file, debug, sizeof debug) && access(debug, R_OK) == 0) {
        s->debug = elf_file_open(debug, ignored, sizeof ignored);
    }
    bool found = pattern_is_glob(s->symbol) ? find_glob(s) : find_exact(s);
    elf_file_close(s->debug);
    return found;
}

bool path_find(const char *pattern, struct backend_list *out, char *error, size_t error_size)
{
    const char *colon = strrchr(pattern, ':');
    if (colon == pattern || colon[1] == '\0') {
        snprintf(error, error_size, "'%s': expected PATH:SYMBOL, a file and a routine in it",
                 pattern);
        return false;
    }
    struct path_search s = {
        .symbol = colon + 1, .out = out, .error = error, .error_size = error_size};
    char *given = strndup(pattern, (size_t)(colon - pattern));
    // Without a slash dlopen would search the system's folders.
    const char *here = given != NULL && strchr(given, '/') == NULL ? "./" : "";
    if (given == NULL || asprintf(&s.path, "%s%s", here, given) < 0) {
        abort();
    }
    s.given = given;
    enum cross_found cross = cross_find(given, s.path, s.symbol, out, error, error_size);
    bool found = cross == CROSS_FOUND;
    if (cross == CROSS_NOT) {
        s.file = elf_file_open(s.path, error, error_size);
        found = s.file != NULL && find_in_file(&s);
        elf_file_close(s.file);
    }
    free(s.path);
    free(given);
    return found;
}
