// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Routines of other CPUs' libraries: ARCH/FAMILY/ROUTINE. What a library has is
// read from its archive's index alone, which is the same for every architecture.

#include "backends/cross_backends.h"

#include "backends/arch.h"
#include "backends/backend_list.h"
#include "backends/backends.def"
#include "backends/cross.def"
#include "backends/elf/archive_index.h"
#include "base/host.h"

#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 256, ARCHS_MAX = 64 };

static const char *const plain[] = {"memcpy", "memmove", "mempcpy", "memset"};
enum { PLAIN_COUNT = sizeof plain / sizeof *plain };

// A library of an architecture whose routines are being gathered.
struct library {
    struct backend_list *out;
    const struct arch *arch;
    const char *family, *path;
    bool has[PLAIN_COUNT]; // a routine of that very name
    size_t variants[PLAIN_COUNT];
};

// What the tools of an architecture lack, found once.
static const char *tools_missing(const struct arch *arch)
{
    static char text[ARCHS_MAX][96];
    static bool known[ARCHS_MAX];
    size_t i = (size_t)(arch - archs);
    if (!known[i]) {
        known[i] = true;
        if (!arch_tool_here(arch->qemu))
            snprintf(text[i], sizeof text[i], "install qemu-user");
        else if (!arch_tool_here(arch->compiler))
            snprintf(text[i], sizeof text[i], "install %s", arch->package);
        else if (access(arch->libc, R_OK) != 0)
            snprintf(text[i], sizeof text[i], "install %s", arch->libc_package);
    }
    return text[i][0] ? text[i] : NULL;
}

static const char *cpu_of(const struct arch *arch, const char *symbol)
{
    static const struct {
        const char *arch, *pattern, *cpu;
    } rows[] = {
#define ROW(arch, pattern, cpu) {arch, pattern, cpu},
        CROSS_CPU_ROWS(ROW)
#undef ROW
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].arch, arch->name) == 0 && fnmatch(rows[i].pattern, symbol, 0) == 0)
            return rows[i].cpu;
    return NULL;
}

static bool is_part(const struct arch *arch, const char *symbol)
{
    static const char *const rows[][2] = {
#define ROW(arch, symbol) {arch, symbol},
        CROSS_PART_ROWS(ROW)
#undef ROW
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i][0], arch->name) == 0 && strcmp(rows[i][1], symbol) == 0)
            return true;
    return false;
}

struct backend *cross_add(struct backend_list *out, const struct arch *arch, const char *name,
                          const char *path, const char *symbol, const char *from)
{
    const char *missing = tools_missing(arch);
    struct backend *b = backend_add(out, name, path, symbol, from);
    free(b->missing); // needs of this CPU are none of it
    b->missing = NULL;
    b->arch = arch;
    b->cpu = strchr(name, ':') ? NULL : cpu_of(arch, symbol);
    if (missing)
        backend_miss(b, "%s", missing);
    return b;
}

static void add(const struct library *l, const char *symbol)
{
    char name[NAME_MAX_BYTES];
    snprintf(name, sizeof name, "%s/%s/%s", l->arch->name, l->family, symbol + strspn(symbol, "_"));
    cross_add(l->out, l->arch, name, l->path, symbol, l->path);
}

static bool visit(const char *name, void *context)
{
    struct library *l = context;
    for (size_t i = 0; i < PLAIN_COUNT; i++) {
        size_t length = strlen(plain[i]);
        if (strcmp(name, plain[i]) == 0)
            l->has[i] = true;
        // Variants are __memcpy_NAME; __memcpy_chk calls one.
        if (strncmp(name, "__", 2) != 0 || strncmp(name + 2, plain[i], length) != 0 ||
            name[2 + length] != '_' || strstr(name, "_chk") || strstr(name, "_ifunc") ||
            is_part(l->arch, name))
            continue;
        l->variants[i]++;
        add(l, name);
    }
    return true;
}

// The CPU in the name of a package of another; NULL: it is of this one.
static const char *debian_arch_of(const char *package)
{
    const char *colon = strchr(package, ':');
    return colon ? colon + 1 : NULL;
}

// Here such a package is this system's own, and its routines are those of no other CPU.
static bool is_of_host(const char *package)
{
    const char *arch = debian_arch_of(package);
    return arch && strcmp(arch, host.debian) == 0;
}

// A package of another CPU may be unpacked below the user's data. Its folder is
// that of the XDG base directories, 0.8, where a relative path is to be ignored.
static void find_guest_file(const char *package, char *path, size_t path_size)
{
    const char *arch = debian_arch_of(package);
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    bool has_data = data && *data == '/';
    char in_guest[PATH_MAX];
    if (!arch || access(path, R_OK) == 0 || (!has_data && !home))
        return;
    int length = snprintf(in_guest, sizeof in_guest, "%s%s/storescope/guests/%s%s",
                          has_data ? data : home, has_data ? "" : "/.local/share", arch, path);
    if (length < (int)path_size && access(in_guest, R_OK) == 0)
        memcpy(path, in_guest, (size_t)length + 1);
}

// Where a name has variants, the name itself is no routine but chooses one.
static void add_library(struct library *l, const char *package, const char *beside)
{
    if (access(l->path, R_OK) == 0 && archive_index_each(l->path, visit, l)) {
        for (size_t i = 0; i < PLAIN_COUNT; i++)
            if (l->has[i] && l->variants[i] == 0)
                add(l, plain[i]);
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        add(l, plain[i]);
        struct backend *b = &l->out->items[l->out->count - 1];
        if (debian_arch_of(package))
            backend_miss(b, "run script/guest-libcs %s (%s)", debian_arch_of(package),
                         beside[0] ? beside : "musl-dev");
        else
            backend_miss(b, "install %s", package);
    }
}

// storecopy's portable code, which is compiled for the architecture when it runs.
static void add_engine(struct backend_list *out, const struct arch *arch)
{
    static const struct {
        const char *name, *symbol, *features;
        enum copy_op op;
        uint64_t width;
    } rows[] = {
#define ROW(name, function, op, width, features) {name, #function, features, op, width},
        STORECOPY_ROWS(ROW)
#undef ROW
    };
    char name[NAME_MAX_BYTES];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (rows[i].features[0] || strstr(rows[i].name, "_portable"))
            continue; // x86's; and here, all is portable
        snprintf(name, sizeof name, "%s/engine/%s", arch->name, rows[i].name);
        struct backend *b =
            cross_add(out, arch, name, NULL, rows[i].symbol, "storecopy, the copy engine");
        b->op = rows[i].op;
        b->arg4 = rows[i].width;
        b->size_unit = op_has_fifo(b->op) ? rows[i].width : 1;
    }
}

static void add_glibc(struct backend_list *out, const struct arch *arch)
{
    struct library l = {.out = out, .arch = arch, .family = "glibc", .path = arch->libc};
    add_library(&l, arch->libc_package, "");
}

void cross_list_of(struct backend_list *out, const struct arch *arch, bool of_engine)
{
    of_engine ? add_engine(out, arch) : add_glibc(out, arch);
}

void cross_list(struct backend_list *out)
{
    static const char *const engines[] = {CROSS_ENGINES};
    for (size_t i = 0; i < sizeof engines / sizeof *engines; i++)
        if (arch_find(engines[i]))
            add_engine(out, arch_find(engines[i]));
    static const struct {
        const char *arch, *family, *package, *beside, *path;
    } rows[] = {
#define ROW(arch, family, package, beside, path) {arch, family, package, beside, path},
        CROSS_LIBRARY_ROWS(ROW)
#undef ROW
    };
    for (size_t i = 0; i < arch_count; i++)
        add_glibc(out, &archs[i]);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char path[PATH_MAX];
        snprintf(path, sizeof path, "%s", rows[i].path);
        find_guest_file(rows[i].package, path, sizeof path);
        struct library l = {
            .out = out, .arch = arch_find(rows[i].arch), .family = rows[i].family, .path = path};
        if (l.arch && !is_of_host(rows[i].package))
            add_library(&l, rows[i].package, rows[i].beside);
    }
}
