// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/dwarf_functions.h"

#include <elfutils/libdwfl.h>
#include <stdbool.h>

struct each {
    int (*look)(Dwarf_Die *function, void *context);
    void *context;
    bool ended;
};

static int look_once(Dwarf_Die *function, void *context)
{
    struct each *each = context;
    int result = each->look(function, each->context);
    each->ended = result == DWARF_CB_ABORT;
    return result;
}

static int look_at_module(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr start,
                          void *context)
{
    (void)user, (void)name, (void)start;
    struct each *each = context;
    Dwarf_Die *unit = NULL;
    Dwarf_Addr bias;
    while (!each->ended && (unit = dwfl_module_nextcu(module, unit, &bias)) != NULL)
        dwarf_getfuncs(unit, look_once, each, 0);
    return each->ended ? DWARF_CB_ABORT : DWARF_CB_OK;
}

static int no_debug_file(Dwfl_Module *module, void **user, const char *name, Dwarf_Addr base,
                         const char *file, const char *link, GElf_Word crc, char **found)
{
    (void)module, (void)user, (void)name, (void)base, (void)file, (void)link, (void)crc;
    (void)found;
    return -1;
}

void dwarf_functions_each(const char *path, int (*look)(Dwarf_Die *function, void *context),
                          void *context)
{
    static const Dwfl_Callbacks callbacks = {.find_debuginfo = no_debug_file,
                                             .section_address = dwfl_offline_section_address};
    struct each each = {.look = look, .context = context};
    Dwfl *dwfl = path != NULL ? dwfl_begin(&callbacks) : NULL;
    if (dwfl == NULL)
        return;
    dwfl_report_begin(dwfl);
    if (dwfl_report_offline(dwfl, "", path, -1) != NULL && dwfl_report_end(dwfl, NULL, NULL) == 0)
        dwfl_getmodules(dwfl, look_at_module, &each, 0);
    dwfl_end(dwfl);
}
