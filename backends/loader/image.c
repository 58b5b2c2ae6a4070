// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Gathers the sections that a routine reaches, and what they refer to.

#include "backends/loader/image.h"
#include "base/memory.h"

#include "backends/loader/linker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { FIXUPS_MAX = 1 << 20 };

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

static struct target bind(struct linker *l, const char *name, enum binding_kind kind, uint64_t size,
                          uint64_t align)
{
    size_t i = 0;
    while (i < l->binding_count && strcmp(l->bindings[i].name, name) != 0) {
        i++;
    }
    if (i == l->binding_count) {
        l->bindings = must(realloc(l->bindings, (i + 1) * sizeof *l->bindings));
        l->bindings[i] = (struct binding){.name = must(strdup(name)), .kind = kind};
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
    if (GELF_ST_TYPE(sym->st_info) == STT_GNU_IFUNC) {
        char name[256];
        snprintf(name, sizeof name, "%s" UNDEFINED_IFUNC, symbol->name);
        *out = bind(l, name, BINDING_TRAP, 1, 1);
        return true;
    }
    if (sym->st_shndx == SHN_ABS) {
        *out = (struct target){TARGET_ABSOLUTE, 0, sym->st_value};
        return true;
    }
    if (sym->st_shndx == SHN_COMMON) {
        if (sym->st_size > IMAGE_BYTES_MAX || sym->st_value > IMAGE_ALIGN_MAX ||
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
    if (!image_reach(l, unit, sym->st_shndx, &out->index)) {
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

static struct target bind_supplied(struct linker *l, const struct supplied *row)
{
    // Eight bytes even where four are used: a wider load stays in bounds.
    bool code = row->code != NULL;
    struct target t = bind(l, row->name, BINDING_SUPPLIED, code ? row->bytes : 8, code ? 16 : 8);
    l->bindings[t.index].supplied = row;
    return t;
}

// glibc's variables go before the archive: it defines them in members that bring in
// its start-up code.
static bool resolve_undefined(struct linker *l, const struct elf_symbol *symbol, struct target *out)
{
    struct elf_symbol found;
    bool weak = GELF_ST_BIND(symbol->sym.st_info) == STB_WEAK;
    const struct supplied *row = supplied_find(symbol->name);
    if (row != NULL && row->code == NULL) {
        *out = bind_supplied(l, row);
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
    } else if (row != NULL) {
        *out = bind_supplied(l, row);
    } else {
        *out = bind(l, symbol->name, BINDING_TRAP, 1, 1);
    }
    return true;
}

// What the symbol is. The address of a weak one that nobody defines is 0; a
// THREAD-local variable has no address that could be.
static bool resolve(struct linker *l, struct elf_unit *unit, size_t index, bool thread,
                    struct target *out)
{
    struct elf_symbol symbol;
    *out = (struct target){TARGET_ABSOLUTE, 0, 0};
    if (index == 0) {
        return true;
    }
    if (!elf_unit_symbol(unit, index, &symbol)) {
        return image_fail(l, "a relocation names symbol %zu, which does not exist", index);
    }
    if (symbol.sym.st_shndx != SHN_UNDEF) {
        return resolve_defined(l, unit, &symbol, out);
    }
    if (!resolve_undefined(l, &symbol, out)) {
        return false;
    }
    if (thread && out->kind == TARGET_ABSOLUTE) {
        *out = bind(l, symbol.name, BINDING_TRAP, 1, 1);
    }
    return true;
}

static bool keep_fixup(struct linker *l, const struct fixup *f)
{
    if (l->fixup_count == FIXUPS_MAX) {
        return image_fail(l, "the routine reaches more than %d relocations", FIXUPS_MAX);
    }
    if ((l->fixup_count & (l->fixup_count - 1)) == 0) { // grow at powers of two
        size_t room = l->fixup_count == 0 ? 1 : 2 * l->fixup_count;
        l->fixups = must(realloc(l->fixups, room * sizeof *l->fixups));
    }
    l->fixups[l->fixup_count++] = *f;
    return true;
}

// Is it the call that an earlier relocation has taken out?
static bool is_gone(struct linker *l, size_t piece, uint64_t offset)
{
    bool gone = l->has_gone && l->gone_piece == piece && l->gone_offset == offset;
    l->has_gone = l->has_gone && !gone;
    return gone;
}

static bool add_fixup(struct linker *l, size_t piece, const GElf_Rela *rela, const uint8_t *section)
{
    struct elf_unit *unit = l->pieces[piece].unit;
    unsigned type = (unsigned)GELF_R_TYPE(rela->r_info);
    uint64_t size = l->pieces[piece].shdr.sh_size;
    struct fixup f = {.piece = piece,
                      .offset = rela->r_offset,
                      .addend = rela->r_addend,
                      .row = reloc_find(type)};
    if (is_gone(l, piece, f.offset)) {
        return true;
    }
    if (f.row == NULL) {
        return image_fail(l,
                          "has a relocation of type %u, which is not taken; link it into a "
                          "shared object",
                          type);
    }
    if (section == NULL || f.offset > size || size - f.offset < f.row->width) {
        return image_fail(l, "a relocation lies outside of its section (0x%jx)",
                          (uintmax_t)f.offset);
    }
    if (!image_tls_relax(l, type, section, size, &f)) {
        return false;
    }
    size_t symbol = GELF_R_SYM(rela->r_info);
    if (f.row->base != BASE_GOT && f.row->base != BASE_NONE &&
        !resolve(l, unit, symbol, reloc_is_thread_local(f.row), &f.target)) {
        return false;
    }
    f.is_branch = f.form == NULL && reloc_is_branch(f.row, section, f.offset);
    return keep_fixup(l, &f);
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
            if (GELF_R_TYPE(rela.r_info) != RELOC_NONE && !add_fixup(l, piece, &rela, bytes)) {
                return false;
            }
        }
    }
    return true;
}

static bool scan_rest(struct linker *l)
{
    for (; l->scanned < l->piece_count; l->scanned++) { // grows while it runs
        if (!scan(l, l->scanned)) {
            return false;
        }
    }
    return true;
}

// All that the routine reaches, and the constructors of all files that have a part in
// it, where it reaches data: only then can it tell whether they have run.
static bool gather(struct linker *l)
{
    bool good = scan_rest(l);
    bool data = good && image_reaches_data(l);
    for (size_t i = 0; good && data && i < l->piece_count; i++) {
        good = image_reach_constructors(l, i) && scan_rest(l);
    }
    return good;
}

// Constructors run as they are: what one reads of a thread-local variable that is
// not there would be another's.
static bool constructors_may_run(struct linker *l)
{
    for (size_t i = 0; l->init_count > 0 && i < l->fixup_count; i++) {
        const struct fixup *f = &l->fixups[i];
        bool bound = f->target.kind == TARGET_BINDING && reloc_is_thread_local(f->row);
        if (bound && l->bindings[f->target.index].kind == BINDING_TRAP) {
            return image_fail(l,
                              "has constructors, and `%s`, which is thread-local, is not "
                              "defined; link it into a shared object (gcc -shared)",
                              l->bindings[f->target.index].name);
        }
    }
    return true;
}

static bool visit_instrumented(const struct elf_unit *unit, const struct elf_symbol *symbol,
                               void *context)
{
    (void)unit;
    const char **by = context;
    if (symbol->sym.st_shndx == SHN_UNDEF)
        *by = instrumented_by(symbol->name);
    return *by == NULL;
}

// Instrumented code cannot be judged. Its file's symbols tell, whether the routine comes
// to them or not.
static bool check_instrumented(struct linker *l)
{
    const char *by = NULL;
    for (size_t i = 0; i < l->piece_count && by == NULL; i++) {
        if (i == 0 || l->pieces[i].unit != l->pieces[i - 1].unit) {
            elf_unit_each_symbol(l->pieces[i].unit, visit_instrumented, &by);
        }
    }
    return by == NULL || image_fail(l, INSTRUMENTED_TEXT, by);
}

static bool check_undefined(struct linker *l)
{
    size_t count = 0;
    for (size_t i = 0; i < l->binding_count; i++) {
        count += l->bindings[i].kind == BINDING_TRAP;
    }
    return count <= IMAGE_UNDEFINED_MAX ||
           image_fail(l, "the routine reaches more than %d symbols that its file does not define",
                      IMAGE_UNDEFINED_MAX);
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
    return gather(l) && check_instrumented(l) && check_undefined(l) && constructors_may_run(l) &&
           image_place(l, &entry, out);
}

bool image_load(const char *path, const char *symbol, struct routine *out, struct error *error)
{
    struct linker l = {.path = path, .error = error};
    l.file = elf_file_open(path, error);
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
    free(l.inits);
    free(l.fixups);
    free(l.pieces);
    elf_file_close(l.file);
    return linked;
}
