// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What every part of the loader does to an image in the making.

#include "backends/loader/linker.h"
#include "base/memory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { PIECES_MAX = 4096 };

bool image_fail(struct linker *l, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return error_set(l->error, "%s: %s", l->path, text);
}

// Can the section be part of an image? Says why not.
static bool check_section(struct linker *l, const struct elf_unit *unit, size_t section,
                          const GElf_Shdr *shdr)
{
    const char *name = unit->member != NULL ? unit->member : "section";
    uint64_t align = shdr->sh_addralign;
    if ((shdr->sh_flags & SHF_ALLOC) == 0 || (shdr->sh_flags & SHF_COMPRESSED) != 0) {
        return image_fail(l, "%s %zu is not loaded, yet code refers to it", name, section);
    }
    if ((shdr->sh_flags & SHF_EXECINSTR) != 0 && (shdr->sh_flags & SHF_WRITE) != 0) {
        return image_fail(l, "%s %zu is writable code, which is not taken", name, section);
    }
    if (shdr->sh_size > IMAGE_BYTES_MAX || align > IMAGE_ALIGN_MAX || (align & (align - 1)) != 0) {
        return image_fail(l, "%s %zu has a size or alignment that is not taken (%ju, %ju)", name,
                          section, (uintmax_t)shdr->sh_size, (uintmax_t)align);
    }
    if (shdr->sh_type == SHT_NOBITS) {
        return true;
    }
    Elf_Data *data = elf_rawdata(elf_getscn(unit->elf, section), NULL);
    if (data == NULL || data->d_size != shdr->sh_size ||
        (data->d_buf == NULL && data->d_size != 0)) {
        return image_fail(l, "%s %zu lies outside of the file", name, section);
    }
    return true;
}

static enum segment segment_of(const GElf_Shdr *shdr)
{
    if ((shdr->sh_flags & SHF_TLS) != 0) {
        return SEGMENT_THREAD;
    }
    if ((shdr->sh_flags & SHF_EXECINSTR) != 0) {
        return SEGMENT_CODE;
    }
    return (shdr->sh_flags & SHF_WRITE) != 0 ? SEGMENT_DATA : SEGMENT_CONST;
}

bool image_reach(struct linker *l, struct elf_unit *unit, size_t section, size_t *piece)
{
    for (*piece = 0; *piece < l->piece_count; *piece += 1) {
        if (l->pieces[*piece].unit == unit && l->pieces[*piece].section == section) {
            return true;
        }
    }
    GElf_Shdr shdr;
    Elf_Scn *scn = elf_getscn(unit->elf, section);
    if (scn == NULL || gelf_getshdr(scn, &shdr) == NULL) {
        return image_fail(l, "a symbol lies in section %zu, which does not exist", section);
    }
    if (!check_section(l, unit, section, &shdr)) {
        return false;
    }
    if (l->piece_count == PIECES_MAX) {
        return image_fail(l, "the routine reaches more than %d sections", PIECES_MAX);
    }
    l->pieces = must(realloc(l->pieces, (l->piece_count + 1) * sizeof *l->pieces));
    l->pieces[l->piece_count++] = (struct piece){
        .unit = unit, .section = section, .shdr = shdr, .segment = segment_of(&shdr)};
    return true;
}
