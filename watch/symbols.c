// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "watch/symbols.h"

#include "backends/elf/symbol_table.h"
#include "backends/names.h"

#include <assert.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct module {
    struct module *next;
    char *path;
    struct symbol_table *symbols;
    GElf_Phdr *loads;
    size_t load_count;
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
        symbol_table_free(module->symbols);
        free(module->loads);
        free(module->path);
        free(module);
    }
    free(m->sysroot);
    free(m);
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
    if (is_elf && !is_debug_file)
        read_loads(module, elf);
    if (is_elf)
        symbol_table_read(module->symbols, elf);
    for (Elf_Scn *section = NULL; is_elf && (section = elf_nextscn(elf, section)) != NULL;) {
        GElf_Shdr section_header;
        if (gelf_getshdr(section, &section_header) == NULL)
            continue;
        if (section_header.sh_type == SHT_NOTE && !is_debug_file && module->build_id[0] == '\0')
            read_build_id(module, section);
    }
    elf_end(elf);
    if (fd >= 0)
        close(fd);
    return is_elf;
}

static struct module *load(struct modules *m, const char *path)
{
    struct module *module = calloc(1, sizeof *module);
    char debug[PATH_MAX];
    assert(module != NULL);
    module->path = strdup(path);
    module->symbols = symbol_table_new();
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
    return module;
}

static uint64_t address_of(const struct module *module, uint64_t file_off)
{
    for (size_t i = 0; i < module->load_count; i++)
        if (file_off - module->loads[i].p_offset < module->loads[i].p_filesz)
            return module->loads[i].p_vaddr + (file_off - module->loads[i].p_offset);
    return file_off;
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
    out->addr = addr;
    struct symbol_place symbol;
    bool named = symbol_table_find(module->symbols, 0, addr, &symbol);
    out->symbol = named ? symbol.name : NULL;
    out->offset = named ? symbol.offset : addr;
    out->inside = named && symbol.inside;
}

void place_print(const struct place *p, uint64_t pc, bool detail, char *text, unsigned text_size)
{
    char name[NAME_TEXT_MAX];
    if (p->symbol != NULL)
        name_print(p->symbol, name, sizeof name);
    if (p->module[0] == '\0')
        snprintf(text, text_size, "0x%llx (in no file)", (unsigned long long)pc);
    else if (p->symbol == NULL)
        snprintf(text, text_size, "%s+0x%llx", p->module, (unsigned long long)p->offset);
    else if (!p->inside && !detail)
        snprintf(text, text_size, "near %s (%s)", name, p->module);
    else if (detail)
        snprintf(text, text_size, "%s%s+0x%llx (%s)", p->inside ? "" : "near ", name,
                 (unsigned long long)p->offset, p->module);
    else
        snprintf(text, text_size, "%s (%s)", name, p->module);
}
