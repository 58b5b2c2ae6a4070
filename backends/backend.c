// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/backend_list.h"
#include "backends/call.h"
#include "backends/cpu.h"
#include "base/memory.h"
#include "base/printable.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const copy_op_name[OP_COUNT] = {
    [OP_MEMCPY] = "memcpy", [OP_MEMMOVE] = "memmove", [OP_MEMPCPY] = "mempcpy",
    [OP_SET] = "set",       [OP_TO_FIFO] = "to-fifo", [OP_FROM_FIFO] = "from-fifo",
};

const char copy_op_expected[] = "memcpy, memmove, mempcpy, set, to-fifo or from-fifo";

bool copy_op_parse(const char *name, enum copy_op *op)
{
    for (int i = 0; i < OP_COUNT; i++) {
        if (strcmp(name, copy_op_name[i]) == 0) {
            *op = (enum copy_op)i;
            return true;
        }
    }
    return false;
}

// What a symbol's name says it needs. The right column is what the code of that
// name uses (disassembled), and what glibc asks for (sysdeps/x86_64/multiarch/
// ifunc-impl-list.c, sysdeps/aarch64/multiarch): `rep movsb` runs without ERMS too, only slower.
static const struct part_row {
    const char *part; // of the name, between underscores
    const char *features;
} parts[] = {
    {"ssse3", "ssse3"},
    {"avx", "avx"},
    {"avx2", "avx2"},
    {"rtm", "rtm"},
    {"evex", "avx512f avx512vl"},
    {"avx512", "avx512f"},
    {"avx512_unaligned", "avx512vl"},
    {"avx512f", "avx512f"},
    {"movdir64b", "avx movdir64b"},
    {"clflush", "clflush"},
    {"clflushopt", "clflushopt"},
    {"clwb", "clwb"},
    {"sve", "sve"},
    {"a64fx", "sve"},
    {"mops", "mops"},
    {"zva64", "zva64"},
};

static bool has_part(const char *name, const char *part)
{
    size_t length = strlen(part);
    for (const char *at = name; (at = strstr(at, part)) != NULL; at++) {
        if (at > name && at[-1] == '_' && (at[length] == '_' || at[length] == '\0')) {
            return true;
        }
    }
    return false;
}

// Only names of the libraries we know: "avx" in a user's own may mean anything.
static void need_of_symbol(struct backend *b)
{
    static const char *const stems[] = {"__memcpy_", "__memmove_", "__mempcpy_", "__memset_",
                                        "memmove_mov"};
    bool known = false;
    for (size_t i = 0; i < sizeof stems / sizeof *stems; i++) {
        known = known || strncmp(b->symbol, stems[i], strlen(stems[i])) == 0;
    }
    for (size_t i = 0; known && i < sizeof parts / sizeof *parts; i++) {
        if (has_part(b->symbol, parts[i].part)) {
            backend_need(b, parts[i].features);
        }
    }
}

// The first part of a name that tells.
static enum copy_op op_of_symbol(const char *symbol)
{
    static const struct {
        const char *part;
        enum copy_op op;
    } rows[] = {
        {"mempcpy", OP_MEMPCPY}, {"wmemset", OP_MEMCPY},      {"memset", OP_SET},
        {"to_fifo", OP_TO_FIFO}, {"from_fifo", OP_FROM_FIFO}, {"move", OP_MEMMOVE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strstr(symbol, rows[i].part) != NULL) {
            return rows[i].op;
        }
    }
    return OP_MEMCPY;
}

static char *copy_text(const char *text)
{
    char *copy = text != NULL ? must(strdup(text)) : NULL;
    return copy;
}

// Appends *B as it is: the list takes its strings over.
static struct backend *append(struct backend_list *list, const struct backend *b)
{
    if (list->count == list->capacity) {
        list->capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
        list->items = must(realloc(list->items, list->capacity * sizeof *list->items));
    }
    list->items[list->count] = *b;
    return &list->items[list->count++];
}

struct backend *backend_add(struct backend_list *list, const char *name, const char *path,
                            const char *symbol, const char *from)
{
    struct backend b = {
        .name = printable(copy_text(name)),
        .path = copy_text(path),
        .symbol = copy_text(symbol),
        .from = copy_text(from),
        .op = op_of_symbol(symbol),
        .size_unit = 1,
        .align = 1,
    };
    need_of_symbol(&b);
    return append(list, &b);
}

void backend_miss(struct backend *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (b->missing == NULL) {
        if (vasprintf(&b->missing, format, args) < 0) {
            abort();
        }
        printable(b->missing);
    }
    va_end(args);
}

void backend_need(struct backend *b, const char *features)
{
    const char *lacks = cpu_lacks(features);
    if (lacks != NULL) {
        backend_miss(b, "CPU lacks %s", lacks);
    }
}

void backend_set_call(struct backend *b, const char *name, const struct call *call)
{
    free(b->name);
    call_free(b->call);
    b->name = printable(copy_text(name));
    b->call = call_copy(call);
    if (call != NULL) {
        b->result = call_is_void(call) ? RESULT_NONE : RESULT_OF_CALL;
        call_sizes(call, &b->size_min, &b->size_unit);
    }
}

static void free_strings(struct backend *b)
{
    call_free(b->call);
    free(b->name);
    free(b->path);
    free(b->symbol);
    free(b->from);
    free(b->missing);
}

static int compare_names(const void *a, const void *b)
{
    const struct backend *x = a, *y = b;
    return strcmp(x->name, y->name);
}

void backend_sort(struct backend_list *list, size_t first)
{
    if (list->count - first < 2) {
        return;
    }
    qsort(list->items + first, list->count - first, sizeof *list->items, compare_names);
    size_t kept = first + 1;
    for (size_t i = first + 1; i < list->count; i++) {
        if (strcmp(list->items[i].name, list->items[kept - 1].name) == 0) {
            free_strings(&list->items[i]);
        } else {
            list->items[kept++] = list->items[i];
        }
    }
    list->count = kept;
}

bool pattern_is_glob(const char *pattern)
{
    return strpbrk(pattern, "*?[") != NULL;
}

void backend_add_copy(struct backend_list *list, const struct backend *b)
{
    struct backend copy = *b;
    copy.name = copy_text(b->name);
    copy.path = copy_text(b->path);
    copy.symbol = copy_text(b->symbol);
    copy.from = copy_text(b->from);
    copy.missing = copy_text(b->missing);
    copy.call = call_copy(b->call);
    append(list, &copy);
}

void backend_list_free(struct backend_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free_strings(&list->items[i]);
    }
    free(list->items);
    *list = (struct backend_list){0};
}
