// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/names.h"
#include "base/memory.h"
#include "trace/origins.h"

#include "backends/cross_symbols.h"
#include "backends/elf/archive_index.h"

#include <stdlib.h>
#include <string.h>

// Pages of all guests are of 64 KiB or less. Most objects lack few names: each has
// room for what a variable of that name may hold.
enum { PLACES_ALIGN = 1 << 16, PLACE_BYTES = 4096, PLACE_BYTES_MANY = 64, MANY = 2048 };

// Names that the linker defines, or the C library for the ABI rather than for its
// user: how a thread's variables are found, and the value of stack protectors.
static const char *const of_the_linker[] = {
    "_GLOBAL_OFFSET_TABLE_",
    "_DYNAMIC",
    "_gp_disp",
    "__gnu_local_gp",
    "_gp",
    ".TOC.",
    "__global_pointer$",
    "_SDA_BASE_",
    "_SDA2_BASE_",
    "$global$",
    "__ehdr_start",
    "__executable_start",
    "__dso_handle",
    "_end",
    "_edata",
    "_etext",
    "__bss_start",
    "__tls_get_addr",
    "__tls_get_addr_opt",
    "__tls_get_offset",
    "__aeabi_read_tp",
    "__m68k_read_tp",
    "___tls_get_addr",
    "__stack_chk_guard",
};

struct sorting {
    struct guest_names *names;
    const char *routine;
    char **supplied; // sorted
    size_t supplied_count, supplied_capacity;
    FILE *out;
};

static char *copy_of(const char *text)
{
    char *copy = must(strdup(text));
    return copy;
}

static bool take_supplied(const char *name, void *context)
{
    struct sorting *s = context;
    if (s->supplied_count == s->supplied_capacity) {
        s->supplied_capacity = s->supplied_capacity ? 2 * s->supplied_capacity : 1024;
        s->supplied = must(realloc(s->supplied, s->supplied_capacity * sizeof *s->supplied));
    }
    s->supplied[s->supplied_count++] = copy_of(name);
    return true;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_supplied(const struct sorting *s, const char *name)
{
    for (size_t i = 0; i < sizeof of_the_linker / sizeof *of_the_linker; i++)
        if (strcmp(name, of_the_linker[i]) == 0)
            return true;
    return s->supplied_count &&
           bsearch(&name, s->supplied, s->supplied_count, sizeof *s->supplied, compare);
}

static size_t number_of(struct guest_names *n, const struct cross_symbol *symbol)
{
    for (size_t i = 0; i < n->count; i++)
        if (strcmp(n->undefined[i].name, symbol->name) == 0)
            return i;
    if (n->count == n->capacity) {
        n->capacity = n->capacity ? 2 * n->capacity : 16;
        n->undefined = must(realloc(n->undefined, n->capacity * sizeof *n->undefined));
    }
    n->undefined[n->count] = (struct guest_name){.name = copy_of(symbol->name),
                                                 .thread_local_data = symbol->thread_local_data};
    return n->count++;
}

// A weak name that nobody defines is 0, which is what it is for. What cannot stand in
// objcopy's list keeps its name.
static bool sort_name(const struct cross_object *object, const struct cross_symbol *symbol,
                      void *context)
{
    (void)object;
    struct sorting *s = context;
    if (symbol->local || strcmp(symbol->name, s->routine) == 0 || strpbrk(symbol->name, " \t\r\n#"))
        return true;
    if (symbol->defined)
        fprintf(s->out, "%s " GUEST_OWN_PREFIX "%s\n", symbol->name, symbol->name);
    else if (is_supplied(s, symbol->name))
        return true;
    else if (symbol->weak)
        fprintf(s->out, "%s storescope_none_%s\n", symbol->name, symbol->name);
    else
        fprintf(s->out, "%s storescope_undefined_%zu\n", symbol->name, number_of(s->names, symbol));
    return true;
}

void guest_names_sort(struct guest_names *n, const uint8_t *object, size_t length,
                      const char *routine, const struct guest_suppliers *suppliers, FILE *out)
{
    struct sorting s = {.names = n, .routine = routine, .out = out};
    const struct cross_object whole = {.bytes = object, .length = length};
    for (size_t i = 0; i < suppliers->count; i++)
        archive_index_each(suppliers->archives[i], take_supplied, &s);
    if (s.supplied_count)
        qsort(s.supplied, s.supplied_count, sizeof *s.supplied, compare);
    cross_symbols_each(&whole, sort_name, &s);
    n->place_bytes = n->count > MANY ? PLACE_BYTES_MANY : PLACE_BYTES;
    for (size_t i = 0; i < s.supplied_count; i++)
        free(s.supplied[i]);
    free(s.supplied);
}

// A thread's variable lies elsewhere: an address in it stands for its place.
static void write_thread_locals(const struct guest_names *n, FILE *out)
{
    for (size_t i = 0; i < n->count; i++)
        if (n->undefined[i].thread_local_data)
            fprintf(out,
                    "__thread char tls_%zu[%d] __asm__(\"storescope_undefined_%zu\") "
                    "__attribute__((aligned(%d)));\n",
                    i, PLACES_ALIGN, i, PLACES_ALIGN);
    fputs("void storescope_forbid(void (*forbid)(void *, unsigned long)) {\n"
          "if (storescope_undefined_bytes)\n"
          "forbid(storescope_undefined, storescope_undefined_bytes);\n",
          out);
    for (size_t i = 0; i < n->count; i++)
        if (n->undefined[i].thread_local_data)
            fprintf(out, "forbid(tls_%zu, sizeof tls_%zu);\n", i, i);
    fputs("}\nunsigned long storescope_place(unsigned long at) {\n", out);
    for (size_t i = 0; i < n->count; i++)
        if (n->undefined[i].thread_local_data)
            fprintf(out,
                    "if (at - (unsigned long)tls_%zu < sizeof tls_%zu)\n"
                    "return (unsigned long)storescope_undefined + %zuul;\n",
                    i, i, i * n->place_bytes);
    fputs("return at;\n}\n", out);
}

void guest_names_write_c(const struct guest_names *n, FILE *out)
{
    size_t bytes = (n->count * n->place_bytes + PLACES_ALIGN - 1) / PLACES_ALIGN * PLACES_ALIGN;
    fprintf(out,
            "char storescope_undefined[%zu] __attribute__((aligned(%d)));\n"
            "const unsigned long storescope_undefined_bytes = %zu;\n",
            bytes ? bytes : 1, PLACES_ALIGN, bytes);
    write_thread_locals(n, out);
}

void guest_names_write_script(const struct guest_names *n, FILE *out)
{
    fputs("/* what nobody defines */\n", out);
    for (size_t i = 0; i < n->count; i++)
        if (!n->undefined[i].thread_local_data)
            fprintf(out, "storescope_undefined_%zu = storescope_undefined + %zu;\n", i,
                    i * n->place_bytes);
}

const char *guest_name_at(const struct guest_names *n, uint64_t bytes)
{
    uint64_t i = n->place_bytes ? bytes / n->place_bytes : n->count;
    return i < n->count ? n->undefined[i].name : NULL;
}

void guest_names_free(struct guest_names *n)
{
    for (size_t i = 0; i < n->count; i++)
        free(n->undefined[i].name);
    free(n->undefined);
    *n = (struct guest_names){0};
}
