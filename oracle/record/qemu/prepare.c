// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/prepare.h"

#include "backends/arch.h"
#include "backends/elf/elf_header.h"
#include "record/qemu/embed.h"
#include "backends/loader/image.h"
#include "record/qemu/tool.h"

#include <errno.h>
#include <gelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char routine_symbol[] = "storescope_routine_0";

// The folder in which one program is made.
struct shop {
    const struct backend *backend;
    const struct arch *arch;
    struct tool_folder folder;
    char *error;
    size_t error_size;
};

// One routine is in the table. The label keeps the compiler from taking it for
// the builtin of that name.
static bool write_table(struct shop *s, const char *symbol)
{
    char text[512];
    int length = snprintf(text, sizeof text,
                          "typedef void *routine(void *, const void *, unsigned long, "
                          "unsigned long);\n"
                          "extern routine storescope_routine __asm__(\"%s\");\n"
                          "routine *const storescope_routines[] = {storescope_routine};\n",
                          symbol);
    return length < (int)sizeof text &&
           tool_write(&s->folder, "table.c", text, (size_t)length, s->error, s->error_size);
}

static bool write_sources(struct shop *s)
{
    return tool_write(&s->folder, "mailbox.h", embedded_mailbox, embedded_mailbox_bytes, s->error,
                      s->error_size) &&
           tool_write(&s->folder, "runner.c", embedded_runner, embedded_runner_bytes, s->error,
                      s->error_size);
}

// A routine of storecopy, built for another CPU, is in no file.
static bool is_engine(const struct backend *b)
{
    return b->arch && !b->path;
}

static bool run(struct shop *s, const char *const argv[])
{
    return tool_run(&s->folder, (char *const *)(uintptr_t)argv, s->error, s->error_size);
}

// Writes a line "NAME NEW-NAME" for each symbol that the object defines for others
// but the routine's.
static void list_own(Elf *elf, FILE *out)
{
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn)) != NULL;) {
        GElf_Shdr shdr;
        bool symbols = gelf_getshdr(scn, &shdr) && shdr.sh_type == SHT_SYMTAB && shdr.sh_entsize;
        Elf_Data *data = symbols ? elf_getdata(scn, NULL) : NULL;
        for (size_t i = 0; data && i < shdr.sh_size / shdr.sh_entsize; i++) {
            GElf_Sym sym;
            const char *name =
                gelf_getsym(data, (int)i, &sym) ? elf_strptr(elf, shdr.sh_link, sym.st_name) : NULL;
            if (name && GELF_ST_BIND(sym.st_info) != STB_LOCAL && sym.st_shndx != SHN_UNDEF &&
                strcmp(name, routine_symbol) != 0)
                fprintf(out, "%s storescope_own_%s\n", name, name);
        }
    }
}

static bool write_own_names(struct shop *s)
{
    uint8_t *object;
    size_t length, text_length = 0;
    char *text = NULL;
    if (!tool_read(&s->folder, "whole.o", &object, &length, s->error, s->error_size))
        return false;
    elf_version(EV_CURRENT);
    Elf *elf = elf_memory((char *)object, length);
    FILE *out = open_memstream(&text, &text_length);
    if (elf && out)
        list_own(elf, out);
    bool listed = elf && out && !ferror(out);
    listed = out && fclose(out) == 0 && listed;
    elf_end(elf);
    free(object);
    if (!listed)
        snprintf(s->error, s->error_size, "%s made no object that can be read", s->arch->compiler);
    bool written =
        listed && tool_write(&s->folder, "names", text, text_length, s->error, s->error_size);
    free(text);
    return written;
}

// The routine and what it needs of its own library, as one object whose symbols
// have names that no library uses: the runner's libc keeps its own memcpy. They
// stay global, as MIPS calls global symbols in its own way. Symbols that are not
// defined keep their names, as some are the linker's (_gp_disp, .TOC.).
static bool extract(struct shop *s)
{
    char wanted[160], path[PATH_MAX], globalize[160], rename[192];
    const struct backend *b = s->backend;
    if (!realpath(b->path, path)) {
        snprintf(s->error, s->error_size, "%.80s: %s", b->path, strerror(errno));
        return false;
    }
    snprintf(wanted, sizeof wanted, "-Wl,-u,%s", b->symbol);
    snprintf(globalize, sizeof globalize, "--globalize-symbol=%s", b->symbol);
    snprintf(rename, sizeof rename, "--redefine-sym=%s=%s", b->symbol, routine_symbol);
    const char *const gather[] = {
        s->arch->compiler, "-nostdlib", "-r", "-Wl,--force-group-allocation", "-w", wanted, "-o",
        "whole.o",         path,        NULL};
    const char *const expose[] = {s->arch->objcopy, globalize, rename, "whole.o", NULL};
    const char *const isolate[] = {s->arch->objcopy, "--redefine-syms=names", "whole.o", NULL};
    return run(s, gather) && run(s, expose) && write_own_names(s) && run(s, isolate);
}

// storecopy, compiled for the architecture: the same bytes for all its routines.
static struct {
    const struct arch *arch;
    uint8_t *bytes;
    size_t length;
} engine;

static bool compile_engine(struct shop *s)
{
    enum { SOURCES_MAX = 32 };
    const char *argv[SOURCES_MAX + 16] = {s->arch->compiler, "-O2", "-w", "-nostdlib", "-r", "-o",
                                          "engine.o"};
    size_t n = 7;
    for (const struct embedded_file *f = embedded_engine; f->name && n < SOURCES_MAX; f++) {
        if (!tool_write(&s->folder, f->name, f->bytes, f->length, s->error, s->error_size))
            return false;
        if (f->name[strlen(f->name) - 1] == 'c')
            argv[n++] = f->name;
    }
    if (!run(s, argv))
        return false;
    free(engine.bytes);
    engine.arch = NULL;
    if (!tool_read(&s->folder, "engine.o", &engine.bytes, &engine.length, s->error, s->error_size))
        return false;
    engine.arch = s->arch;
    return true;
}

static bool make_engine(struct shop *s)
{
    return engine.arch == s->arch ? tool_write(&s->folder, "whole.o", engine.bytes, engine.length,
                                               s->error, s->error_size)
                                  : compile_engine(s) && make_engine(s);
}

// Is the routine in a file that can be linked? ERROR says why not.
static bool is_linkable(struct shop *s)
{
    uint8_t header[ELF_HEADER_BYTES] = {0};
    struct elf_header elf;
    const char *path = s->backend->path;
    if (is_engine(s->backend))
        return true;
    FILE *f = path ? fopen(path, "rbe") : NULL;
    size_t read = f ? fread(header, 1, sizeof header, f) : 0;
    if (f)
        fclose(f);
    if (!path || (elf_header_read(header, read, &elf) && elf.type != ET_REL))
        snprintf(s->error, s->error_size,
                 "recorder qemu takes routines from archives and object files, and this one is %s",
                 path ? "in a shared object" : "part of storescope");
    else if (read < sizeof header)
        snprintf(s->error, s->error_size, "%.100s cannot be read", path);
    else
        return true;
    return false;
}

static bool link_program(struct shop *s)
{
    bool of_engine = is_engine(s->backend);
    bool own =
        s->backend->path && strcmp(s->backend->path, s->arch->libc) == 0 && !s->arch->dynamic;
    if (!own && !(of_engine ? make_engine(s) : extract(s)))
        return false;
    const char *const argv[] = {s->arch->compiler, "-O2", s->arch->dynamic ? "-fno-pie" : "-static",
                                "-fno-pie", "-no-pie",
                                "-Wl,-z,norelro", // the plugin writes to tunables
                                // Arm's ABIs differ in how numbers of floating point are
                                // passed, of which a copy has none.
                                "-Wl,--no-warn-mismatch", "-w", "-o", "program", "runner.c",
                                "table.c", own ? NULL : "whole.o", NULL};
    if (!write_table(s, own || of_engine ? s->backend->symbol : routine_symbol))
        return false;
    bool linked = run(s, argv);
    if (!linked && strstr(s->error, "undefined reference") && strstr(s->error, routine_symbol))
        snprintf(s->error, s->error_size, "%.80s has no routine '%.60s'", s->backend->path,
                 s->backend->symbol);
    return linked;
}

static void take_section(struct guest_program *p, const char *name, const GElf_Shdr *shdr)
{
    static const char *const names[GUEST_MARKS] = {
        [MARK_WAIT] = "storescope_wait", [MARK_BEGIN] = "storescope_begin",
        [MARK_END] = "storescope_end",   [MARK_FAULT] = "storescope_fault",
        [MARK_LOOP] = "storescope_loop",
    };
    for (size_t i = 0; i < GUEST_MARKS; i++)
        if (strcmp(name, names[i]) == 0)
            p->marks[i] = (struct qemu_range){shdr->sh_addr, shdr->sh_addr + shdr->sh_size};
}

// The recorders of this CPU do not run what sets these variables either.
static void take_tunable(struct guest_program *p, const char *name, const GElf_Sym *sym)
{
    for (size_t i = 0; i < TUNABLE_COUNT; i++)
        if (strcmp(name, case_tunables[i].symbol) == 0 && (sym->st_size == 4 || sym->st_size == 8))
            p->tunables[i] =
                (struct guest_tunable){sym->st_value, image_variable(name), (uint8_t)sym->st_size};
}

static void take_symbols(struct guest_program *p, Elf *elf, Elf_Scn *scn, const GElf_Shdr *shdr)
{
    Elf_Data *data = elf_getdata(scn, NULL);
    size_t count = shdr->sh_entsize ? shdr->sh_size / shdr->sh_entsize : 0;
    for (size_t i = 0; data && i < count; i++) {
        GElf_Sym sym;
        const char *name =
            gelf_getsym(data, (int)i, &sym) ? elf_strptr(elf, shdr->sh_link, sym.st_name) : NULL;
        if (name && strcmp(name, "storescope_mailbox") == 0)
            p->mailbox_addr = sym.st_value;
        if (name && p->arch == &arch_native)
            take_tunable(p, name, &sym);
    }
}

// Where the linker has put the runner's marks and the program's segments.
static bool read_program(struct guest_program *p)
{
    size_t strings, segments;
    Elf *elf = elf_memory((char *)p->bytes, p->length);
    if (!elf || elf_getshdrstrndx(elf, &strings) != 0 || elf_getphdrnum(elf, &segments) != 0) {
        elf_end(elf);
        return false;
    }
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn)) != NULL;) {
        GElf_Shdr shdr;
        const char *name = gelf_getshdr(scn, &shdr) ? elf_strptr(elf, strings, shdr.sh_name) : NULL;
        if (name)
            take_section(p, name, &shdr);
        if (name && shdr.sh_type == SHT_SYMTAB)
            take_symbols(p, elf, scn, &shdr);
    }
    for (size_t i = 0; i < segments && p->image_count < GUEST_IMAGES_MAX; i++) {
        GElf_Phdr phdr;
        if (gelf_getphdr(elf, (int)i, &phdr) && phdr.p_type == PT_LOAD)
            p->images[p->image_count++] =
                (struct qemu_range){phdr.p_vaddr, phdr.p_vaddr + phdr.p_memsz};
    }
    elf_end(elf);
    bool whole = p->mailbox_addr != 0;
    for (size_t i = 0; i < GUEST_MARKS; i++)
        whole = whole && p->marks[i].lo != 0;
    return whole;
}

struct guest_program *guest_program_make(const struct backend *backend, char *error,
                                         size_t error_size)
{
    struct shop s = {.backend = backend,
                     .arch = backend->arch ? backend->arch : &arch_native,
                     .error = error,
                     .error_size = error_size};
    struct guest_program *p = calloc(1, sizeof *p);
    if (!p || !tool_folder_make(&s.folder, error, error_size)) {
        free(p);
        return NULL;
    }
    p->backend = backend;
    p->arch = s.arch;
    p->pairs = pin_counter_new();
    bool made = is_linkable(&s) && write_sources(&s) && link_program(&s) &&
                tool_read(&s.folder, "program", &p->bytes, &p->length, error, error_size);
    tool_folder_remove(&s.folder);
    elf_version(EV_CURRENT);
    if (made && !read_program(p)) {
        snprintf(error, error_size, "%s made no guest program that can be read", s.arch->compiler);
        made = false;
    }
    if (made)
        return p;
    guest_program_free(p);
    return NULL;
}

void guest_program_free(struct guest_program *p)
{
    if (p) {
        free(p->bytes);
        pin_counter_free(p->pairs);
    }
    free(p);
}
