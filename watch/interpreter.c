// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "watch/interpreter.h"

#include <fcntl.h>
#include <gelf.h>
#include <glob.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool read_interpreter(const char *path, char *out, size_t out_size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t count = 0;
    bool found = false;
    elf_version(EV_CURRENT);
    Elf *elf = fd >= 0 ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
    if (elf != NULL && elf_getphdrnum(elf, &count) != 0)
        count = 0;
    for (size_t i = 0; i < count && !found; i++) {
        GElf_Phdr phdr;
        if (gelf_getphdr(elf, (int)i, &phdr) == NULL || phdr.p_type != PT_INTERP)
            continue;
        ssize_t got = pread(fd, out, out_size - 1, (off_t)phdr.p_offset);
        out[got < 0 ? 0 : got] = '\0';
        found = out[0] == '/';
    }
    elf_end(elf);
    if (fd >= 0)
        close(fd);
    return found;
}

// A cross toolchain's folder, /usr/TRIPLET, that has the file.
static void find_sysroot(const char *interpreter, char *out, size_t out_size)
{
    char pattern[PATH_MAX + 8];
    glob_t found;
    *out = '\0';
    snprintf(pattern, sizeof pattern, "/usr/*%s", interpreter);
    if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0)
        snprintf(out, out_size, "%.*s", (int)(strlen(found.gl_pathv[0]) - strlen(interpreter)),
                 found.gl_pathv[0]);
    globfree(&found);
}

bool interpreter_is_missing(const char *path, const char *sysroot, struct interpreter_lack *out)
{
    char inside[2 * PATH_MAX];
    if (!read_interpreter(path, out->interpreter, sizeof out->interpreter))
        return false;
    snprintf(inside, sizeof inside, "%s%s", sysroot, out->interpreter);
    if (access(inside, F_OK) == 0 || access(out->interpreter, F_OK) == 0)
        return false;
    find_sysroot(out->interpreter, out->sysroot, sizeof out->sysroot);
    return true;
}
