// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "image.h"

#include "image_parts.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    PAGE = 4096,
    PIECES_MAX = 4096,
    FIXUPS_MAX = 1 << 20,
    HLT = 0xf4, // privileged: faults wherever it is run
};
#define IMAGE_BYTES_MAX (UINT64_C(64) << 20)

// glibc's defaults for a CPU of which nothing is known (2.36,
// sysdeps/x86/cacheinfo.h, dl-cacheinfo.h). Others start at zero.
static const struct variable_row {
    const char *name;
    size_t width;
    uint64_t value;
} variables[] = {
    {"__x86_shared_non_temporal_threshold", 8, 0xc0000},
    {"__x86_rep_movsb_threshold", 8, 2048},
    {"__x86_rep_movsb_stop_threshold", 8, 0xc0000},
    {"__x86_rep_stosb_threshold", 8, 2048},
    {"__x86_shared_cache_size", 8, 0x100000},
    {"__x86_shared_cache_size_half", 8, 0x80000},
    {"__x86_raw_shared_cache_size", 8, 0x100000},
    {"__x86_raw_shared_cache_size_half", 8, 0x80000},
    {"__x86_data_cache_size", 8, 0x8000},
    {"__x86_data_cache_size_half", 8, 0x4000},
    {"__x86_raw_data_cache_size", 8, 0x8000},
    {"__x86_raw_data_cache_size_half", 8, 0x4000},
    {"__x86_string_control", 4, 0},
    {"__x86_prefetchw", 4, 0},
};

// Functions that never return: to reach one is the end of the case, and to
// load them would bring in half a libc.
static const char *const enders[] = {
    "abort", "exit", "_exit", "_Exit", "raise", "__chk_fail", "__fortify_fail",
    "__stack_chk_fail", "__stack_chk_fail_local", "__assert_fail", "__assert",
    "__libc_fatal",
};

struct linker {
    const char *path;
    struct elf_file *file;
    struct piece *pieces;
    size_t piece_count;
    struct binding *bindings;
    size_t binding_count;
    struct fixup *fixups;
    size_t fixup_count;
    size_t slot_count;
    size_t trap_count, called_count; // traps, and those that calls go to
    uint64_t segment_bytes[SEGMENT_COUNT];
    uint64_t got_offset;             // in the segment of constants
    uint8_t *base;
    size_t bytes;
    uint8_t *segment[SEGMENT_COUNT];
    uint8_t *traps;
    const char **trap_names;
    char *error;
    size_t error_size;
};

static void *must(void *memory) {
    if (memory == NULL) {
        abort();
    }
    return memory;
}

__attribute__((format(printf, 2, 3))) static bool fail(struct linker *l, const char *format,
                                                       ...) {
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    snprintf(l->error, l->error_size, "%s: %s", l->path, text);
    return false;
}

static uint64_t align_up(uint64_t value, uint64_t align) {
    return align < 2 ? value : (value + align - 1) & ~(align - 1);
}

// Can the section be part of an image? Says why not.
static bool check_section(struct linker *l, const struct elf_unit *unit, size_t section,
                          const GElf_Shdr *shdr) {
    const char *name = unit->member != NULL ? unit->member : "section";
    uint64_t align = shdr->sh_addralign;
    if ((shdr->sh_flags & SHF_TLS) != 0) {
        return fail(l, "%s uses thread-local storage; link it into a shared object", name);
    }
    if ((shdr->sh_flags & SHF_ALLOC) == 0 || (shdr->sh_flags & SHF_COMPRESSED) != 0) {
        return fail(l, "%s %zu is not loaded, yet code refers to it", name, section);
    }
    if ((shdr->sh_flags & SHF_EXECINSTR) != 0 && (shdr->sh_flags & SHF_WRITE) != 0) {
        return fail(l, "%s %zu is writable code, which is not taken", name, section);
    }
    if (shdr->sh_size > IMAGE_BYTES_MAX || align > PAGE || (align & (align - 1)) != 0) {
        return fail(l, "%s %zu has a size or alignment that is not taken (%ju, %ju)", name,
                    section, (uintmax_t)shdr->sh_size, (uintmax_t)align);
    }
    if (shdr->sh_type == SHT_NOBITS) {
        return true;
    }
    Elf_Data *data = elf_rawdata(elf_getscn(unit->elf, section), NULL);
    if (data == NULL || data->d_size != shdr->sh_size ||
        (data->d_buf == NULL && data->d_size != 0)) {
        return fail(l, "%s %zu lies outside of the file", name, section);
    }
    return true;
}

// Makes the section part of the image, once.
static bool reach(struct linker *l, struct elf_unit *unit, size_t section, size_t *piece) {
    for (*piece = 0; *piece < l->piece_count; *piece += 1) {
        if (l->pieces[*piece].unit == unit && l->pieces[*piece].section == section) {
            return true;
        }
    }
    GElf_Shdr shdr;
    Elf_Scn *scn = elf_getscn(unit->elf, section);
    if (scn == NULL || gelf_getshdr(scn, &shdr) == NULL) {
        return fail(l, "a symbol lies in section %zu, which does not exist", section);
    }
    if (!check_section(l, unit, section, &shdr)) {
        return false;
    }
    if (l->piece_count == PIECES_MAX) {
        return fail(l, "the routine reaches more than %d sections", PIECES_MAX);
    }
    enum segment segment = (shdr.sh_flags & SHF_EXECINSTR) != 0 ? SEGMENT_CODE
                           : (shdr.sh_flags & SHF_WRITE) != 0   ? SEGMENT_DATA
                                                                : SEGMENT_CONST;
    l->pieces = must(realloc(l->pieces, (l->piece_count + 1) * sizeof *l->pieces));
    l->pieces[l->piece_count++] =
        (struct piece){.unit = unit, .section = section, .shdr = shdr, .segment = segment};
    return true;
}

static struct target bind(struct linker *l, const char *name, enum binding_kind kind,
                          uint64_t size, uint64_t align) {
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
                            const struct elf_symbol *symbol, struct target *out) {
    const GElf_Sym *sym = &symbol->sym;
    if (GELF_ST_TYPE(sym->st_info) == STT_TLS) {
        return fail(l, "%s is thread-local; link it into a shared object", symbol->name);
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
        if (sym->st_size > IMAGE_BYTES_MAX || sym->st_value > PAGE ||
            (sym->st_value & (sym->st_value - 1)) != 0) {
            return fail(l, "%s is too large, or its alignment is not taken", symbol->name);
        }
        *out = bind(l, symbol->name, BINDING_COMMON, sym->st_size, sym->st_value);
        return true;
    }
    if (sym->st_shndx >= SHN_LORESERVE) {
        return fail(l, "%s lies in a special section (0x%x)", symbol->name, sym->st_shndx);
    }
    *out = (struct target){TARGET_PIECE, 0, sym->st_value};
    if (!reach(l, unit, sym->st_shndx, &out->index)) {
        return false;
    }
    if (sym->st_value > l->pieces[out->index].shdr.sh_size) {
        return fail(l, "symbol %s lies outside of its section", symbol->name);
    }
    return true;
}

static bool is_ender(const char *name) {
    for (size_t i = 0; i < sizeof enders / sizeof *enders; i++) {
        if (strcmp(enders[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static const struct variable_row *variable_find(const char *name) {
    static const struct variable_row other = {"", 8, 0};
    for (size_t i = 0; i < sizeof variables / sizeof *variables; i++) {
        if (strcmp(variables[i].name, name) == 0) {
            return &variables[i];
        }
    }
    return &other;
}

// The __x86_* variables go before the archive: glibc defines them in members
// that bring in its start-up code.
static bool resolve_undefined(struct linker *l, const struct elf_symbol *symbol,
                              struct target *out) {
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

static bool resolve(struct linker *l, struct elf_unit *unit, size_t index,
                    struct target *out) {
    struct elf_symbol symbol;
    *out = (struct target){TARGET_ABSOLUTE, 0, 0};
    if (index == 0) {
        return true;
    }
    if (!elf_unit_symbol(unit, index, &symbol)) {
        return fail(l, "a relocation names symbol %zu, which does not exist", index);
    }
    return symbol.sym.st_shndx == SHN_UNDEF ? resolve_undefined(l, &symbol, out)
                                            : resolve_defined(l, unit, &symbol, out);
}

static bool add_fixup(struct linker *l, size_t piece, const GElf_Rela *rela,
                      const uint8_t *section) {
    struct elf_unit *unit = l->pieces[piece].unit;
    unsigned type = (unsigned)GELF_R_TYPE(rela->r_info);
    size_t symbol = GELF_R_SYM(rela->r_info);
    struct fixup f = {piece, rela->r_offset, rela->r_addend, reloc_find(type), {0}, 0};
    if (reloc_is_thread_local(type)) {
        struct elf_symbol s = {.name = ""};
        elf_unit_symbol(unit, symbol, &s);
        return fail(l, "uses thread-local storage (%s); link it into a shared object",
                    s.name != NULL ? s.name : "");
    }
    if (f.row == NULL) {
        return fail(l, "has a relocation of type %u, which is not taken; link it into a "
                       "shared object", type);
    }
    uint64_t size = l->pieces[piece].shdr.sh_size;
    if (section == NULL || f.offset > size || size - f.offset < f.row->width) {
        return fail(l, "a relocation lies outside of its section (0x%jx)",
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
        return fail(l, "the routine reaches more than %d relocations", FIXUPS_MAX);
    }
    if ((l->fixup_count & (l->fixup_count - 1)) == 0) { // grow at powers of two
        size_t room = l->fixup_count == 0 ? 1 : 2 * l->fixup_count;
        l->fixups = must(realloc(l->fixups, room * sizeof *l->fixups));
    }
    l->fixups[l->fixup_count++] = f;
    return true;
}

// Takes in the relocations of a piece, and with them the sections they reach.
static bool scan(struct linker *l, size_t piece) {
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
            return fail(l, "relocations of section %zu cannot be read", section);
        }
        size_t count = data->d_size / sizeof(Elf64_Rela);
        for (size_t i = 0; i < count; i++) {
            GElf_Rela rela;
            if (gelf_getrela(data, (int)i, &rela) == NULL) {
                return fail(l, "relocations of section %zu cannot be read", section);
            }
            if (GELF_R_TYPE(rela.r_info) != R_X86_64_NONE &&
                !add_fixup(l, piece, &rela, bytes)) {
                return false;
            }
        }
    }
    return true;
}

static uint64_t place_in(struct linker *l, enum segment segment, uint64_t size,
                         uint64_t align) {
    uint64_t offset = align_up(l->segment_bytes[segment], align);
    l->segment_bytes[segment] = offset + size;
    return offset;
}

// Gives everything its offset. False when the image would be too large.
static bool place(struct linker *l) {
    for (size_t i = 0; i < l->piece_count; i++) {
        struct piece *p = &l->pieces[i];
        p->offset = place_in(l, p->segment, p->shdr.sh_size, p->shdr.sh_addralign);
        if (l->segment_bytes[p->segment] > IMAGE_BYTES_MAX) {
            return fail(l, "the routine's image is larger than 64 MiB");
        }
    }
    l->got_offset = place_in(l, SEGMENT_CONST, 8 * l->slot_count, 8);
    for (size_t i = 0; i < l->binding_count; i++) {
        l->called_count += l->bindings[i].kind == BINDING_TRAP && l->bindings[i].called;
    }
    size_t called = 0, others = l->called_count;
    for (size_t i = 0; i < l->binding_count; i++) {
        struct binding *b = &l->bindings[i];
        if (b->kind == BINDING_TRAP) {
            b->offset = b->called ? called++ : others++;
        } else {
            b->offset = place_in(l, SEGMENT_DATA, b->size, b->align);
        }
        if (l->segment_bytes[SEGMENT_DATA] > IMAGE_BYTES_MAX) {
            return fail(l, "the routine's image is larger than 64 MiB");
        }
    }
    l->trap_count = others;
    return true;
}

// One inaccessible page, code, one inaccessible page, ... The traps that are
// called are hlt instructions that end a page; those of data lie in the
// inaccessible pages behind it, so that to read one faults as well.
static bool map(struct linker *l) {
    uint64_t at[SEGMENT_COUNT], bytes = PAGE;
    for (int s = 0; s < SEGMENT_COUNT; s++) {
        at[s] = bytes;
        bytes += align_up(l->segment_bytes[s], PAGE) + PAGE;
    }
    uint64_t trap_edge = bytes + align_up(l->called_count, PAGE);
    bytes = trap_edge + align_up(l->trap_count - l->called_count, PAGE) + PAGE;
    l->base = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
    if (l->base == MAP_FAILED) {
        l->base = NULL;
        return fail(l, "no address space left below 2 GiB for %ju bytes", (uintmax_t)bytes);
    }
    l->bytes = bytes;
    l->traps = l->base + trap_edge - l->called_count;
    for (int s = 0; s < SEGMENT_COUNT; s++) {
        l->segment[s] = l->base + at[s];
        if (mprotect(l->segment[s], align_up(l->segment_bytes[s], PAGE),
                     PROT_READ | PROT_WRITE) != 0) {
            return fail(l, "memory for the image could not be had");
        }
    }
    size_t hlt_bytes = align_up(l->called_count, PAGE);
    uint8_t *hlt = l->base + trap_edge - hlt_bytes;
    if (mprotect(hlt, hlt_bytes, PROT_READ | PROT_WRITE) != 0) {
        return fail(l, "memory for the image could not be had");
    }
    memset(hlt, HLT, hlt_bytes);
    return mprotect(hlt, hlt_bytes, PROT_READ | PROT_EXEC) == 0 ||
           fail(l, "memory cannot be made executable here");
}

static uint64_t address_of(const struct linker *l, const struct target *t) {
    if (t->kind == TARGET_ABSOLUTE) {
        return t->value;
    }
    if (t->kind == TARGET_PIECE) {
        const struct piece *p = &l->pieces[t->index];
        return (uintptr_t)(l->segment[p->segment] + p->offset) + t->value;
    }
    const struct binding *b = &l->bindings[t->index];
    const uint8_t *base = b->kind == BINDING_TRAP ? l->traps : l->segment[SEGMENT_DATA];
    return (uintptr_t)(base + b->offset);
}

static bool fill(struct linker *l) {
    for (size_t i = 0; i < l->piece_count; i++) {
        struct piece *p = &l->pieces[i];
        if (p->shdr.sh_type != SHT_NOBITS && p->shdr.sh_size > 0) {
            Elf_Data *data = elf_rawdata(elf_getscn(p->unit->elf, p->section), NULL);
            memcpy(l->segment[p->segment] + p->offset, data->d_buf, p->shdr.sh_size);
        }
    }
    uint8_t *got = l->segment[SEGMENT_CONST] + l->got_offset;
    for (size_t i = 0; i < l->fixup_count; i++) {
        const struct fixup *f = &l->fixups[i];
        struct piece *p = &l->pieces[f->piece];
        struct reloc_place where = {
            .field = l->segment[p->segment] + p->offset + f->offset,
            .symbol = address_of(l, &f->target),
            .slot = (uintptr_t)(got + 8 * f->slot),
            .got = (uintptr_t)got,
        };
        if (reloc_has_slot(f->row)) {
            memcpy(got + 8 * f->slot, &where.symbol, 8);
        }
        if (!reloc_apply(f, &where)) {
            return fail(l, "a relocation of type %s does not reach its symbol", f->row->name);
        }
    }
    return true;
}

static bool protect(struct linker *l) {
    static const int modes[SEGMENT_COUNT] = {
        [SEGMENT_CODE] = PROT_READ | PROT_EXEC,
        [SEGMENT_CONST] = PROT_READ,
        [SEGMENT_DATA] = PROT_READ | PROT_WRITE,
    };
    for (int s = 0; s < SEGMENT_COUNT; s++) {
        if (mprotect(l->segment[s], align_up(l->segment_bytes[s], PAGE), modes[s]) != 0) {
            return fail(l, "memory cannot be made executable here");
        }
    }
    return true;
}

static void describe_tunable(struct linker *l, const struct binding *b, struct routine *out) {
    const struct variable_row *row = variable_find(b->name);
    uint8_t *address = l->segment[SEGMENT_DATA] + b->offset;
    memcpy(address, &row->value, sizeof row->value);
    if (out->tunable_count < ROUTINE_TUNABLES_MAX) {
        out->tunables[out->tunable_count++] = (struct routine_tunable){
            must(strdup(b->name)), address, row->width, row->value};
    }
}

// Hands the finished image over; it stays mapped for the life of the process.
static void describe(struct linker *l, const struct target *entry, struct routine *out) {
    *out = (struct routine){.entry = address_of(l, entry), .handle = l->base};
    for (int s = 0; s < SEGMENT_COUNT; s++) {
        if (l->segment_bytes[s] > 0) {
            uintptr_t lo = (uintptr_t)l->segment[s];
            out->images[out->image_count++] = (struct span){lo, lo + l->segment_bytes[s]};
        }
    }
    l->trap_names = must(calloc(l->trap_count + 1, sizeof *l->trap_names));
    for (size_t i = 0; i < l->binding_count; i++) {
        struct binding *b = &l->bindings[i];
        if (b->kind == BINDING_VARIABLE) {
            describe_tunable(l, b, out);
        } else if (b->kind == BINDING_TRAP) {
            l->trap_names[b->offset] = must(strdup(b->name));
        }
    }
    out->undefined = (struct span){(uintptr_t)l->traps, (uintptr_t)l->traps + l->trap_count};
    out->undefined_names = l->trap_names;
}

static bool link_routine(struct linker *l, const char *symbol, struct routine *out) {
    struct elf_symbol found;
    struct target entry;
    struct elf_unit *unit = elf_file_find(l->file, symbol, true, &found);
    if (unit == NULL) {
        return fail(l, "has no symbol %s", symbol);
    }
    if (GELF_ST_TYPE(found.sym.st_info) == STT_GNU_IFUNC) {
        return fail(l, "%s is an ifunc, not a routine; name one of the routines it chooses from",
                    symbol);
    }
    if (!elf_symbol_is_code(&found)) {
        return fail(l, "%s is not a function", symbol);
    }
    if (!resolve_defined(l, unit, &found, &entry)) {
        return false;
    }
    for (size_t i = 0; i < l->piece_count; i++) { // grows while it runs
        if (!scan(l, i)) {
            return false;
        }
    }
    if (!place(l) || !map(l) || !fill(l) || !protect(l)) {
        return false;
    }
    describe(l, &entry, out);
    return true;
}

bool image_load(const char *path, const char *symbol, struct routine *out, char *error,
                size_t error_size) {
    struct linker l = {.path = path, .error = error, .error_size = error_size};
    l.file = elf_file_open(path, error, error_size);
    if (l.file == NULL) {
        return false;
    }
    bool linked = elf_file_kind(l.file) != ELF_FILE_SHARED
                      ? link_routine(&l, symbol, out)
                      : fail(&l, "is a shared object, not an object file");
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
