// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/elf/elf_identity.h"

#include "base/printable.h"

#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void read_build_id(Elf_Data *notes, char out[ELF_BUILD_ID_MAX])
{
    GElf_Nhdr note;
    size_t name_off, id_off;
    for (size_t at = 0; (at = gelf_getnote(notes, at, &note, &name_off, &id_off)) > 0;) {
        const unsigned char *bytes = notes->d_buf;
        if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof ELF_NOTE_GNU ||
            memcmp(bytes + name_off, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) != 0 ||
            note.n_descsz > (ELF_BUILD_ID_MAX - 1) / 2)
            continue;
        for (size_t i = 0; i < note.n_descsz; i++)
            snprintf(out + 2 * i, 3, "%02x", bytes[id_off + i]);
        return;
    }
}

static bool is_named(Elf *elf, const GElf_Shdr *shdr, const char *name)
{
    size_t names;
    const char *own =
        elf_getshdrstrndx(elf, &names) == 0 ? elf_strptr(elf, names, shdr->sh_name) : NULL;
    return own != NULL && strcmp(own, name) == 0;
}

// The first text of .comment, which GNU objects begin with a NUL.
static void read_compiler(const Elf_Data *comment, char out[ELF_COMPILER_MAX])
{
    const char *text = comment->d_buf;
    size_t at = 0;
    while (at < comment->d_size && text[at] == '\0')
        at++;
    snprintf(out, ELF_COMPILER_MAX, "%.*s", (int)strnlen(text + at, comment->d_size - at),
             text + at);
    printable(out);
}

static void read_unit(Elf *elf, struct elf_identity *out)
{
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn)) != NULL;) {
        GElf_Shdr shdr;
        if (gelf_getshdr(scn, &shdr) == NULL || shdr.sh_type == SHT_NOBITS)
            continue;
        bool notes = shdr.sh_type == SHT_NOTE;
        Elf_Data *data = notes || is_named(elf, &shdr, ".comment") ? elf_getdata(scn, NULL) : NULL;
        if (data == NULL || data->d_buf == NULL)
            continue;
        if (notes && out->build_id[0] == '\0')
            read_build_id(data, out->build_id);
        else if (!notes && out->compiler[0] == '\0')
            read_compiler(data, out->compiler);
    }
}

// What all members say alike.
static void read_archive(Elf *archive, int fd, struct elf_identity *out)
{
    bool differ = false;
    Elf_Cmd next = ELF_C_READ;
    for (Elf *member; next != ELF_C_NULL && (member = elf_begin(fd, next, archive)) != NULL;) {
        struct elf_identity own = {.build_id = ""};
        if (elf_kind(member) == ELF_K_ELF)
            read_unit(member, &own);
        if (out->compiler[0] == '\0')
            snprintf(out->compiler, sizeof out->compiler, "%s", own.compiler);
        differ |= own.compiler[0] != '\0' && strcmp(own.compiler, out->compiler) != 0;
        next = elf_next(member);
        elf_end(member);
    }
    if (differ)
        out->compiler[0] = '\0';
}

bool elf_identity(const char *path, struct elf_identity *out)
{
    *out = (struct elf_identity){.build_id = ""};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    elf_version(EV_CURRENT);
    Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
    if (elf != NULL && elf_kind(elf) == ELF_K_AR)
        read_archive(elf, fd, out);
    else if (elf != NULL && elf_kind(elf) == ELF_K_ELF)
        read_unit(elf, out);
    elf_end(elf);
    close(fd);
    return out->build_id[0] != '\0' || out->compiler[0] != '\0';
}
