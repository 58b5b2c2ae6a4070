// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/source.h"

#include "base/memory.h"
#include "base/printable.h"
#include "reports/dwarf_functions.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct search {
    const char *symbol;
    struct source_place *out;
    bool found;
};

// A path below the working folder counts from there, as in a checkout. False: it is too
// long to be told.
static bool put_file(const char *path, char *out, size_t size)
{
    char here[PATH_MAX];
    size_t length = getcwd(here, sizeof here) != NULL ? strlen(here) : 0;
    if (length > 0 && strncmp(path, here, length) == 0 && path[length] == '/')
        path += length + 1;
    return (size_t)snprintf(out, size, "%s", path) < size && *printable(out) != '\0';
}

static int look_at_function(Dwarf_Die *function, void *context)
{
    struct search *s = context;
    Dwarf_Attribute attribute;
    const char *name = dwarf_diename(function);
    const char *link =
        dwarf_formstring(dwarf_attr_integrate(function, DW_AT_linkage_name, &attribute));
    int line;
    if ((name == NULL || strcmp(name, s->symbol) != 0) &&
        (link == NULL || strcmp(link, s->symbol) != 0))
        return DWARF_CB_OK;
    const char *file = dwarf_decl_file(function);
    if (file == NULL || dwarf_decl_line(function, &line) != 0 || line < 1)
        return DWARF_CB_OK;
    s->out->line = line;
    s->found = put_file(file, s->out->file, sizeof s->out->file);
    return s->found ? DWARF_CB_ABORT : DWARF_CB_OK;
}

bool source_find(const struct backend *b, struct source_place *out)
{
    struct search s = {.symbol = b->symbol, .out = out};
    dwarf_functions_each(b->path, look_at_function, &s);
    return s.found;
}

// ---- lines ----

struct source_lines {
    Dwfl *dwfl;
    Dwfl_Module *module;
    char *debug;
    bool asked; // for it: what is asked for next is another file, with common parts of several
};

static int open_debug_file(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base,
                           const char *file, const char *link, GElf_Word crc, char **found)
{
    (void)module, (void)name, (void)base, (void)file, (void)link, (void)crc, (void)found;
    struct source_lines *s = *user;
    if (s == NULL || s->debug == NULL || s->asked)
        return -1;
    s->asked = true;
    return open(s->debug, O_RDONLY | O_CLOEXEC);
}

static bool has_units(Dwfl_Module *module)
{
    Dwarf_Addr bias;
    return dwfl_module_nextcu(module, NULL, &bias) != NULL;
}

static Dwfl_Module *report(struct source_lines *s, uint8_t *bytes, size_t length)
{
    void **user;
    dwfl_report_begin(s->dwfl);
    Dwfl_Module *module = dwfl_report_offline_memory(s->dwfl, "", "", (char *)bytes, length);
    if (module == NULL || dwfl_report_end(s->dwfl, NULL, NULL) != 0)
        return NULL;
    dwfl_module_info(module, &user, NULL, NULL, NULL, NULL, NULL, NULL);
    *user = s;
    return module;
}

struct source_lines *source_lines_open(uint8_t *bytes, size_t length, const char *debug)
{
    static const Dwfl_Callbacks callbacks = {.find_debuginfo = open_debug_file,
                                             .section_address = dwfl_offline_section_address};
    struct source_lines *s = must(calloc(1, sizeof *s));
    s->dwfl = dwfl_begin(&callbacks);
    s->debug = debug != NULL ? must(strdup(debug)) : NULL;
    s->module = s->dwfl != NULL ? report(s, bytes, length) : NULL;
    if (s->module != NULL && has_units(s->module))
        return s;
    source_lines_close(s);
    return NULL;
}

void source_lines_close(struct source_lines *s)
{
    if (s == NULL)
        return;
    if (s->dwfl != NULL)
        dwfl_end(s->dwfl);
    free(s->debug);
    free(s);
}

// libdwfl lays the sections of a relocatable object out, and notes where in their headers.
static bool address_of(struct source_lines *s, uint32_t section, uint64_t offset, Dwarf_Addr *out)
{
    GElf_Ehdr header;
    GElf_Shdr shdr;
    Dwarf_Addr bias;
    Elf *elf = dwfl_module_getelf(s->module, &bias);
    if (elf == NULL || gelf_getehdr(elf, &header) == NULL)
        return false;
    *out = offset + bias;
    if (header.e_type != ET_REL)
        return true;
    if (gelf_getshdr(elf_getscn(elf, section), &shdr) == NULL)
        return false;
    *out += shdr.sh_addr;
    return true;
}

// A path of the line table counts from the folder of the compilation, to clang's from
// "./".
static bool put_line(const char *file, const char *folder, int line, struct source_line *out)
{
    if (strncmp(file, "./", 2) == 0)
        file += 2;
    char *path =
        file[0] == '/' || folder == NULL ? must(strdup(file)) : must_print("%s/%s", folder, file);
    bool put = put_file(path, out->file, sizeof out->file);
    out->line = line;
    free(path);
    return put && line > 0;
}

static bool put_innermost(Dwarf_Die *unit, Dwarf_Addr at, struct source_line *out)
{
    int line;
    Dwarf_Files *files;
    const char *const *folders;
    size_t count;
    Dwarf_Line *found = dwarf_getsrc_die(unit, at);
    const char *file = found != NULL ? dwarf_linesrc(found, NULL, NULL) : NULL;
    if (file == NULL || dwarf_lineno(found, &line) != 0)
        return false;
    bool folder = dwarf_getsrcfiles(unit, &files, &count) == 0 &&
                  dwarf_getsrcdirs(files, &folders, &count) == 0 && count > 0;
    return put_line(file, folder ? folders[0] : NULL, line, out);
}

static bool is_function(Dwarf_Die *die)
{
    int tag = dwarf_tag(die);
    return tag == DW_TAG_inlined_subroutine || tag == DW_TAG_subprogram;
}

static void put_function(Dwarf_Die *die, struct source_line *out)
{
    const char *name = dwarf_diename(die);
    snprintf(out->function, sizeof out->function, "%s", name != NULL ? name : "");
    printable(out->function);
}

// The call that an inlined function stands for.
static bool put_call(Dwarf_Die *die, Dwarf_Die *unit, struct source_line *out)
{
    Dwarf_Attribute attribute;
    Dwarf_Word file, line;
    Dwarf_Files *files;
    const char *const *folders;
    size_t count;
    if (dwarf_formudata(dwarf_attr(die, DW_AT_call_file, &attribute), &file) != 0 ||
        dwarf_formudata(dwarf_attr(die, DW_AT_call_line, &attribute), &line) != 0 ||
        dwarf_getsrcfiles(unit, &files, &count) != 0 || line > INT_MAX)
        return false;
    const char *path = dwarf_filesrc(files, file, NULL, NULL);
    bool folder = dwarf_getsrcdirs(files, &folders, &count) == 0 && count > 0;
    return path != NULL && put_line(path, folder ? folders[0] : NULL, (int)line, out);
}

// May the function that holds the address be inside? Namespaces and classes have no
// addresses of their own.
static bool may_hold(Dwarf_Die *die, Dwarf_Addr at)
{
    switch (dwarf_tag(die)) {
    case DW_TAG_namespace:
    case DW_TAG_module:
    case DW_TAG_class_type:
    case DW_TAG_structure_type:
    case DW_TAG_union_type:
    case DW_TAG_enumeration_type:
        return true;
    case DW_TAG_subprogram:
    case DW_TAG_inlined_subroutine:
    case DW_TAG_lexical_block:
    case DW_TAG_try_block:
    case DW_TAG_catch_block:
        return dwarf_haspc(die, at) > 0;
    }
    return false;
}

enum { NESTED_MAX = 64 };

// Adds the functions in DIE that hold the address to the N in OUT, which has room for
// NESTED_MAX, the outermost first: each is inlined in the one before it.
static size_t functions_in(Dwarf_Die *die, Dwarf_Addr at, Dwarf_Die *out, size_t n)
{
    Dwarf_Die child;
    size_t before = n;
    if (dwarf_child(die, &child) != 0)
        return n;
    do {
        if (!may_hold(&child, at) || n == NESTED_MAX)
            continue;
        if (is_function(&child))
            out[n++] = child;
        n = functions_in(&child, at, out, n);
    } while (n == before && dwarf_siblingof(&child, &child) == 0);
    return n;
}

// The compilation unit of ADDRESS. clang and rustc make no index of addresses, without
// which only the units' own ranges tell.
static Dwarf_Die *unit_of(struct source_lines *s, Dwarf_Addr address, Dwarf_Addr *bias)
{
    Dwarf_Die *unit = dwfl_module_addrdie(s->module, address, bias);
    if (unit != NULL)
        return unit;
    do
        unit = dwfl_module_nextcu(s->module, unit, bias);
    while (unit != NULL && dwarf_haspc(unit, address - *bias) <= 0);
    return unit;
}

// Names the functions of the lines, and adds those that the first was inlined at.
static size_t put_callers(Dwarf_Die *unit, Dwarf_Addr at, struct source_line *out, size_t max)
{
    Dwarf_Die functions[NESTED_MAX];
    size_t n = 1;
    for (size_t i = functions_in(unit, at, functions, 0); i-- > 0; n++) {
        put_function(&functions[i], &out[n - 1]);
        if (dwarf_tag(&functions[i]) != DW_TAG_inlined_subroutine || n == max ||
            !put_call(&functions[i], unit, &out[n]))
            break;
    }
    return n;
}

size_t source_lines_at(struct source_lines *s, uint32_t section, uint64_t offset,
                       struct source_line *out, size_t max)
{
    Dwarf_Addr address, bias;
    memset(out, 0, max * sizeof *out);
    if (max == 0 || !address_of(s, section, offset, &address))
        return 0;
    Dwarf_Die *unit = unit_of(s, address, &bias);
    if (unit == NULL || !put_innermost(unit, address - bias, &out[0]))
        return 0;
    return put_callers(unit, address - bias, out, max);
}
