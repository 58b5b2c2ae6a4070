// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/elf/elf_file.h"
#include "backends/elf/elf_sound.h"
#include "base/host.h"
#include "base/memory.h"

#include <ar.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SYMBOL_BYTES_MAX = 4096 };

struct elf_file {
    int fd;
    uint64_t bytes;
    Elf *elf;
    enum elf_file_kind kind;
    size_t members_max;      // no more headers than this fit into the file
    struct elf_unit **units; // those handed out
    size_t unit_count;
};

// Opens PATH when it is a regular file with something in it.
static int open_regular(const char *path, size_t *bytes, struct error *error)
{
    // Without O_NONBLOCK the open of a FIFO would wait for a writer.
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        const char *why = errno == ENOENT ? "no such file" : strerror(errno);
        error_set(error, "%s: cannot be read: %s; check the path", path, why);
        return -1;
    }
    struct stat st;
    const char *why = NULL;
    if (fstat(fd, &st) != 0) {
        why = strerror(errno);
    } else if (S_ISDIR(st.st_mode)) {
        why = "is a directory";
    } else if (!S_ISREG(st.st_mode)) {
        why = "is not a regular file";
    } else if (st.st_size == 0) {
        why = "is empty";
    }
    if (why != NULL) {
        error_set(error, "%s: %s; give a shared object, an object file or an archive", path, why);
        close(fd);
        return -1;
    }
    *bytes = (size_t)st.st_size;
    return fd;
}

// Members of an archive may be for other machines, or no ELF at all.
static bool is_ours(Elf *elf)
{
    GElf_Ehdr header;
    return elf != NULL && elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &header) != NULL &&
           header.e_machine == host.machine && header.e_ident[EI_CLASS] == ELFCLASS64 &&
           header.e_ident[EI_DATA] == ELFDATA2LSB;
}

// A table of strings that do not end would be searched for its end again for
// each of its symbols.
static bool strings_end(Elf *elf, size_t section)
{
    GElf_Shdr shdr;
    Elf_Scn *scn = elf_getscn(elf, section);
    if (scn == NULL || gelf_getshdr(scn, &shdr) == NULL || shdr.sh_type != SHT_STRTAB) {
        return false;
    }
    Elf_Data *data = elf_rawdata(scn, NULL);
    return data != NULL && data->d_buf != NULL && data->d_size > 0 &&
           ((const char *)data->d_buf)[data->d_size - 1] == '\0';
}

// Finds the symbol tables. False when the unit is not ELF for this CPU.
static bool unit_open(Elf *elf, struct elf_unit *out)
{
    if (!is_ours(elf)) {
        return false;
    }
    *out = (struct elf_unit){.elf = elf};
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn)) != NULL;) {
        GElf_Shdr shdr;
        if (gelf_getshdr(scn, &shdr) == NULL ||
            (shdr.sh_type != SHT_SYMTAB && shdr.sh_type != SHT_DYNSYM)) {
            continue;
        }
        Elf_Data *data = elf_getdata(scn, NULL);
        if (data == NULL || data->d_buf == NULL || !strings_end(elf, shdr.sh_link)) {
            continue;
        }
        size_t count = data->d_size / sizeof(Elf64_Sym);
        if (shdr.sh_type == SHT_SYMTAB) {
            out->symbols = data;
            out->symbol_count = count;
            out->strings = shdr.sh_link;
        } else {
            out->dynamic_symbols = data;
            out->dynamic_count = count;
            out->dynamic_strings = shdr.sh_link;
        }
    }
    return true;
}

// Symbols are shown to people, and compared with patterns. Nobody asks for one
// with control characters, or of more than SYMBOL_BYTES_MAX.
static bool name_is_fit(const char *name)
{
    size_t length = strnlen(name, SYMBOL_BYTES_MAX + 1);
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)name[i] < ' ' || name[i] == 0x7f) {
            return false;
        }
    }
    return length <= SYMBOL_BYTES_MAX;
}

static bool read_symbol(const struct elf_unit *unit, bool dynamic, size_t index,
                        struct elf_symbol *out)
{
    Elf_Data *data = dynamic ? unit->dynamic_symbols : unit->symbols;
    size_t count = dynamic ? unit->dynamic_count : unit->symbol_count;
    if (data == NULL || index >= count || gelf_getsym(data, (int)index, &out->sym) == NULL) {
        return false;
    }
    size_t strings = dynamic ? unit->dynamic_strings : unit->strings;
    out->name = elf_strptr(unit->elf, strings, out->sym.st_name);
    out->dynamic = dynamic;
    out->executable = false;
    if (out->name == NULL || !name_is_fit(out->name)) {
        return false;
    }
    if (out->sym.st_shndx != SHN_UNDEF && out->sym.st_shndx < SHN_LORESERVE) {
        GElf_Shdr shdr;
        Elf_Scn *scn = elf_getscn(unit->elf, out->sym.st_shndx);
        out->executable =
            scn != NULL && gelf_getshdr(scn, &shdr) != NULL && (shdr.sh_flags & SHF_EXECINSTR) != 0;
    }
    return true;
}

bool elf_unit_symbol(const struct elf_unit *unit, size_t index, struct elf_symbol *out)
{
    return read_symbol(unit, false, index, out);
}

const char *symbol_version(const char *symbol, char name[SYMBOL_VERSION_MAX])
{
    size_t length = strcspn(symbol, "@"), ats = strspn(symbol + length, "@");
    if (length == 0 || length >= SYMBOL_VERSION_MAX || ats == 0 || ats > 2 ||
        symbol[length + ats] == '\0') {
        return NULL;
    }
    snprintf(name, SYMBOL_VERSION_MAX, "%.*s", (int)length, symbol);
    return symbol + length + ats;
}

bool elf_symbol_is_code(const struct elf_symbol *symbol)
{
    unsigned type = GELF_ST_TYPE(symbol->sym.st_info);
    return symbol->executable && (type == STT_FUNC || type == STT_NOTYPE);
}

// Visits those symbols that are DEFINED, or those that are not.
static bool each_of_kind(const struct elf_unit *unit, bool defined, elf_visit *visit, void *context)
{
    for (int dynamic = 0; dynamic < 2; dynamic++) {
        size_t count = dynamic ? unit->dynamic_count : unit->symbol_count;
        for (size_t i = 1; i < count; i++) {
            struct elf_symbol symbol;
            if (read_symbol(unit, dynamic != 0, i, &symbol) &&
                (symbol.sym.st_shndx != SHN_UNDEF) == defined && symbol.name[0] != '\0' &&
                !visit(unit, &symbol, context)) {
                return false;
            }
        }
    }
    return true;
}

static bool each_of_unit(const struct elf_unit *unit, elf_visit *visit, void *context)
{
    return each_of_kind(unit, true, visit, context);
}

void elf_unit_each_symbol(const struct elf_unit *unit, elf_visit *visit, void *context)
{
    if (each_of_kind(unit, false, visit, context)) {
        each_of_kind(unit, true, visit, context);
    }
}

static const char *member_name(Elf *elf)
{
    Elf_Arhdr *header = elf_getarhdr(elf);
    return header != NULL && header->ar_name != NULL ? header->ar_name : "?";
}

// Visits every member of an archive, as units that end with the visit.
static void each_member(struct elf_file *file, elf_unit_visit *visit, void *context)
{
    if (elf_rand(file->elf, SARMAG) != SARMAG) {
        return;
    }
    int64_t last = -1;
    bool more = true;
    for (size_t n = 0; more && n < file->members_max; n++) {
        Elf *elf = elf_begin(file->fd, ELF_C_READ, file->elf);
        if (elf == NULL) {
            return;
        }
        int64_t offset = elf_getaroff(elf);
        struct elf_unit unit;
        // A member that does not lie behind the last one is a damaged header.
        more = offset > last;
        if (more && unit_open(elf, &unit)) {
            unit.member = member_name(elf);
            unit.offset = offset;
            more = visit(&unit, context);
        }
        last = offset;
        more = elf_next(elf) != ELF_C_NULL && more;
        elf_end(elf);
    }
}

struct symbol_visit {
    elf_visit *visit;
    void *context;
};

static bool visit_symbols(const struct elf_unit *unit, void *context)
{
    struct symbol_visit *v = context;
    return each_of_unit(unit, v->visit, v->context);
}

void elf_file_each_unit(struct elf_file *file, elf_unit_visit *visit, void *context)
{
    if (file->kind == ELF_FILE_ARCHIVE) {
        each_member(file, visit, context);
    } else {
        visit(file->units[0], context);
    }
}

void elf_file_each_symbol(struct elf_file *file, elf_visit *visit, void *context)
{
    if (file->kind == ELF_FILE_ARCHIVE) {
        struct symbol_visit v = {visit, context};
        each_member(file, visit_symbols, &v);
    } else {
        each_of_unit(file->units[0], visit, context);
    }
}

// The index, without its closing row; NULL when there is none.
static Elf_Arsym *archive_index(struct elf_file *file, size_t *count)
{
    *count = 0;
    Elf_Arsym *rows = elf_getarsym(file->elf, count);
    if (rows == NULL || *count == 0) {
        return NULL;
    }
    *count -= 1;
    return rows;
}

bool elf_file_each_indexed(struct elf_file *file, elf_visit *visit, void *context)
{
    size_t count;
    Elf_Arsym *rows = file->kind == ELF_FILE_ARCHIVE ? archive_index(file, &count) : NULL;
    if (rows == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct elf_symbol symbol = {.name = rows[i].as_name};
        if (symbol.name != NULL && !visit(NULL, &symbol, context)) {
            break;
        }
    }
    return true;
}

static struct elf_unit *keep_unit(struct elf_file *file, const struct elf_unit *unit)
{
    file->units = must(realloc(file->units, (file->unit_count + 1) * sizeof *file->units));
    struct elf_unit *kept = must(malloc(sizeof *kept));
    *kept = *unit;
    if (unit->member != NULL) {
        kept->member = must(strdup(unit->member));
    }
    file->units[file->unit_count++] = kept;
    return kept;
}

// The unit of the member at OFFSET, opened once.
static struct elf_unit *unit_at(struct elf_file *file, int64_t offset)
{
    for (size_t i = 0; i < file->unit_count; i++) {
        if (file->units[i]->offset == offset) {
            return file->units[i];
        }
    }
    if (offset < SARMAG || elf_rand(file->elf, (size_t)offset) != (size_t)offset) {
        return NULL;
    }
    Elf *elf = elf_begin(file->fd, ELF_C_READ, file->elf);
    struct elf_unit unit;
    if (!unit_open(elf, &unit)) {
        elf_end(elf);
        return NULL;
    }
    unit.member = member_name(elf);
    unit.offset = offset;
    return keep_unit(file, &unit);
}

const struct elf_unit *elf_file_unit(struct elf_file *file, int64_t offset)
{
    if (file->kind == ELF_FILE_ARCHIVE) {
        return unit_at(file, offset);
    }
    return offset == 0 && file->unit_count > 0 ? file->units[0] : NULL;
}

uint8_t *elf_file_bytes(const struct elf_file *file, const struct elf_unit *unit, size_t *length)
{
    const Elf_Arhdr *header = file->kind == ELF_FILE_ARCHIVE ? elf_getarhdr(unit->elf) : NULL;
    const int64_t from = header != NULL ? elf_getbase(unit->elf) : 0;
    if (from < 0 || (file->kind == ELF_FILE_ARCHIVE && header == NULL)) {
        return NULL;
    }
    *length = header != NULL ? (size_t)header->ar_size : (size_t)file->bytes;
    if (*length > file->bytes || (uint64_t)from > file->bytes - *length) {
        return NULL;
    }
    uint8_t *bytes = must(malloc(*length + 1));
    if (pread(file->fd, bytes, *length, from) != (ssize_t)*length) {
        free(bytes);
        return NULL;
    }
    return bytes;
}

// What elf_file_find looks for, and the best place for it so far.
struct find {
    const char *name;
    bool local_too;
    int64_t offset;
    bool found, found_global;
    struct elf_symbol symbol;
};

static bool visit_find(const struct elf_unit *unit, const struct elf_symbol *symbol, void *context)
{
    struct find *find = context;
    if (strcmp(symbol->name, find->name) != 0) {
        return true;
    }
    bool global = GELF_ST_BIND(symbol->sym.st_info) != STB_LOCAL;
    if (!global && (!find->local_too || find->found || !elf_symbol_is_code(symbol))) {
        return true;
    }
    find->symbol = *symbol;
    find->offset = unit->offset;
    find->found = true;
    find->found_global = global;
    return !global;
}

static struct elf_unit *find_indexed(struct elf_file *file, struct find *find)
{
    size_t count;
    Elf_Arsym *rows = archive_index(file, &count);
    unsigned long hash = elf_hash(find->name);
    for (size_t i = 0; rows != NULL && i < count; i++) {
        if (rows[i].as_hash != hash || rows[i].as_name == NULL ||
            strcmp(rows[i].as_name, find->name) != 0) {
            continue;
        }
        struct elf_unit *unit = unit_at(file, (int64_t)rows[i].as_off);
        if (unit != NULL) {
            each_of_unit(unit, visit_find, find);
        }
        if (find->found_global) {
            return unit;
        }
    }
    return NULL;
}

struct elf_unit *elf_file_find(struct elf_file *file, const char *name, bool local_too,
                               struct elf_symbol *out)
{
    struct find find = {.name = name, .local_too = local_too};
    struct elf_unit *unit = NULL;
    if (file->kind == ELF_FILE_ARCHIVE) {
        size_t count;
        unit = find_indexed(file, &find);
        // Reading every member is slow, and only needed for local symbols and
        // archives without an index.
        if (unit == NULL && (local_too || archive_index(file, &count) == NULL)) {
            find.found = find.found_global = false;
            elf_file_each_symbol(file, visit_find, &find);
        }
        if (unit == NULL && find.found) {
            unit = unit_at(file, find.offset);
            find.found = find.found_global = false;
            if (unit != NULL) {
                each_of_unit(unit, visit_find, &find); // names that outlive the visit
            }
        }
    } else {
        unit = file->units[0];
        each_of_unit(unit, visit_find, &find);
    }
    if (unit == NULL || !find.found) {
        return NULL;
    }
    *out = find.symbol;
    return unit;
}

bool elf_file_is_program(struct elf_file *file)
{
    Elf *elf = file->elf;
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn)) != NULL;) {
        GElf_Shdr shdr;
        if (gelf_getshdr(scn, &shdr) == NULL || shdr.sh_type != SHT_DYNAMIC) {
            continue;
        }
        Elf_Data *data = elf_getdata(scn, NULL);
        GElf_Dyn dyn;
        for (int i = 0; data != NULL && gelf_getdyn(data, i, &dyn) != NULL; i++) {
            if (dyn.d_tag == DT_FLAGS_1 && (dyn.d_un.d_val & DF_1_PIE) != 0) {
                return true;
            }
        }
    }
    return false;
}

// Writes the debug file's path when the section holds a build-id note.
static bool debug_path_of_notes(Elf_Data *notes, char *path, size_t path_size)
{
    GElf_Nhdr note;
    size_t name_off, id_off;
    for (size_t at = 0; (at = gelf_getnote(notes, at, &note, &name_off, &id_off)) > 0;) {
        const unsigned char *bytes = notes->d_buf;
        if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof ELF_NOTE_GNU ||
            memcmp(bytes + name_off, ELF_NOTE_GNU, sizeof ELF_NOTE_GNU) != 0 || note.n_descsz < 2 ||
            note.n_descsz > 64) {
            continue;
        }
        char hex[2 * 64 + 1];
        for (size_t i = 0; i < note.n_descsz; i++) {
            snprintf(hex + 2 * i, 3, "%02x", bytes[id_off + i]);
        }
        int length =
            snprintf(path, path_size, "/usr/lib/debug/.build-id/%.2s/%s.debug", hex, hex + 2);
        return length > 0 && (size_t)length < path_size;
    }
    return false;
}

bool elf_file_debug_path(struct elf_file *file, char *path, size_t path_size)
{
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(file->elf, scn)) != NULL;) {
        GElf_Shdr shdr;
        if (gelf_getshdr(scn, &shdr) == NULL || shdr.sh_type != SHT_NOTE) {
            continue;
        }
        Elf_Data *data = elf_getdata(scn, NULL);
        if (data != NULL && data->d_buf != NULL && debug_path_of_notes(data, path, path_size)) {
            return true;
        }
    }
    return false;
}

// Sets the kind of a file whose headers are sound, or says why it is of none.
static const char *classify(struct elf_file *file)
{
    GElf_Ehdr header;
    struct elf_unit unit;
    if (file->elf != NULL && elf_kind(file->elf) == ELF_K_AR) {
        file->kind = ELF_FILE_ARCHIVE;
        return NULL;
    }
    if (file->elf == NULL || gelf_getehdr(file->elf, &header) == NULL) {
        return "cannot be read as ELF; build or copy it again";
    }
    file->kind = header.e_type == ET_DYN ? ELF_FILE_SHARED : ELF_FILE_OBJECT;
    if ((header.e_type != ET_DYN && header.e_type != ET_REL) || !unit_open(file->elf, &unit)) {
        return "is a program or a core file, which cannot be loaded; build a shared object "
               "or give its object file";
    }
    keep_unit(file, &unit);
    return NULL;
}

struct elf_file *elf_file_open(const char *path, struct error *error)
{
    size_t bytes;
    struct error reason;
    int fd = open_regular(path, &bytes, error);
    if (fd < 0) {
        return NULL;
    }
    elf_version(EV_CURRENT);
    struct elf_file *file = must(calloc(1, sizeof *file));
    file->fd = fd;
    file->bytes = bytes;
    file->members_max = bytes / sizeof(struct ar_hdr);
    const struct elf_source source = {.fd = fd, .bytes = bytes, .why = &reason};
    const char *why = reason.text;
    if (elf_sound_file(&source)) {
        file->elf = elf_begin(fd, ELF_C_READ, NULL);
        why = classify(file);
    }
    if (why != NULL) {
        error_set(error, "%s: %s", path, why);
        elf_file_close(file);
        return NULL;
    }
    return file;
}

bool elf_file_may_be_loaded(struct elf_file *file, struct error *error)
{
    const struct elf_source source = {.fd = file->fd, .bytes = file->bytes, .why = error};
    return elf_sound_to_load(&source);
}

void elf_file_close(struct elf_file *file)
{
    if (file == NULL) {
        return;
    }
    for (size_t i = 0; i < file->unit_count; i++) {
        if (file->units[i]->member != NULL) {
            free((void *)(uintptr_t)file->units[i]->member);
            elf_end(file->units[i]->elf);
        }
        free(file->units[i]);
    }
    free(file->units);
    elf_end(file->elf);
    close(file->fd);
    free(file);
}

enum elf_file_kind elf_file_kind(const struct elf_file *file)
{
    return file->kind;
}
