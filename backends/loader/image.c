// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Gathers the sections that a routine reaches, and what they refer to.

#include "backends/loader/image.h"

#include "backends/loader/linker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    PIECES_MAX = 4096,
    FIXUPS_MAX = 1 << 20,
};

// Functions that never return: to reach one is the end of the case, and to
// load them would bring in half a libc.
static const char *const enders[] = {
    "abort",
    "exit",
    "_exit",
    "_Exit",
    "raise",
    "__chk_fail",
    "__fortify_fail",
    "__stack_chk_fail",
    "__stack_chk_fail_local",
    "__assert_fail",
    "__assert",
    "__libc_fatal",
};

void *image_must(void *memory)
{
    if (memory == NULL) {
        abort();
    }
    return memory;
}

bool image_fail(struct linker *l, const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(l->error, l->error_size, "%s: %s", l->path, text);
    return false;
}

// Can the section be part of an image? Says why not.
static bool check_section(struct linker *l, const struct elf_unit *unit, size_t section,
                          const GElf_Shdr *shdr)
{
    const char *name = unit->member != NULL ? unit->member : "section";
    uint64_t align = shdr->sh_addralign;
    if ((shdr->sh_flags & SHF_TLS) != 0) {
        return image_fail(l, "%s uses thread-local storage; link it into a shared object", name);
    }
    if ((shdr->sh_flags & SHF_ALLOC) == 0 || (shdr->sh_flags & SHF_COMPRESSED) != 0) {
        return image_fail(l, "%s %zu is not loaded, yet code refers to it", name, section);
    }
    if ((shdr->sh_flags & SHF_EXECINSTR) != 0 && (shdr->sh_flags & SHF_WRITE) != 0) {
        return image_fail(l, "%s %zu is writable code, which is not taken", name, section);
    }
    if (shdr->sh_size > IMAGE_BYTES_MAX || align > IMAGE_PAGE || (align & (align - 1)) != 0) {
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

// Makes the section part of the image, once.
static bool reach(struct linker *l, struct elf_unit *unit, size_t section, size_t *piece)
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
    enum segment segment = (shdr.sh_flags & SHF_EXECINSTR) != 0 ? SEGMENT_CODE
                           : (shdr.sh_flags & SHF_WRITE) != 0   ? SEGMENT_DATA
                                                                : SEGMENT_CONST;
    l->pieces = image_must(realloc(l->pieces, (l->piece_count + 1) * sizeof *l->pieces));
    l->pieces[l->piece_count++] =
        (struct piece){.unit = unit, .section = section, .shdr = shdr, .segment = segment};
    return true;
}

static struct target bind(struct linker *l, const char *name, enum binding_kind kind, uint64_t size,
                          uint64_t align)
{
    size_t i = 0;
    while (i < l->binding_count && strcmp(l->bindings[i].name, name) != 0) {
        i++;
    }
    if (i == l->binding_count) {
        l->bindings = image_must(realloc(l->bindings, (i + 1) * sizeof *l->bindings));
        l->bindings[i] = (struct binding){.name = image_must(strdup(name)), .kind = kind};
        l->binding_count++;
    }
    struct binding *b = &l->bindings[i];
    b->size = size > b->size ? size : b->size;
    b->align = align > b->align ? align : b->align;
    return (struct target){TARGET_BINDING, i, 0};
}

static bool resolve_defined(struct linker *l, struct elf_unit *unit,
                            const struct elf_symbol *symbol, struct target *out)
{
    const GElf_Sym *sym = &symbol->sym;
    if (GELF_ST_TYPE(sym->st_info) == STT_TLS) {
        return image_fail(l, "%s is thread-local; link it into a shared object", symbol->name);
    }
    if (GELF_ST_TYPE(sym->st_info) == STT_GNU_IFUNC) {
        char name[256];
        snprintf(name, sizeof name, "%s (an ifunc)", symbol->name);
        *out = bind(l, name, BINDING_TRAP, 1, 1);
        return true;
    }
    if (sym->st_shndx == SHN_ABS) {
        *out = (struct target){TARGET_ABSOLUTE, 0, sym->st_value};
        return true;
    }
    if (sym->st_shndx == SHN_COMMON) {
        if (sym->st_size > IMAGE_BYTES_MAX || sym->st_value > IMAGE_PAGE ||
            (sym->st_value & (sym->st_value - 1)) != 0) {
            return image_fail(l, "%s is too large, or its alignment is not taken", symbol->name);
        }
        *out = bind(l, symbol->name, BINDING_COMMON, sym->st_size, sym->st_value);
        return true;
    }
    if (sym->st_shndx >= SHN_LORESERVE) {
        return image_fail(l, "%s lies in a special section (0x%x)", symbol->name, sym->st_shndx);
    }
    *out = (struct target){TARGET_PIECE, 0, sym->st_value};
    if (!reach(l, unit, sym->st_shndx, &out->index)) {
        return false;
    }
    if (sym->st_value > l->pieces[out->index].shdr.sh_size) {
        return image_fail(l, "symbol %s lies outside of its section", symbol->name);
    }
    return true;
}

static bool is_ender(const char *name)
{
    for (size_t i = 0; i < sizeof enders / sizeof *enders; i++) {
        if (strcmp(enders[i], name) == 0) {
            return true;
        }
    }
    return false;
}

// The __x86_* variables go before the archive: glibc defines them in members
// that bring in its start-up code.
static bool resolve_undefined(struct linker *l, const struct elf_symbol *symbol, struct target *out)
{
    struct elf_symbol found;
    bool weak = GELF_ST_BIND(symbol->sym.st_info) == STB_WEAK;
    if (strncmp(symbol->name, "__x86_", 6) == 0) {
        // Eight bytes even where four are used: a wider load stays in bounds.
        *out = bind(l, symbol->name, BINDING_VARIABLE, 8, 8);
        return true;
    }
    if (elf_file_kind(l->file) == ELF_FILE_ARCHIVE && !weak && !is_ender(symbol->name)) {
        struct elf_unit *unit = elf_file_find(l->file, symbol->name, false, &found);
        if (unit != NULL) {
            return resolve_defined(l, unit, &found, out);
        }
    }
    if (weak) {
        *out = (struct target){TARGET_ABSOLUTE, 0, 0};
    } else {
        *out = bind(l, symbol->name, BINDING_TRAP, 1, 1);
    }
    return true;
}

static bool resolve(struct linker *l, struct elf_unit *unit, size_t index, struct target *out)
{
    struct elf_symbol symbol;
    *out = (struct target){TARGET_ABSOLUTE, 0, 0};
    if (index == 0) {
        return true;
    }
    if (!elf_unit_symbol(unit, index, &symbol)) {
        return image_fail(l, "a relocation names symbol %zu, which does not exist", index);
    }
    return symbol.sym.st_shndx == SHN_UNDEF ? resolve_undefined(l, &symbol, out)
                                            : resolve_defined(l, unit, &symbol, out);
}

static bool add_fixup(struct linker *l, size_t piece, const GElf_Rela *rela, const uint8_t *section)
{
    struct elf_unit *unit = l->pieces[piece].unit;
    unsigned type = (unsigned)GELF_R_TYPE(rela->r_info);
    size_t symbol = GELF_R_SYM(rela->r_info);
    struct fixup f = {piece, rela->r_offset, rela->r_addend, reloc_find(type), {0}, 0};
    if (reloc_is_thread_local(type)) {
        struct elf_symbol s = {.name = ""};
        elf_unit_symbol(unit, symbol, &s);
        return image_fail(l, "uses thread-local storage (%s); link it into a shared object",
                          s.name != NULL ? s.name : "");
    }
    if (f.row == NULL) {
        return image_fail(l,
                          "has a relocation of type %u, which is not taken; link it into a "
                          "shared object",
                          type);
    }
    uint64_t size = l->pieces[piece].shdr.sh_size;
    if (section == NULL || f.offset > size || size - f.offset < f.row->width) {
        return image_fail(l, "a relocation lies outside of its section (0x%jx)",
                          (uintmax_t)f.offset);
    }
    if (f.row->base != BASE_GOT && !resolve(l, unit, symbol, &f.target)) {
        return false;
    }
    if (f.target.kind == TARGET_BINDING && reloc_is_branch(f.row, section, f.offset)) {
        l->bindings[f.target.index].called = true;
    }
    f.slot = reloc_has_slot(f.row) ? l->slot_count++ : 0;
    if (l->fixup_count == FIXUPS_MAX) {
        return image_fail(l, "the routine reaches more than %d relocations", FIXUPS_MAX);
    }
    if ((l->fixup_count & (l->fixup_count - 1)) == 0) { // grow at powers of two
        size_t room = l->fixup_count == 0 ? 1 : 2 * l->fixup_count;
        l->fixups = image_must(realloc(l->fixups, room * sizeof *l->fixups));
    }
    l->fixups[l->fixup_count++] = f;
    return true;
}

// Takes in the relocations of a piece, and with them the sections they reach.
static bool scan(struct linker *l, size_t piece)
{
    struct elf_unit *unit = l->pieces[piece].unit;
    size_t section = l->pieces[piece].section;
    const uint8_t *bytes = NULL;
    if (l->pieces[piece].shdr.sh_type != SHT_NOBITS) {
        bytes = elf_rawdata(elf_getscn(unit->elf, section), NULL)->d_buf;
    }
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(unit->elf, scn)) != NULL;) {
        GElf_Shdr shdr;
        if (gelf_getshdr(scn, &shdr) == NULL || shdr.sh_info != section ||
            (shdr.sh_type != SHT_RELA && shdr.sh_type != SHT_REL)) {
            continue;
        }
        Elf_Data *data = shdr.sh_type == SHT_RELA ? elf_getdata(scn, NULL) : NULL;
        if (data == NULL || data->d_size != shdr.sh_size) {
            return image_fail(l, "relocations of section %zu cannot be read", section);
        }
        size_t count = data->d_size / sizeof(Elf64_Rela);
        for (size_t i = 0; i < count; i++) {
            GElf_Rela rela;
            if (gelf_getrela(data, (int)i, &rela) == NULL) {
                return image_fail(l, "relocations of section %zu cannot be read", section);
            }
            if (GELF_R_TYPE(rela.r_info) != R_X86_64_NONE && !add_fixup(l, piece, &rela, bytes)) {
                return false;
            }
        }
    }
    return true;
}

static bool link_routine(struct linker *l, const char *symbol, struct routine *out)
{
    struct elf_symbol found;
    struct target entry;
    struct elf_unit *unit = elf_file_find(l->file, symbol, true, &found);
    if (unit == NULL) {
        return image_fail(l, "has no symbol %s", symbol);
    }
    if (GELF_ST_TYPE(found.sym.st_info) == STT_GNU_IFUNC) {
        return image_fail(
            l, "%s is an ifunc, not a routine; name one of the routines it chooses from", symbol);
    }
    if (!elf_symbol_is_code(&found)) {
        return image_fail(l, "%s is not a function", symbol);
    }
    if (!resolve_defined(l, unit, &found, &entry)) {
        return false;
    }
    // A symbol may stand at the very end of its section; a routine may not.
    if (entry.kind != TARGET_PIECE || entry.value >= l->pieces[entry.index].shdr.sh_size) {
        return image_fail(l, "%s has no code: it stands at the end of its section", symbol);
    }
    for (size_t i = 0; i < l->piece_count; i++) { // grows while it runs
        if (!scan(l, i)) {
            return false;
        }
    }
    return image_place(l, &entry, out);
}

bool image_load(const char *path, const char *symbol, struct routine *out, char *error,
                size_t error_size)
{
    struct linker l = {.path = path, .error = error, .error_size = error_size};
    l.file = elf_file_open(path, error, error_size);
    if (l.file == NULL) {
        return false;
    }
    bool linked = elf_file_kind(l.file) != ELF_FILE_SHARED
                      ? link_routine(&l, symbol, out)
                      : image_fail(&l, "is a shared object, not an object file");
    if (!linked && l.base != NULL) {
        munmap(l.base, l.bytes);
    }
    for (size_t i = 0; i < l.binding_count; i++) {
        free(l.bindings[i].name);
    }
    free(l.bindings);
    free(l.fixups);
    free(l.pieces);
    elf_file_close(l.file);
    return linked;
}
