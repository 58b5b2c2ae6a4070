// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What is here: walks the rows of backends.def and the libraries they name.

#include "backends/host_backends.h"

#include "backends/backend_list.h"
#include "backends/backends.def"
#include "backends/cpu.h"
#include "backends/elf/elf_file.h"
#include "backends/planted/planted.h"
#include "backends/routines/routines.h"
#include "backends/routines/storecopy_rows.h"
#include "base/host.h"

#include <dlfcn.h>
#include <fnmatch.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 256, SYMBOL_MAX_BYTES = 128 };

// Copies the blank-separated word at *AT, and moves past it. False at the end.
static bool next_word(const char **at, char *word, size_t word_size)
{
    *at += strspn(*at, " ");
    size_t length = strcspn(*at, " ");
    snprintf(word, word_size, "%.*s", (int)length, *at);
    *at += length;
    return length > 0;
}

// WORD with this CPU's name in each place of {cpu}.
static void put_cpu(const char *word, char *path, size_t path_size)
{
    static const char mark[] = "{cpu}";
    size_t used = 0;
    for (const char *at = word, *next; used < path_size; at = next + sizeof mark - 1) {
        next = strstr(at, mark);
        int length = next != NULL ? (int)(next - at) : (int)strlen(at);
        used += (size_t)snprintf(path + used, path_size - used, "%.*s%s", length, at,
                                 next != NULL ? host.cpu : "");
        if (next == NULL) {
            return;
        }
    }
}

// The first readable file of a blank-separated list.
static bool find_file(const char *paths, char *path, size_t path_size)
{
    char word[PATH_MAX];
    while (next_word(&paths, word, sizeof word)) {
        put_cpu(word, path, path_size);
        if (access(path, R_OK) == 0) {
            return true;
        }
    }
    path[0] = '\0';
    return false;
}

// Marks a routine as missing whose library is not there (no path), cannot be
// read (no file, ERROR says why), or has no routine of that name.
static void check_library(struct backend *b, struct elf_file *file, const char *package,
                          const char *error)
{
    struct elf_symbol found;
    if (b->path == NULL) {
        backend_miss(b, "install %s", package);
    } else if (file == NULL) {
        backend_miss(b, "%s", error);
    } else if (elf_file_find(file, b->symbol, false, &found) == NULL ||
               !elf_symbol_is_code(&found)) {
        backend_miss(b, "no routine of that name in %s", b->path);
    }
}

static void archive_family(struct backend_list *out, const char *family, const char *package,
                           const char *paths, const char *routines)
{
    char path[PATH_MAX], symbol[64], name[NAME_MAX_BYTES];
    struct error error;
    bool present = find_file(paths, path, sizeof path);
    struct elf_file *file = present ? elf_file_open(path, &error) : NULL;
    while (next_word(&routines, symbol, sizeof symbol)) {
        snprintf(name, sizeof name, "%s/%s", family, symbol);
        check_library(
            backend_add(out, name, present ? path : NULL, symbol, present ? path : family), file,
            package, error.text);
    }
    elf_file_close(file);
}

static void archive_families(struct backend_list *out)
{
#define ROW(family, package, paths, routines) archive_family(out, family, package, paths, routines);
    ARCHIVE_ROWS(ROW)
#undef ROW
}

// The rows of a family of glibc's variants that cannot be asked what it has.
static void missing_variants(struct backend_list *out, const char *family, const char *why)
{
#define ROW(suffix) suffix,
#if defined __aarch64__
    static const char *const stems[] = {VARIANT_STEMS_AARCH64};
    static const char *const suffixes[] = {VARIANT_ROWS_AARCH64(ROW)};
#else
    static const char *const stems[] = {VARIANT_STEMS_X86_64};
    static const char *const suffixes[] = {VARIANT_ROWS_X86_64(ROW)};
#endif
#undef ROW
    enum { STEMS = sizeof stems / sizeof *stems };
    char name[NAME_MAX_BYTES], symbol[SYMBOL_MAX_BYTES];
    for (size_t i = 0; i < STEMS * sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(symbol, sizeof symbol, "__%s_%s", stems[i % STEMS], suffixes[i / STEMS]);
        snprintf(name, sizeof name, "%s/%s", family, symbol + 2);
        struct backend *b = backend_add(out, name, NULL, symbol, "glibc");
        free(b->missing); // what is not installed comes first
        b->missing = NULL;
        backend_miss(b, "%s", why);
    }
}

static bool is_variant_name(const char *name)
{
    return (fnmatch("__memmove_*", name, 0) == 0 || fnmatch("__memcpy_*", name, 0) == 0 ||
            fnmatch("__mempcpy_*", name, 0) == 0 || fnmatch("__memset_*", name, 0) == 0) &&
           strstr(name, "_chk") == NULL && strstr(name, "_ifunc") == NULL &&
           strstr(name, "_small") == NULL && strchr(name, '@') == NULL;
}

// A library whose variants are being gathered.
struct variants {
    struct backend_list *out;
    struct elf_file *file;
    const char *family, *path, *from;
    size_t count;
};

static struct backend *add_variant(struct variants *v, const char *symbol, const char *from)
{
    char name[NAME_MAX_BYTES];
    snprintf(name, sizeof name, "%s/%s", v->family, symbol + 2);
    v->count++;
    return backend_add(v->out, name, v->path, symbol, from);
}

// glibc's files of variants: memmove-avx-unaligned-erms.o, memcpy_generic.o.
static bool is_variant_member(const char *member)
{
    return member != NULL && (fnmatch("mem@(move|set)-*.o", member, FNM_EXTMATCH) == 0 ||
                              fnmatch("mem@(cpy|move|set)_*.o", member, FNM_EXTMATCH) == 0);
}

static bool visit_archive_variant(const struct elf_unit *none, const struct elf_symbol *indexed,
                                  void *context)
{
    (void)none;
    struct variants *v = context;
    struct elf_symbol symbol;
    if (!is_variant_name(indexed->name)) {
        return true;
    }
    const struct elf_unit *unit = elf_file_find(v->file, indexed->name, false, &symbol);
    if (unit != NULL && GELF_ST_TYPE(symbol.sym.st_info) == STT_FUNC && symbol.executable &&
        is_variant_member(unit->member)) {
        char from[PATH_MAX + 128];
        snprintf(from, sizeof from, "%s(%s)", v->path, unit->member);
        add_variant(v, symbol.name, from);
    }
    return true;
}

static void glibc_family(struct backend_list *out)
{
    const char *set = getenv("STORESCOPE_GLIBC_A");
    char path[PATH_MAX];
    struct error error = {"install libc6-dev"};
    if (set != NULL && set[0] != '\0') {
        snprintf(path, sizeof path, "%s", set);
    } else if (!find_file("/usr/lib/{cpu}-linux-gnu/libc.a /usr/lib64/libc.a /usr/lib/libc.a", path,
                          sizeof path)) {
        missing_variants(out, "glibc", error.text);
        return;
    }
    struct variants v = {.out = out, .family = "glibc", .path = path};
    v.file = elf_file_open(path, &error);
    if (v.file != NULL) {
        elf_file_each_indexed(v.file, visit_archive_variant, &v);
        elf_file_close(v.file);
        error_set(&error,
                  "%s has no variants of memmove; install libc6-dev, or set "
                  "STORESCOPE_GLIBC_A to a glibc's libc.a",
                  path);
    }
    if (v.count == 0) {
        missing_variants(out, "glibc", error.text);
    }
}

static bool visit_live_variant(const struct elf_unit *unit, const struct elf_symbol *symbol,
                               void *context)
{
    (void)unit;
    if (is_variant_name(symbol->name) && elf_symbol_is_code(symbol)) {
        add_variant(context, symbol->name, ((struct variants *)context)->from);
    }
    return true;
}

// Adds the variants of the running libc, from its debug file.
static void live_variants(struct backend_list *out, const char *path, struct elf_file *file)
{
    char debug[PATH_MAX];
    struct error error = {"install libc6-dbg"};
    struct variants v = {
        .out = out, .family = "libc-live", .path = path, .from = "the running libc, in place"};
    if (elf_file_debug_path(file, debug, sizeof debug) && access(debug, R_OK) == 0) {
        v.file = elf_file_open(debug, &error);
        if (v.file != NULL) {
            elf_file_each_symbol(v.file, visit_live_variant, &v);
            elf_file_close(v.file);
            error_set(&error, "%s has no variants of memmove", debug);
        }
    }
    if (v.count == 0) {
        missing_variants(out, "libc-live", error.text);
    }
}

static void live_families(struct backend_list *out)
{
    static const char *const routines[] = {"memcpy", "memmove", "mempcpy", "memset"};
    char path[PATH_MAX] = "";
    struct error error = {"the running libc is not glibc's libc.so.6"};
    void *handle = dlopen("libc.so.6", RTLD_NOLOAD | RTLD_LAZY);
    struct link_map *map = NULL;
    if (handle != NULL && dlinfo(handle, RTLD_DI_LINKMAP, &map) == 0) {
        snprintf(path, sizeof path, "%s", map->l_name);
    }
    struct elf_file *file = path[0] != '\0' ? elf_file_open(path, &error) : NULL;
    for (size_t i = 0; i < sizeof routines / sizeof *routines; i++) {
        char name[NAME_MAX_BYTES];
        snprintf(name, sizeof name, "libc/%s", routines[i]);
        struct backend *b = backend_add(out, name, file != NULL ? path : NULL, routines[i],
                                        "the running libc, as chosen for this CPU");
        if (file == NULL) {
            backend_miss(b, "%s", error.text);
        }
    }
    if (file != NULL) {
        live_variants(out, path, file);
    } else {
        missing_variants(out, "libc-live", error.text);
    }
    elf_file_close(file);
    if (handle != NULL) {
        dlclose(handle);
    }
}

// libpmem's movers return nothing, and are never called with nothing to do.
static struct backend *add_mover(struct backend_list *out, const char *path, const char *symbol,
                                 const char *from)
{
    char name[NAME_MAX_BYTES];
    snprintf(name, sizeof name, "pmem/%s", symbol);
    struct backend *b = backend_add(out, name, path, symbol, from);
    b->result = RESULT_NONE;
    b->size_min = 1;
    return b;
}

static bool visit_mover(const struct elf_unit *unit, const struct elf_symbol *symbol, void *context)
{
    (void)unit;
    struct variants *v = context;
    if ((fnmatch("memmove_mov_*", symbol->name, 0) == 0 ||
         fnmatch("memmove_movnt_*", symbol->name, 0) == 0) &&
        strchr(symbol->name, '.') == NULL && // no cold part of one
        elf_symbol_is_code(symbol)) {
        add_mover(v->out, v->path, symbol->name, v->from);
        v->count++;
    }
    return true;
}

static void missing_movers(struct backend_list *out, const char *why)
{
    static const char *const flushes[] = {"empty", "noflush", "clflush", "clflushopt", "clwb"};
    static const char *const movers[][2] = {
#define ROW(mover, barrier) {mover, barrier},
        MOVER_ROWS(ROW)
#undef ROW
    };
    char symbol[SYMBOL_MAX_BYTES];
    for (size_t i = 0; i < 5 * sizeof movers / sizeof *movers; i++) {
        const char *const *m = movers[i / 5];
        snprintf(symbol, sizeof symbol, "memmove_%s_%s%s", m[0], flushes[i % 5], m[1]);
        struct backend *b = add_mover(out, NULL, symbol, "libpmem");
        free(b->missing);
        b->missing = NULL;
        backend_miss(b, "%s", why);
    }
}

static void pmem_movers(struct backend_list *out)
{
    char path[PATH_MAX];
    struct error error = {"install libpmem-dev"};
    struct variants v = {.out = out, .path = path, .from = "libpmem.a, internal"};
    if (find_file("/usr/lib/{cpu}-linux-gnu/libpmem.a /usr/lib64/libpmem.a "
                  "/usr/local/lib/libpmem.a",
                  path, sizeof path)) {
        v.file = elf_file_open(path, &error);
        if (v.file != NULL) {
            elf_file_each_symbol(v.file, visit_mover, &v);
            elf_file_close(v.file);
            error_set(&error, "%s has no movers of known names", path);
        }
    }
    if (v.count == 0) {
        missing_movers(out, error.text);
    }
}

static void pmem_calls(struct backend_list *out)
{
    static const char *const functions[] = {"pmem_memcpy", "pmem_memmove", "pmem_memset"};
    enum { FUNCTIONS = sizeof functions / sizeof *functions };
    static const struct flag_row {
        const char *suffix;
        uint64_t value;
    } flags[] = {
#define ROW(suffix, value) {suffix, value},
        FLAG_ROWS(ROW)
#undef ROW
    };
    char path[PATH_MAX], name[NAME_MAX_BYTES];
    struct error error;
    bool present = find_file("/usr/lib/{cpu}-linux-gnu/libpmem.so.1 /usr/lib64/libpmem.so.1 "
                             "/usr/local/lib/libpmem.so.1",
                             path, sizeof path);
    struct elf_file *file = present ? elf_file_open(path, &error) : NULL;
    for (size_t i = 0; i < FUNCTIONS * sizeof flags / sizeof *flags; i++) {
        const struct flag_row *flag = &flags[i / FUNCTIONS];
        snprintf(name, sizeof name, "pmem/%s%s", functions[i % FUNCTIONS], flag->suffix);
        struct backend *b = backend_add(out, name, present ? path : NULL, functions[i % FUNCTIONS],
                                        present ? path : "libpmem");
        b->arg4 = flag->value;
        check_library(b, file, "libpmem1", error.text);
    }
    elf_file_close(file);
}

// A routine that is linked into this program.
static struct backend *add_builtin(struct backend_list *out, const char *name, const void *code,
                                   enum copy_op op, const char *from)
{
    struct backend *b = backend_add(out, name, NULL, strchr(name, '/') + 1, from);
    b->code = code;
    b->op = op;
    return b;
}

static void builtin_families(struct backend_list *out)
{
#define ROW(name, function, op, from) \
    add_builtin(out, name, (const void *)(uintptr_t)function, op, from);
    BUILTIN_ROWS(ROW)
#undef ROW
}

static void storecopy_row(struct backend_list *out, const char *name, const void *code,
                          enum copy_op op, uint64_t width, const char *features)
{
    char full_name[NAME_MAX_BYTES];
    snprintf(full_name, sizeof full_name, "engine/%s", name);
    struct backend *b = add_builtin(out, full_name, code, op, "storecopy, the copy engine");
    b->arg4 = width;
    b->size_unit = op_has_fifo(op) ? width : 1;
    backend_need(b, features);
}

static void storecopy_family(struct backend_list *out)
{
#define ROW(name, function, op, width, features) \
    storecopy_row(out, name, (const void *)(uintptr_t)function, op, width, features);
    STORECOPY_ROWS(ROW)
#undef ROW
}

static void dpdk_row(struct backend_list *out, const char *isa, const struct dpdk_routine *routine,
                     const char *features)
{
    char name[NAME_MAX_BYTES];
    snprintf(name, sizeof name, "dpdk/rte_memcpy_%s_%s", isa, routine->compiler);
    struct backend *b = add_builtin(out, name, (const void *)(uintptr_t)routine->code, OP_MEMCPY,
                                    "rte_memcpy.h, compiled here");
    if (routine->code == NULL && cpu_lacks(features) == NULL) {
        backend_miss(b, "install libdpdk-dev and rebuild");
    }
    backend_need(b, features);
}

static void dpdk_family(struct backend_list *out)
{
#define ROW(isa, features) dpdk_row(out, #isa, &dpdk_##isa, features);
    DPDK_ROWS(ROW)
#undef ROW
}

static void planted_family(struct backend_list *out)
{
    for (size_t i = 0; i < planted_row_count; i++) {
        const struct planted_row *row = &planted_rows[i];
        char name[NAME_MAX_BYTES], from[NAME_MAX_BYTES];
        snprintf(name, sizeof name, "planted/%s", row->name);
        snprintf(from, sizeof from, "%s%s", row->rules[0] != '\0' ? "breaks " : "conforms",
                 row->rules);
        struct backend *b = add_builtin(out, name, row->code, row->op, from);
        b->planted = true;
        backend_need(b, row->cpu);
        if (row->code == NULL) {
            backend_miss(b, "is assembly of another CPU");
        }
    }
}

void families_list(struct backend_list *out)
{
    live_families(out);
    glibc_family(out);
    archive_families(out);
    pmem_movers(out);
    pmem_calls(out);
    dpdk_family(out);
    builtin_families(out);
    storecopy_family(out);
    planted_family(out);
}
