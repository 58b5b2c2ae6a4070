// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// PATH:SYMBOL and PATH:CALL, anyone's own routine.

#include "backends/path_backends.h"
#include "base/memory.h"

#include "backends/backend_list.h"
#include "backends/call.h"
#include "backends/cross_path.h"
#include "backends/elf/elf_file.h"
#include "backends/names.h"
#include "base/nearest.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct path_search {
    const char *given; // PATH as the user wrote it
    char *path;        // with a slash, as dlopen wants it
    const char *symbol;
    struct elf_file *file;
    struct elf_file *debug; // a stripped shared object's debug file, or NULL
    struct backend_list *out;
    struct nearest nearest;
    struct error *error;
};

static void add_found(struct path_search *s, const struct elf_unit *unit, const char *symbol)
{
    char from[160], *name = must_print("%s:%s", s->given, symbol);
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

// As one writes it: "hw::wide", "wide(void *)".
static bool is_cplusplus(const char *symbol)
{
    return strstr(symbol, "::") != NULL || strchr(symbol, '(') != NULL;
}

static bool visit_lto(const struct elf_unit *unit, void *context)
{
    bool *lto = context;
    size_t names;
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(unit->elf, scn)) != NULL && !*lto;) {
        GElf_Shdr shdr;
        const char *name = NULL;
        if (gelf_getshdr(scn, &shdr) != NULL && elf_getshdrstrndx(unit->elf, &names) == 0) {
            name = elf_strptr(unit->elf, names, shdr.sh_name);
        }
        *lto = name != NULL && strncmp(name, ".gnu.lto_", 9) == 0;
    }
    return !*lto;
}

// What the symbols of a file tell of it.
struct naming {
    bool any, code; // of other than dynamic ones
};

static bool visit_naming(const struct elf_unit *unit, const struct elf_symbol *symbol,
                         void *context)
{
    (void)unit;
    struct naming *n = context;
    n->any = n->any || !symbol->dynamic;
    n->code = n->code || (!symbol->dynamic && elf_symbol_is_code(symbol));
    return !n->code;
}

// Where the file's own names are to be seen, and why the one that was asked for is not
// among them, as far as the file tells.
static void tell_names(struct path_search *s, char *text, size_t size)
{
    bool lto = false, shared = elf_file_kind(s->file) == ELF_FILE_SHARED;
    struct naming n = {false, false};
    elf_file_each_unit(s->file, visit_lto, &lto);
    elf_file_each_symbol(s->file, visit_naming, &n);
    if (lto && !n.code) {
        snprintf(text, size,
                 "it was compiled with -flto and holds no machine code; compile it without, or "
                 "give what it is linked into");
    } else if (!n.any && shared) {
        snprintf(text, size, "it is stripped; 'nm -D %s' shows the names that are left", s->given);
    } else if (!n.any) {
        snprintf(text, size, "it defines none, or is stripped; compile it again");
    } else if (is_cplusplus(s->symbol)) {
        snprintf(text, size, "C++ names are given as 'nm %s' prints them", s->given);
    } else {
        snprintf(text, size, "'nm %s' shows its symbols", s->given);
    }
}

static bool fail_no_symbol(struct path_search *s)
{
    char near_text[NEAREST_MAX * (NEAREST_NAME_MAX + 8)], names[384];
    s->nearest.wanted = s->symbol;
    elf_file_each_symbol(s->file, visit_nearest, s);
    if (s->debug != NULL) {
        elf_file_each_symbol(s->debug, visit_nearest, s);
    }
    nearest_print(&s->nearest, near_text, sizeof near_text);
    tell_names(s, names, sizeof names);
    return error_set(s->error, "%s: has no symbol '%s'%s; %s", s->given, s->symbol, near_text,
                     names);
}

static bool find_glob(struct path_search *s)
{
    size_t before = s->out->count;
    elf_file_each_symbol(s->file, visit_glob, s);
    if (s->debug != NULL) {
        elf_file_each_symbol(s->debug, visit_glob, s);
    }
    backend_sort(s->out, before);
    if (s->out->count == before && is_cplusplus(s->symbol)) {
        return fail_no_symbol(s); // its star may be a pointer's
    }
    if (s->out->count == before) {
        char names[384];
        tell_names(s, names, sizeof names);
        error_set(s->error, "%s: no function matches '%s'; %s", s->given, s->symbol, names);
    }
    return s->out->count > before;
}

// Local functions of a name, in different places.
struct namesakes {
    const char *name;
    const struct elf_symbol *first;
    int64_t offset; // of its member
    bool others;
};

static bool visit_namesake(const struct elf_unit *unit, const struct elf_symbol *symbol,
                           void *context)
{
    struct namesakes *n = context;
    bool same = symbol->sym.st_value == n->first->sym.st_value &&
                symbol->sym.st_shndx == n->first->sym.st_shndx && unit->offset == n->offset;
    n->others = n->others || (!same && elf_symbol_is_code(symbol) && !symbol->dynamic &&
                              strcmp(symbol->name, n->name) == 0);
    return !n->others;
}

// Has another file brought a local function of the same name? Nobody said which.
static bool is_ambiguous(struct path_search *s, const struct elf_unit *unit,
                         const struct elf_symbol *symbol)
{
    struct namesakes n = {s->symbol, symbol, unit->offset, false};
    elf_file_each_symbol(s->file, visit_namesake, &n);
    if (n.others) {
        error_set(
            s->error,
            "%s: has several local functions named '%s'; give the object file of the one that "
            "is meant",
            s->given, s->symbol);
    }
    return n.others;
}

static bool find_exact(struct path_search *s)
{
    struct elf_symbol symbol;
    struct elf_unit *unit = elf_file_find(s->file, s->symbol, true, &symbol);
    if (unit == NULL && s->debug != NULL) {
        unit = elf_file_find(s->debug, s->symbol, true, &symbol);
    }
    char name[SYMBOL_VERSION_MAX];
    if (unit == NULL && elf_file_kind(s->file) == ELF_FILE_SHARED &&
        symbol_version(s->symbol, name) != NULL) {
        unit = elf_file_find(s->file, name, false, &symbol);
    }
    if (unit == NULL) {
        return fail_no_symbol(s);
    }
    if (GELF_ST_BIND(symbol.sym.st_info) == STB_LOCAL && is_ambiguous(s, unit, &symbol)) {
        return false;
    }
    // The dynamic linker runs an ifunc's resolver; our loader of objects does
    // not, since the resolver may ask for more of the libc than is there.
    bool ifunc = GELF_ST_TYPE(symbol.sym.st_info) == STT_GNU_IFUNC;
    bool chosen = ifunc && elf_file_kind(s->file) == ELF_FILE_SHARED &&
                  GELF_ST_BIND(symbol.sym.st_info) != STB_LOCAL;
    if (ifunc && !chosen) {
        return error_set(s->error,
                         "%s: '%s' is an ifunc, not a routine; name one of the routines it chooses "
                         "from",
                         s->given, s->symbol);
    }
    if (!chosen && !elf_symbol_is_code(&symbol)) {
        return error_set(s->error, "%s: symbol '%s' is not a function", s->given, s->symbol);
    }
    add_found(s, unit, s->symbol);
    return true;
}

static bool find_in_file(struct path_search *s)
{
    if (elf_file_kind(s->file) == ELF_FILE_SHARED && elf_file_is_program(s->file)) {
        return error_set(s->error,
                         "%s: is a program (PIE), which cannot be loaded; build a shared object "
                         "(-shared -fPIC) or give its object file",
                         s->given);
    }
    struct error why;
    if (elf_file_kind(s->file) == ELF_FILE_SHARED && !elf_file_may_be_loaded(s->file, &why)) {
        return error_set(s->error, "%s: %s", s->given, why.text);
    }
    char debug[256];
    struct error ignored;
    if (elf_file_kind(s->file) == ELF_FILE_SHARED &&
        elf_file_debug_path(s->file, debug, sizeof debug) && access(debug, R_OK) == 0) {
        s->debug = elf_file_open(debug, &ignored);
    }
    bool found = pattern_is_glob(s->symbol) ? find_glob(s) : find_exact(s);
    elf_file_close(s->debug);
    return found;
}

// The colon between PATH and SYMBOL: the first one that a file's name ends at. Both may
// have colons of their own, as C++ names do; where there is no such file, the last one
// before any arguments that is not part of a "::".
static const char *find_colon(const char *pattern)
{
    const char *last = strrchr(pattern, ':'), *arguments = strchrnul(pattern, '(');
    for (const char *at = pattern; (at = strchr(at, ':')) != NULL; at += strspn(at, ":")) {
        struct stat st;
        char *path = strndup(pattern, (size_t)(at - pattern));
        bool file = path != NULL && stat(path, &st) == 0 && !S_ISDIR(st.st_mode);
        free(path);
        if (file) {
            return at;
        }
        last = strspn(at, ":") % 2 == 1 && (at < arguments || last == NULL) ? at : last;
    }
    return last;
}

// The routine SYMBOL, in whatever the file is.
static bool find_routine(struct path_search *s, const char *symbol)
{
    s->symbol = symbol;
    enum cross_found cross = cross_find(s->given, s->path, symbol, s->out, s->error);
    if (cross != CROSS_NOT) {
        return cross == CROSS_FOUND;
    }
    s->file = elf_file_open(s->path, s->error);
    bool found = s->file != NULL && find_in_file(s);
    elf_file_close(s->file);
    return found;
}

// NAME, which is a symbol, a glob of them, or a demangled name. The routines get names
// that give them again: as the user wrote it, and with CALL where there is one.
static bool find_named(struct path_search *s, const char *name, const struct call *call)
{
    char *symbol = NULL;
    size_t before = s->out->count;
    enum name_found known = name_resolve(s->given, s->path, name, &symbol, s->error);
    bool found = known != NAME_AMBIGUOUS && find_routine(s, known == NAME_FOUND ? symbol : name);
    for (size_t i = before; found && i < s->out->count; i++) {
        struct backend *b = &s->out->items[i];
        const char *own = pattern_is_glob(name) && known != NAME_FOUND ? b->symbol : name;
        char *text = call != NULL ? call_text_of(call, own) : must(strdup(own));
        char *whole = must_print("%s:%s", s->given, text);
        backend_set_call(b, whole, call);
        free(whole);
        free(text);
    }
    free(symbol);
    return found;
}

// ROUTINE as the user wrote it. One with a parenthesis is how a routine is called, unless
// the whole of it is a demangled name.
static bool find_written(struct path_search *s, const char *routine)
{
    char *symbol = NULL;
    enum name_found whole = NAME_UNKNOWN;
    if (strchr(routine, '(') == NULL) {
        return find_named(s, routine, NULL);
    }
    whole = name_resolve(s->given, s->path, routine, &symbol, s->error);
    free(symbol);
    if (whole != NAME_UNKNOWN) {
        return whole == NAME_FOUND && find_named(s, routine, NULL);
    }
    struct call *call = call_parse(routine, s->error);
    bool found = call != NULL && find_named(s, call_name(call), call);
    call_free(call);
    return found;
}

bool path_is_routine(const char *word)
{
    return strchr(word, ':') != NULL || access(word, F_OK) == 0;
}

// The call of a routine that WORD names already: both have to mean the same.
static char *call_of_named(const char *word, const char *colon, const struct call *call,
                           struct error *error)
{
    const char *named = colon + 1, *name = call_name(call);
    char *path = must(strndup(word, (size_t)(colon - word))), *text = NULL;
    char *a = NULL, *b = NULL;
    name_resolve(path, path, named, &a, error);
    name_resolve(path, path, name, &b, error);
    if (strchr(named, '(') != NULL && a == NULL) {
        error_set(error, "'%s' says how it is called, and --call too; keep one of the two", word);
    } else if (*name == '\0') {
        text = call_text_of(call, named);
    } else if (strcmp(a != NULL ? a : named, b != NULL ? b : name) == 0) {
        text = must(strdup(call_text(call)));
    } else {
        error_set(error, "--call is of '%s', and '%s' names another routine; name one of the two",
                  name, word);
    }
    char *whole = text != NULL ? must_print("%s:%s", path, text) : NULL;
    free(a);
    free(b);
    free(path);
    free(text);
    return whole;
}

char *path_with_call(const char *word, const struct call *call, struct error *error)
{
    const char *colon = find_colon(word);
    if (access(word, F_OK) != 0 && colon != NULL && colon > word && colon[1] != '\0') {
        return call_of_named(word, colon, call, error);
    }
    if (!path_is_routine(word)) {
        error_set(error,
                  "--call is for routines of files, PATH:SYMBOL; how '%s' is called is known",
                  word);
    } else if (*call_name(call) == '\0') {
        error_set(error, "--call '%s' names no routine of %s; write its name before the (",
                  call_text(call), word);
    } else {
        return must_print("%s:%s", word, call_text(call));
    }
    return NULL;
}

bool path_find(const char *pattern, struct backend_list *out, struct error *error)
{
    const char *colon = find_colon(pattern);
    if (colon == pattern || colon[1] == '\0') {
        return error_set(error, "'%s': expected PATH:SYMBOL, a file and a routine in it", pattern);
    }
    struct path_search s = {.out = out, .error = error};
    char *given = must(strndup(pattern, (size_t)(colon - pattern)));
    // Without a slash dlopen would search the system's folders.
    s.path = must_print("%s%s", strchr(given, '/') == NULL ? "./" : "", given);
    s.given = given;
    bool found = find_written(&s, colon + 1);
    free(s.path);
    free(given);
    return found;
}
