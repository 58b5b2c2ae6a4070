// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/object.h"

#include "backends/backend.h"
#include "backends/elf/elf_file.h"
#include "backends/loader/image.h"
#include "fuzz/fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

enum {
    PATH_BYTES = 64,
    SYMBOL_BYTES_MAX = 256,
    LOADS_MAX = 4, // routines of one file; more of them take the same ways
};

// A file that holds the input, under a name that any function can open.
static void write_input(const uint8_t *data, size_t size, char path[PATH_BYTES])
{
    static int fd = -1;
    if (fd < 0)
        fd = memfd_create("input", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, data, size, 0) != (ssize_t)size)
        abort();
    snprintf(path, PATH_BYTES, "/proc/self/fd/%d", fd);
}

static void span_is_mapped(struct span span)
{
    for (uintptr_t at = span.lo; at < span.hi; at += 4096)
        (void)*(volatile const uint8_t *)at;
    (void)*(volatile const uint8_t *)(span.hi - 1);
}

static void routine_is_sound(const struct routine *r)
{
    bool inside = false;
    FUZZ_HOLDS(r->image_count > 0 && r->image_count <= ROUTINE_IMAGES_MAX);
    FUZZ_HOLDS(r->tunable_count <= ROUTINE_TUNABLES_MAX);
    for (size_t i = 0; i < r->image_count; i++) {
        FUZZ_HOLDS(r->images[i].lo < r->images[i].hi);
        span_is_mapped(r->images[i]);
        inside = inside || (r->entry >= r->images[i].lo && r->entry < r->images[i].hi);
    }
    FUZZ_HOLDS(inside);
    for (size_t i = 0; i < r->tunable_count; i++)
        FUZZ_HOLDS(r->tunables[i].symbol != NULL && r->tunables[i].width <= 8);
    const struct undefined *u = &r->undefined;
    for (uintptr_t at = u->span.lo; at < u->span.hi; at += UNDEFINED_BYTES)
        FUZZ_HOLDS(undefined_at(u, at) != NULL);
    for (size_t i = 0; i < u->use_count; i++)
        FUZZ_HOLDS(undefined_in(u, u->uses[i].at, u->uses[i].at + 1) != NULL);
}

static void load_one(const char *path, const char *symbol)
{
    struct routine r;
    struct error error = {""};
    if (image_load(path, symbol, &r, &error)) {
        routine_is_sound(&r);
        image_unload(&r);
    } else {
        FUZZ_HOLDS(error.text[0] != '\0');
    }
}

// As `storescope list PATH:*` and `storescope check PATH:SYMBOL` find routines.
static void find(const char *path, const char *symbol, struct backend_list *out)
{
    static const struct backend_list none;
    char pattern[PATH_BYTES + SYMBOL_BYTES_MAX];
    struct error error = {""};
    snprintf(pattern, sizeof pattern, "%s:%s", path, symbol);
    if (!backend_list_find(&none, pattern, out, &error))
        FUZZ_HOLDS(error.text[0] != '\0' && memchr(error.text, '\0', sizeof error.text) != NULL);
}

static bool count_symbol(const struct elf_unit *unit, const struct elf_symbol *symbol,
                         void *context)
{
    (void)unit;
    *(size_t *)context += strlen(symbol->name) + elf_symbol_is_code(symbol);
    return true;
}

static void read_all(struct elf_file *file)
{
    size_t sum = 0;
    char debug[256];
    elf_file_each_symbol(file, count_symbol, &sum);
    elf_file_each_indexed(file, count_symbol, &sum);
    if (elf_file_kind(file) == ELF_FILE_SHARED) {
        (void)elf_file_is_program(file);
        (void)elf_file_debug_path(file, debug, sizeof debug);
    }
}

void object_take(const uint8_t *data, size_t size)
{
    char path[PATH_BYTES];
    struct error error = {""};
    struct backend_list found = {0};
    write_input(data, size, path);
    struct elf_file *file = elf_file_open(path, &error);
    if (file == NULL) {
        fuzz_error_is_one_line(&error);
        return;
    }
    bool object = elf_file_kind(file) != ELF_FILE_SHARED;
    read_all(file);
    elf_file_close(file);
    find(path, "*", &found);
    find(path, "copy", &found);
    find(path, "no_such", &found);
    for (size_t i = 0; object && i < found.count && i < LOADS_MAX; i++)
        load_one(path, found.items[i].symbol);
    backend_list_free(&found);
}
