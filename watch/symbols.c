// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "watch/symbols.h"

#include "base/printable.h"

#include <assert.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct symbol {
    uint64_t value, size;
    char *name;
    unsigned rank; // of those at one address the lowest is shown
};

struct module {
    struct module *next;
    char *path;
    struct symbol *symbols; // by value
    size_t count, capacity;
    GElf_Phdr *loads;
    size_t load_count;
    bool thumb;                // bit 0 of a function's address is no part of it
    char build_id[2 * 64 + 2]; // "ab/cdef...", "" for none
};

struct modules {
    char *sysroot;
    struct module *list;
};

struct modules *modules_new(const char *sysroot)
{
    struct modules *m = calloc(1, sizeof *m);
    assert(m != NULL);
    elf_version(EV_CURRENT);
    m->sysroot = sysroot ? strdup(sysroot) : NULL;
    return m;
}

void modules_free(struct modules *m)
{
    while (m->list != NULL) {
        struct module *module = m->list;
        m->list = module->next;
        for (size_t i = 0; i < module->count; i++)
            free(module->symbols[i].name);
        free(module->symbols);
        free(module->loads);
        free(module->path);
        free(module);
    }
    free(m->sysroot);
    free(m);
}

// Is it the name of something a person wrote? Mapping symbols of Arm and labels
// of compilers are not.
static bool is_name(const char *name)
{
    return name != NULL && name[0] != '\0' && name[0] != '$' && strncmp(name, ".L", 2) != 0;
}

static unsigned rank_of(const GElf_Sym *sym, const char *name)
{
    // glibc's own aliases say less than the other name of the same code.
    bool alias = strncmp(name, "__GI_", 5) == 0;
    unsigned underscores = (unsigned)strspn(name, "_") + 2 * alias;
    unsigned binding = GELF_ST_BIND(sym->st_info);
    return (sym->st_size == 0) * 16u + (underscores < 4 ? underscores : 4) * 2u +
           (binding == STB_LOCAL);
}

static void add_symbol(struct module *module, const GElf_Sym *sym, const char *name)
{
    if (module->count == module->capacity) {
        module->capacity = module->capacity ? 2 * module->capacity : 256;
        module->symbols = reallocarray(module->symbols, module->capacity, sizeof *module->symbols);
        assert(module->symbols != NULL);
    }
    module->symbols[module->count++] = (struct symbol){
        .value = module->thumb ? sym->st_value & ~UINT64_C(1) : sym->st_value,
        .size = sym->st_size,
        .name = printable(strdup(name)),
        .rank = rank_of(sym, name),
    };
}

// Where big-endian 64-bit PowerPC keeps its functions' descriptors, to which its
// symbols point; the first word of each is the code's address.
struct descriptors {
    uint64_t addr;
    Elf_Data *data; // NULL: none
};

static struct descriptors find_descriptors(Elf *elf, const GElf_Ehdr *header)
{
    size_t names;
    GElf_Shdr section_header;
    if (header->e_machine != EM_PPC64 || elf_getshdrstrndx(elf, &names) != 0)
        return (struct descriptors){.data = NULL};
    for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section)) != NULL;) {
        if (gelf_getshdr(section, &section_header) == NULL)
            continue;
        const char *name = elf_strptr(elf, names, section_header.sh_name);
        if (name != NULL && strcmp(name, ".opd") == 0 && section_header.sh_type == SHT_PROGBITS)
            return (struct descriptors){section_header.sh_addr, elf_getdata(section, NULL)};
    }
    return (struct descriptors){.data = NULL};
}

static bool read_descriptor(const struct descriptors *d, uint64_t *value)
{
    uint64_t at = *value - d->addr;
    if (d->data == NULL || d->data->d_buf == NULL || at >= d->data->d_size ||
        d->data->d_size - at < 8)
        return false;
    *value = 0;
    for (unsigned i = 0; i < 8; i++)
        *value = *value << 8 | ((const uint8_t *)d->data->d_buf)[at + i];
    return *value != 0;
}

static void read_symbols(struct module *module, Elf *elf, Elf_Scn *section, const GElf_Shdr *header,
                         const struct descriptors *descriptors)
{
    Elf_Data *data = elf_getdata(section, NULL);
    size_t count = data && header->sh_entsize ? header->sh_size / header->sh_entsize : 0;
    for (size_t i = 0; i < count && i <= INT_MAX; i++) {
        GElf_Sym sym;
        if (gelf_getsym(data, (int)i, &sym) == NULL)
            return;
        // The address of an indirect function is its resolver's.
        unsigned type = GELF_ST_TYPE(sym.st_info);
        if (sym.st_shndx == SHN_UNDEF || (type != STT_FUNC && type != STT_NOTYPE))
            continue;
        GElf_Shdr within;
        Elf_Scn *place = sym.st_shndx < SHN_LORESERVE ? elf_getscn(elf, sym.st_shndx) : NULL;
        if (place == NULL || gelf_getshdr(place, &within) == NULL)
            continue;
        if (!(within.sh_flags & SHF_EXECINSTR) && !read_descriptor(descriptors, &sym.st_value))
            continue;
        const char *name = elf_strptr(elf, header->sh_link, sym.st_name);
        if (is_name(name))
            add_symbol(module, &sym, name);
    }
}

static void read_build_id(struct module *module, Elf_Scn *section)
{
    Elf_Data *data = elf_getdata(section, NULL);
    GElf_Nhdr note;
    size_t name, descriptor;
    for (size_t at = 0;
         data != NULL && (at = gelf_getnote(data, at, &note, &name, &descriptor)) > 0;) {
        const uint8_t *bytes = (const uint8_t *)data->d_buf + descriptor;
        if (note.n_type != NT_GNU_BUILD_ID || note.n_descsz < 2 || note.n_descsz > 64)
            continue;
        char *text = module->build_id;
        for (unsigned i = 0; i < note.n_descsz; i++)
            text += sprintf(text, "%02x%s", bytes[i], i == 0 ? "/" : "");
        return;
    }
}

static void read_loads(struct module *module, Elf *elf)
{
    size_t count = 0;
    if (elf_getphdrnum(elf, &count) != 0 || count == 0 || count > 0xffff)
        return;
    module->loads = calloc(count, sizeof *module->loads);
    assert(module->loads != NULL);
    for (size_t i = 0; i < count; i++) {
        GElf_Phdr header;
        if (gelf_getphdr(elf, (int)i, &header) != NULL && header.p_type == PT_LOAD)
            module->loads[module->load_count++] = header;
    }
}

// Symbols of the file at PATH; of the module itself also its segments.
static bool read_file(struct module *module, const char *path, bool is_debug_file)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    Elf *elf = fd >= 0 ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
    GElf_Ehdr header;
    bool is_elf = elf != NULL && elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &header) != NULL;
    if (is_elf && !is_debug_file) {
        module->thumb = header.e_machine == EM_ARM;
        read_loads(module, elf);
    }
    struct descriptors descriptors = {.data = NULL};
    if (is_elf)
        descriptors = find_descriptors(elf, &header);
    for (Elf_Scn *section = NULL; is_elf && (section = elf_nextscn(elf, section)) != NULL;) {
        GElf_Shdr section_header;
        if (gelf_getshdr(section, &section_header) == NULL)
            continue;
        if (section_header.sh_type == SHT_SYMTAB || section_header.sh_type == SHT_DYNSYM)
            read_symbols(module, elf, section, &section_header, &descriptors);
        if (section_header.sh_type == SHT_NOTE && !is_debug_file && module->build_id[0] == '\0')
            read_build_id(module, section);
    }
    elf_end(elf);
    if (fd >= 0)
        close(fd);
    return is_elf;
}

static int by_value(const void *a, const void *b)
{
    const struct symbol *x = a, *y = b;
    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return strcmp(x->name, y->name);
}

static struct module *load(struct modules *m, const char *path)
{
    struct module *module = calloc(1, sizeof *module);
    char debug[PATH_MAX];
    assert(module != NULL);
    module->path = strdup(path);
    module->next = m->list;
    m->list = module;
    read_file(module, path, false);
    for (unsigned i = 0; module->build_id[0] != '\0' && i < 2; i++) {
        const char *root = i == 0 ? m->sysroot : "";
        if (root == NULL)
            continue;
        snprintf(debug, sizeof debug, "%s/usr/lib/debug/.build-id/%s.debug", root,
                 module->build_id);
        if (read_file(module, debug, true))
            break;
    }
    if (module->count > 0)
        qsort(module->symbols, module->count, sizeof *module->symbols, by_value);
    return module;
}

static uint64_t address_of(const struct module *module, uint64_t file_off)
{
    for (size_t i = 0; i < module->load_count; i++)
        if (file_off - module->loads[i].p_offset < module->loads[i].p_filesz)
            return module->loads[i].p_vaddr + (file_off - module->loads[i].p_offset);
    return file_off;
}

// The last symbol that begins at or before ADDR and says it holds it; else the
// nearest one. A function may hold labels of its own.
static const struct symbol *find(const struct module *module, uint64_t addr, bool *inside)
{
    enum { LOOK_BACK_MAX = 64 };
    size_t lo = 0, hi = module->count;
    *inside = false;
    while (lo < hi) {
        size_t middle = lo + (hi - lo) / 2;
        if (module->symbols[middle].value <= addr)
            lo = middle + 1;
        else
            hi = middle;
    }
    for (size_t i = lo; i-- > 0 && lo - i <= LOOK_BACK_MAX;) {
        const struct symbol *s = &module->symbols[i];
        // The first of those at its address is the one to show.
        while (i > 0 && module->symbols[i - 1].value == s->value)
            s = &module->symbols[--i];
        *inside = addr - s->value < s->size;
        if (*inside)
            return s;
    }
    while (lo > 1 && module->symbols[lo - 2].value == module->symbols[lo - 1].value)
        lo--;
    return lo > 0 ? &module->symbols[lo - 1] : NULL;
}

void modules_place(struct modules *m, const char *path, uint64_t file_off, struct place *out)
{
    *out = (struct place){.module = "", .path = ""};
    if (path[0] == '\0')
        return;
    struct module *module = m->list;
    while (module != NULL && strcmp(module->path, path) != 0)
        module = module->next;
    if (module == NULL)
        module = load(m, path);
    const char *slash = strrchr(module->path, '/');
    out->path = module->path;
    out->module = slash != NULL ? slash + 1 : module->path;
    uint64_t addr = address_of(module, file_off);
    const struct symbol *symbol = find(module, addr, &out->inside);
    out->symbol = symbol ? symbol->name : NULL;
    out->offset = symbol ? addr - symbol->value : addr;
}

void place_print(const struct place *p, uint64_t pc, bool detail, char *text, unsigned text_size)
{
    if (p->module[0] == '\0')
        snprintf(text, text_size, "0x%llx (in no file)", (unsigned long long)pc);
    else if (p->symbol == NULL)
        snprintf(text, text_size, "%s+0x%llx", p->module, (unsigned long long)p->offset);
    else if (!p->inside && !detail)
        snprintf(text, text_size, "near %s (%s)", p->symbol, p->module);
    else if (detail)
        snprintf(text, text_size, "%s%s+0x%llx (%s)", p->inside ? "" : "near ", p->symbol,
                 (unsigned long long)p->offset, p->module);
    else
        snprintf(text, text_size, "%s (%s)", p->symbol, p->module);
}
