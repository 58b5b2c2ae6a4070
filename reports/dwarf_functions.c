// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/dwarf_functions.h"

#include "backends/elf/elf_sound.h"
#include "base/file.h"

#include <elfutils/libdwfl.h>
#include <stdbool.h>
#include <stdlib.h>

enum { FILE_BYTES_MAX = 1 << 30 };

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

// ---- a file that somebody may be writing to ----

static bool image_fits(Elf *elf, size_t length)
{
    size_t count;
    GElf_Shdr section;
    GElf_Phdr segment;
    if (elf_kind(elf) != ELF_K_ELF || elf_getphdrnum(elf, &count) != 0)
        return false;
    for (size_t i = 0; i < count; i++)
        if (!gelf_getphdr(elf, (int)i, &segment) ||
            !elf_range_fits(segment.p_offset, segment.p_filesz, length))
            return false;
    if (elf_getshdrnum(elf, &count) != 0)
        return false;
    for (size_t i = 1; i < count; i++)
        if (!gelf_getshdr(elf_getscn(elf, i), &section) ||
            !elf_range_fits(section.sh_offset, section.sh_type == SHT_NOBITS ? 0 : section.sh_size,
                            length))
            return false;
    return true;
}

static bool member_fits(Elf *member)
{
    size_t length;
    return elf_kind(member) != ELF_K_ELF ||
           (elf_rawfile(member, &length) != NULL && image_fits(member, length));
}

static bool members_fit(Elf *archive)
{
    Elf_Cmd next = ELF_C_READ;
    bool fit = true;
    for (Elf *member; fit && (member = elf_begin(-1, next, archive)) != NULL;) {
        fit = member_fits(member);
        next = elf_next(member);
        elf_end(member);
    }
    return fit;
}

// Does the file have all that its headers say? libdwfl takes it for granted.
static bool is_whole(char *bytes, size_t length)
{
    Elf *elf = elf_memory(bytes, length);
    bool whole = elf_kind(elf) == ELF_K_AR ? members_fit(elf) : image_fits(elf, length);
    elf_end(elf);
    return whole;
}

// A copy of the file: one that is mapped, as libdwfl does by itself, may become shorter meanwhile,
// which ends its reader.
static char *copy_of(const char *path, size_t *length)
{
    char *bytes = path != NULL ? file_read(path, FILE_BYTES_MAX, length) : NULL;
    elf_version(EV_CURRENT);
    if (bytes != NULL && *length <= FILE_BYTES_MAX && is_whole(bytes, *length))
        return bytes;
    free(bytes);
    return NULL;
}

void dwarf_functions_each(const char *path, int (*look)(Dwarf_Die *function, void *context),
                          void *context)
{
    static const Dwfl_Callbacks callbacks = {.find_debuginfo = no_debug_file,
                                             .section_address = dwfl_offline_section_address};
    struct each each = {.look = look, .context = context};
    size_t length;
    char *bytes = copy_of(path, &length);
    Dwfl *dwfl = bytes != NULL ? dwfl_begin(&callbacks) : NULL;
    if (dwfl != NULL) {
        dwfl_report_begin(dwfl);
        if (dwfl_report_offline_memory(dwfl, "", "", bytes, length) != NULL &&
            dwfl_report_end(dwfl, NULL, NULL) == 0)
            dwfl_getmodules(dwfl, look_at_module, &each, 0);
        dwfl_end(dwfl);
    }
    free(bytes);
}
