// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/names.h"

#include "backends/cross_symbols.h"
#include "backends/elf/elf_file.h"
#include "base/memory.h"

#include <ctype.h>
#include <libiberty/demangle.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// How well a symbol fits; of the best there may be one.
enum fit { FIT_NOT, FIT_TAIL, FIT_NAME, FIT_SYMBOL };

enum { CHOICES_MAX = 4 };

struct name_search {
    const char *name;
    char *part; // letters that a symbol of that name has, to spare demangling the others
    enum fit best;
    char *symbols[CHOICES_MAX];
    size_t count; // of the best fit, also those that have no room
};

static char *demangled(const char *symbol, int options)
{
    return cplus_demangle(symbol, DMGL_ANSI | DMGL_AUTO | options);
}

// Is NAME all of WHOLE, or what follows its last namespaces?
static enum fit fit_of(const char *whole, const char *name)
{
    size_t length = strlen(name), all = strlen(whole);
    if (length > all || strcmp(whole + all - length, name) != 0) {
        return FIT_NOT;
    }
    bool tail = all >= length + 2 && strncmp(whole + all - length - 2, "::", 2) == 0;
    return all == length ? FIT_NAME : tail ? FIT_TAIL : FIT_NOT;
}

static bool is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

// A name without the spaces that mean nothing: people and demanglers write `void *` and
// `void*`.
static char *without_spaces(const char *name)
{
    char *packed = must(strdup(name)), *to = packed;
    for (const char *from = name; *from != '\0'; from++) {
        bool between_words = to > packed && is_word(to[-1]) && is_word(from[strspn(from, " ")]);
        if (*from != ' ' || between_words) {
            *to++ = *from;
        }
    }
    *to = '\0';
    return packed;
}

static enum fit fit_demangled(const char *symbol, const char *name, int options)
{
    char *text = demangled(symbol, options);
    char *whole = text != NULL ? without_spaces(text) : NULL, *packed = without_spaces(name);
    const char *global = strncmp(packed, "::", 2) == 0 ? packed + 2 : packed;
    enum fit fit = whole != NULL ? fit_of(whole, global) : FIT_NOT;
    free(text);
    free(whole);
    free(packed);
    return fit == FIT_TAIL && global != packed ? FIT_NOT : fit;
}

static bool is_mangled(const char *symbol)
{
    return symbol[0] == '_' && (symbol[1] == 'Z' || symbol[1] == 'R');
}

static enum fit fit_symbol(const struct name_search *s, const char *symbol)
{
    if (strcmp(symbol, s->name) == 0) {
        return FIT_SYMBOL;
    }
    // A compiler's clones (.cold, .part.0, .isra.0) are parts, or called otherwise.
    if (strchr(symbol, '.') != NULL || !is_mangled(symbol) || strstr(symbol, s->part) == NULL) {
        return FIT_NOT;
    }
    enum fit bare = fit_demangled(symbol, s->name, 0);
    enum fit full = fit_demangled(symbol, s->name, DMGL_PARAMS);
    return bare > full ? bare : full;
}

static bool is_kept(const struct name_search *s, const char *symbol)
{
    for (size_t i = 0; i < s->count && i < CHOICES_MAX; i++) {
        if (strcmp(s->symbols[i], symbol) == 0) {
            return true;
        }
    }
    return false;
}

static void forget(struct name_search *s)
{
    for (size_t i = 0; i < s->count && i < CHOICES_MAX; i++) {
        free(s->symbols[i]);
    }
    s->count = 0;
}

static void offer(struct name_search *s, const char *symbol)
{
    enum fit fit = fit_symbol(s, symbol);
    if (fit == FIT_NOT || fit < s->best || (fit == s->best && is_kept(s, symbol))) {
        return;
    }
    if (fit > s->best) {
        forget(s);
    }
    s->best = fit;
    if (s->count < CHOICES_MAX) {
        s->symbols[s->count] = must(strdup(symbol));
    }
    s->count++;
}

static bool visit_elf(const struct elf_unit *unit, const struct elf_symbol *symbol, void *context)
{
    (void)unit;
    struct name_search *s = context;
    if (elf_symbol_is_code(symbol)) {
        offer(s, symbol->name);
    }
    return s->best != FIT_SYMBOL;
}

static bool visit_cross(const struct cross_object *object, const struct cross_symbol *symbol,
                        void *context)
{
    (void)object;
    struct name_search *s = context;
    if (symbol->defined && symbol->kind == CROSS_SYMBOL_CODE) {
        offer(s, symbol->name);
    }
    return s->best != FIT_SYMBOL;
}

static void search(struct name_search *s, const char *path)
{
    struct error ignored;
    struct elf_file *elf = elf_file_open(path, &ignored);
    if (elf != NULL) {
        elf_file_each_symbol(elf, visit_elf, s);
        elf_file_close(elf);
        return;
    }
    struct cross_file cross;
    struct cross_object object;
    size_t at = 0;
    if (!cross_file_open(&cross, path, &ignored)) {
        return;
    }
    while (cross_file_next(&cross, &at, &object)) {
        cross_symbols_each(&object, visit_cross, s);
    }
    cross_file_close(&cross);
}

// The longest run of letters and digits that stands in the mangled name as it does here:
// what is no parameter and no template's argument.
static char *part_of(const char *name)
{
    const char *best = name;
    size_t most = 0, length;
    for (const char *at = name; *at != '\0' && strchr("(<", *at) == NULL;
         at += length + (length == 0)) {
        length = 0;
        while (is_word(at[length])) {
            length++;
        }
        if (length > most) {
            best = at;
            most = length;
        }
    }
    return must(strndup(best, most));
}

// Two that are demangled alike, such as a class's constructors, are told apart by their
// symbols.
static void tell_choices(const struct name_search *s, const char *given, struct error *error)
{
    error_set(error, "%s: '%.200s' may be any of %zu routines; give one of:", given, s->name,
              s->count);
    for (size_t i = 0; i < s->count && i < CHOICES_MAX; i++) {
        char *text = demangled(s->symbols[i], DMGL_PARAMS);
        bool alone = text != NULL;
        for (size_t k = 0; k < s->count && k < CHOICES_MAX; k++) {
            alone =
                alone && (k == i || fit_demangled(s->symbols[k], text, DMGL_PARAMS) != FIT_NAME);
        }
        error_add(error, "%s %.300s", i > 0 ? "," : "", alone ? text : s->symbols[i]);
        free(text);
    }
    if (s->count > CHOICES_MAX) {
        error_add(error, ", ...");
    }
}

enum name_found name_resolve(const char *given, const char *path, const char *name, char **symbol,
                             struct error *error)
{
    struct name_search s = {.name = name, .part = part_of(name)};
    enum name_found found = NAME_UNKNOWN;
    if (s.part[0] != '\0') {
        search(&s, path);
    }
    if (s.best == FIT_TAIL || s.best == FIT_NAME) {
        found = s.count == 1 ? NAME_FOUND : NAME_AMBIGUOUS;
    }
    if (found == NAME_FOUND) {
        *symbol = must(strdup(s.symbols[0]));
    } else if (found == NAME_AMBIGUOUS) {
        tell_choices(&s, given, error);
    }
    forget(&s);
    free(s.part);
    return found;
}

char *name_print(const char *symbol, char *text, size_t size)
{
    const size_t length = strcspn(symbol, ".");
    char *whole = is_mangled(symbol) ? must(strndup(symbol, length)) : NULL;
    char *name = whole != NULL ? demangled(whole, 0) : NULL;
    const char *clone = name != NULL ? symbol + length : "";
    int all = snprintf(text, size, "%s%s", name != NULL ? name : symbol, clone);
    if (all >= 0 && (size_t)all >= size) {
        strcpy(text + size - sizeof "...", "...");
    }
    free(name);
    free(whole);
    return text;
}

bool name_means(const char *name, const char *symbol)
{
    struct name_search s = {.name = name, .part = part_of(name)};
    enum fit fit = fit_symbol(&s, symbol);
    free(s.part);
    return fit != FIT_NOT;
}
