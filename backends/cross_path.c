// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// PATH:SYMBOL of a file for another CPU. The file's first object says which CPU;
// its symbols are looked up as those of this CPU's files are. Nothing is linked yet.

#include "backends/cross_path.h"
#include "base/memory.h"

#include "backends/arch.h"
#include "backends/backend_list.h"
#include "backends/cross_backends.h"
#include "backends/cross_symbols.h"
#include "backends/elf/elf_header.h"
#include "base/nearest.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cross_search {
    const char *given, *path, *symbol;
    const struct arch *arch;
    struct cross_file file;
    struct backend_list *out;
    struct nearest nearest;
    struct error *error;
};

static bool fail(const struct cross_search *s, const char *why)
{
    return error_set(s->error, "%s: %s", s->given, why);
}

static void add(const struct cross_search *s, const struct cross_object *object, const char *symbol)
{
    char from[128], *name = must_print("%s:%s", s->given, symbol);
    if (cross_file_is_archive(&s->file))
        snprintf(from, sizeof from, "archive for %s, member %s", s->arch->name, object->member);
    else
        snprintf(from, sizeof from, "object file for %s", s->arch->name);
    cross_add(s->out, s->arch, name, s->path, symbol, from);
    free(name);
}

// Marks of ARM and AArch64 in code, such as $x and $d, are no routines.
static bool is_routine(const struct cross_symbol *symbol)
{
    return symbol->defined && symbol->kind == CROSS_SYMBOL_CODE && symbol->name[0] != '$';
}

static bool visit_glob(const struct cross_object *object, const struct cross_symbol *symbol,
                       void *context)
{
    struct cross_search *s = context;
    if (is_routine(symbol) && fnmatch(s->symbol, symbol->name, 0) == 0)
        add(s, object, symbol->name);
    return true;
}

static bool visit_nearest(const struct cross_object *object, const struct cross_symbol *symbol,
                          void *context)
{
    (void)object;
    struct cross_search *s = context;
    if (is_routine(symbol))
        nearest_offer(&s->nearest, symbol->name);
    return true;
}

static void each_symbol(struct cross_search *s, cross_symbol_visit *visit)
{
    struct cross_object object;
    size_t at = 0;
    while (cross_file_next(&s->file, &at, &object))
        cross_symbols_each(&object, visit, s);
}

static bool find_glob(struct cross_search *s)
{
    size_t before = s->out->count;
    each_symbol(s, visit_glob);
    backend_sort(s->out, before);
    if (s->out->count > before)
        return true;
    return error_set(s->error, "%s: no function matches '%s'; 'nm %s' shows its symbols", s->given,
                     s->symbol, s->given);
}

static bool find_exact(struct cross_search *s)
{
    struct cross_object object;
    struct cross_symbol symbol;
    char why[256], near_text[NEAREST_MAX * (NEAREST_NAME_MAX + 8)];
    if (!cross_routine_find(&s->file, s->symbol, &object, &symbol)) {
        s->nearest.wanted = s->symbol;
        each_symbol(s, visit_nearest);
        nearest_print(&s->nearest, near_text, sizeof near_text);
        return error_set(s->error, "%s: has no symbol '%s'%s; %s'nm %s' %s", s->given, s->symbol,
                         near_text, strstr(s->symbol, "::") ? "C++ names are given as " : "",
                         s->given, strstr(s->symbol, "::") ? "prints them" : "shows its symbols");
    }
    if (symbol.kind == CROSS_SYMBOL_CODE) {
        add(s, &object, s->symbol);
        return true;
    }
    snprintf(why, sizeof why,
             symbol.kind == CROSS_SYMBOL_IFUNC
                 ? "'%.100s' is an ifunc, not a routine; name one of the routines it chooses from"
                 : "symbol '%.100s' is not a function",
             s->symbol);
    return fail(s, why);
}

// The first object's CPU; NULL when there is none or it has no row.
static const struct arch *arch_of_file(const struct cross_file *f, uint16_t *type)
{
    struct cross_object first;
    struct elf_header elf;
    size_t at = 0;
    if (!cross_file_next(f, &at, &first) || !elf_header_read(first.bytes, first.length, &elf))
        return NULL;
    *type = elf.type;
    return arch_of_header(&elf);
}

static bool find(struct cross_search *s, uint16_t type)
{
    if (type == ET_REL)
        return pattern_is_glob(s->symbol) ? find_glob(s) : find_exact(s);
    return error_set(s->error,
                     "%s: is linked for %s; give its object file or archive, which can be linked "
                     "with the program that calls it",
                     s->given, s->arch->name);
}

enum cross_found cross_find(const char *given, const char *path, const char *symbol,
                            struct backend_list *out, struct error *error)
{
    struct cross_search s = {
        .given = given, .path = path, .symbol = symbol, .out = out, .error = error};
    uint16_t type = ET_NONE;
    if (!cross_file_open(&s.file, path, error))
        return CROSS_NOT;
    s.arch = arch_of_file(&s.file, &type);
    enum cross_found found = !s.arch ? CROSS_NOT : find(&s, type) ? CROSS_FOUND : CROSS_FAILED;
    cross_file_close(&s.file);
    return found;
}
