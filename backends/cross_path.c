// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// PATH:SYMBOL of a file for another CPU. Only the first bytes of the file, or of
// an archive's first object, are looked at: what is in it its cross binutils say
// when the routine is linked.

#include "backends/arch.h"
#include "backends/backend_list.h"
#include "backends/elf/elf_header.h"

#include <ar.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MEMBERS_MAX = 64 };

// The header of the file, or of the first ELF member of an archive.
static bool read_header(FILE *f, uint8_t header[ELF_HEADER_BYTES])
{
    struct ar_hdr member;
    if (fread(header, ELF_HEADER_BYTES, 1, f) != 1)
        return false;
    if (memcmp(header, ARMAG, SARMAG) != 0)
        return true;
    long at = SARMAG;
    for (int i = 0; i < MEMBERS_MAX; i++) {
        if (fseek(f, at, SEEK_SET) != 0 || fread(&member, sizeof member, 1, f) != 1 ||
            memcmp(member.ar_fmag, ARFMAG, sizeof member.ar_fmag) != 0)
            return false;
        long bytes = strtol(member.ar_size, NULL, 10);
        if (fread(header, ELF_HEADER_BYTES, 1, f) == 1 && memcmp(header, ELFMAG, SELFMAG) == 0)
            return true;
        if (bytes < 0 || bytes > INT32_MAX)
            return false;
        at += (long)sizeof member + bytes + (bytes & 1);
    }
    return false;
}

static const struct arch *arch_of_file(const char *path, bool *relocatable)
{
    uint8_t header[ELF_HEADER_BYTES] = {0};
    struct stat st;
    bool regular = stat(path, &st) == 0 && S_ISREG(st.st_mode); // opening a pipe would wait
    FILE *f = regular ? fopen(path, "rbe") : NULL;
    bool read = f && read_header(f, header);
    struct elf_header elf = {.type = ET_NONE};
    const struct arch *arch =
        read && elf_header_read(header, sizeof header, &elf) ? arch_of_header(&elf) : NULL;
    *relocatable = elf.type == ET_REL;
    if (f)
        fclose(f);
    return arch;
}

enum cross_found cross_find(const char *given, const char *path, const char *symbol,
                            struct backend_list *out, char *error, size_t error_size)
{
    char *name, from[96];
    bool relocatable;
    const struct arch *arch = arch_of_file(path, &relocatable);
    if (!arch)
        return CROSS_NOT;
    if (!relocatable) {
        snprintf(error, error_size,
                 "%s: is linked for %s; give its object file or archive, which can be linked "
                 "with the program that calls it",
                 given, arch->name);
        return CROSS_FAILED;
    }
    if (pattern_is_glob(symbol)) {
        snprintf(error, error_size, "%s: is for %s; name one routine of it, without a glob", given,
                 arch->name);
        return CROSS_FAILED;
    }
    if (strstr(symbol, "::")) {
        snprintf(error, error_size, "%s: '%s' is a C++ name as one writes it; give it as 'nm %s' "
                                    "prints it", given, symbol, given);
        return CROSS_FAILED;
    }
    if (asprintf(&name, "%s:%s", given, symbol) < 0)
        abort();
    snprintf(from, sizeof from, "object or archive for %s", arch->name);
    cross_add(out, arch, name, path, symbol, from);
    free(name);
    return CROSS_FOUND;
}
