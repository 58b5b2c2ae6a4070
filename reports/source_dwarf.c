// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/source.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct search {
    const char *symbol;
    struct source_place *out;
    bool found;
};

// A path below the working folder counts from there, as in a checkout.
static void put_file(const char *path, struct source_place *out)
{
    char here[PATH_MAX];
    size_t length = getcwd(here, sizeof here) != NULL ? strlen(here) : 0;
    if (length > 0 && strncmp(path, here, length) == 0 && path[length] == '/')
        path += length + 1;
    snprintf(out->file, sizeof out->file, "%s", path);
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
    put_file(file, s->out);
    s->out->line = line;
    s->found = true;
    return DWARF_CB_ABORT;
}

static int look_at_module(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr start,
                          void *context)
{
    (void)user, (void)name, (void)start;
    struct search *s = context;
    Dwarf_Die *unit = NULL;
    Dwarf_Addr bias;
    while (!s->found && (unit = dwfl_module_nextcu(module, unit, &bias)) != NULL)
        dwarf_getfuncs(unit, look_at_function, s, 0);
    return s->found ? DWARF_CB_ABORT : DWARF_CB_OK;
}

static int no_debug_file(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base,
                         const char *file, const char *link, GElf_Word crc, char **found)
{
    (void)module, (void)user, (void)name, (void)base, (void)file, (void)link, (void)crc;
    (void)found;
    return -1;
}

bool source_find(const struct backend *b, struct source_place *out)
{
    // The file itself alone: a report does not search the system, nor a network.
    static const Dwfl_Callbacks callbacks = {.find_debuginfo = no_debug_file,
                                             .section_address = dwfl_offline_section_address};
    struct search s = {.symbol = b->symbol, .out = out};
    Dwfl *dwfl = b->path != NULL ? dwfl_begin(&callbacks) : NULL;
    if (dwfl == NULL)
        return false;
    dwfl_report_begin(dwfl);
    if (dwfl_report_offline(dwfl, "", b->path, -1) != NULL &&
        dwfl_report_end(dwfl, NULL, NULL) == 0)
        dwfl_getmodules(dwfl, look_at_module, &s, 0);
    dwfl_end(dwfl);
    return s.found;
}
