// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/prepare.h"
#include "base/memory.h"

#include "backends/arch.h"
#include "backends/cross_symbols.h"
#include "backends/elf/elf_header.h"
#include "backends/loader/image.h"
#include "record/qemu/embed.h"
#include "record/qemu/tool.h"

#include <errno.h>
#include <gelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char routine_symbol[] = GUEST_ROUTINE_SYMBOL;

// The folder in which one program is made.
struct shop {
    const struct backend *backend;
    const struct recorder_setup *setup;
    const struct arch *arch;
    struct tool_folder folder;
    struct guest_names *names; // of the program that is made
    struct guest_suppliers suppliers;
    const char *symbol; // of the routine in the program
    struct error *error;
};

// One routine is in the table. The label keeps the compiler from taking it for
// the builtin of that name.
static bool write_table(struct shop *s, const char *symbol)
{
    FILE *out = tool_create(&s->folder, "table.c");
    if (out) {
        fprintf(out,
                "typedef void *routine(void *, const void *, unsigned long, unsigned long);\n"
                "extern routine storescope_routine __asm__(\"%s\");\n"
                "routine *const storescope_routines[] = {storescope_routine};\n",
                symbol);
        guest_names_write_c(s->names, out);
    }
    return tool_finish("table.c", out, s->error);
}

// A routine of storecopy, built for another CPU, is in no file.
static bool is_engine(const struct backend *b)
{
    return b->arch && !b->path;
}

static bool run(struct shop *s, const char *const argv[])
{
    return tool_run(&s->folder, (char *const *)(uintptr_t)argv, s->error);
}

// The path of a compiler's own library, as the compiler says it; it is asked once.
static const char *libgcc_of(struct shop *s)
{
    static char path[PATH_MAX];
    static const struct arch *arch;
    const char *const ask[] = {s->arch->compiler, "-print-libgcc-file-name", NULL};
    uint8_t *text;
    size_t length;
    if (arch == s->arch)
        return path;
    if (!run(s, ask) || !tool_read(&s->folder, "complaint", &text, &length, s->error))
        return NULL;
    const uint8_t *end = memchr(text, '\n', length);
    snprintf(path, sizeof path, "%.*s", (int)(end ? end - text : (ptrdiff_t)length),
             (const char *)text);
    free(text);
    arch = s->arch;
    return path;
}

// The compiler's own library belongs to whatever it compiles.
static bool find_libgcc(struct shop *s)
{
    const char *path = libgcc_of(s);
    if (path)
        s->suppliers.archives[s->suppliers.count++] = path;
    return path != NULL;
}

// Is it the libc that the runner is linked with? That one supplies its names.
static bool is_runners_libc(const struct shop *s, const char *path)
{
    char a[PATH_MAX], b[PATH_MAX];
    return realpath(path, a) && realpath(s->arch->libc, b) && strcmp(a, b) == 0;
}

// Names of its own for what the routine's object defines, and for what nobody does.
// They stay global, as MIPS calls global symbols in its own way.
static bool sort_names(struct shop *s)
{
    uint8_t *object;
    size_t length;
    if (!tool_read(&s->folder, "whole.o", &object, &length, s->error))
        return false;
    FILE *out = tool_create(&s->folder, "names");
    if (out)
        guest_names_sort(s->names, object, length, routine_symbol, &s->suppliers, out);
    free(object);
    if (!tool_finish("names", out, s->error))
        return false;
    out = tool_create(&s->folder, "undefined.ld");
    if (out)
        guest_names_write_script(s->names, out);
    return tool_finish("undefined.ld", out, s->error);
}

// Gives the routine the name that the table calls, in FILE.
static bool rename_routine(struct shop *s, const char *file)
{
    char *globalize = must_print("--globalize-symbol=%s", routine_symbol);
    char *rename = must_print("--redefine-sym=%s=%s", s->backend->symbol, routine_symbol);
    const char *const argv[] = {s->arch->objcopy, globalize, rename, file, NULL};
    bool renamed = run(s, argv);
    free(globalize);
    free(rename);
    return renamed;
}

// The object that has the routine, a member of an archive or the file itself. A
// static function is renamed at once: other objects may have one of that name.
static bool take_object(struct shop *s, bool *archive, bool *local)
{
    const struct backend *b = s->backend;
    struct cross_file file;
    struct cross_object object;
    struct cross_symbol symbol;
    if (!cross_file_open(&file, b->path, s->error))
        return false;
    bool taken = cross_routine_find(&file, b->symbol, &object, &symbol);
    if (!taken)
        error_set(s->error, "%.80s has no routine '%.60s'", b->path, b->symbol);
    *archive = cross_file_is_archive(&file);
    *local = taken && symbol.local;
    taken = taken && tool_write(&s->folder, "mine.o", object.bytes, object.length, s->error);
    cross_file_close(&file);
    return taken && (!*local || rename_routine(s, "mine.o"));
}

// The routine and what it needs of its own library and of --link's files, as one
// object.
static bool gather(struct shop *s, bool archive)
{
    const struct backend *b = s->backend;
    char path[PATH_MAX];
    const char **argv = must(calloc(s->setup->link_count + 16, sizeof *argv));
    size_t n = 0;
    const char *const first[] = {s->arch->compiler,
                                 "-nostdlib",
                                 "-r",
                                 "-Wl,--force-group-allocation",
                                 "-w",
                                 "-o",
                                 "whole.o",
                                 "mine.o",
                                 "-Wl,--start-group"};
    for (; n < sizeof first / sizeof *first; n++)
        argv[n] = first[n];
    if (archive)
        argv[n++] = realpath(b->path, path);
    for (size_t i = 0; i < s->setup->link_count; i++)
        if (!is_runners_libc(s, s->setup->link[i]))
            argv[n++] = s->setup->link[i];
        else if (s->suppliers.count < SUPPLIERS_MAX)
            s->suppliers.archives[s->suppliers.count++] = s->arch->libc;
    argv[n++] = "-Wl,--end-group";
    bool gathered = run(s, argv);
    free(argv);
    return gathered;
}

// The routine with what it needs as one object whose names no library uses.
static bool extract(struct shop *s)
{
    bool archive, local;
    const char *const rename_own[] = {s->arch->objcopy, "--redefine-syms=names", "whole.o", NULL};
    return take_object(s, &archive, &local) && gather(s, archive) &&
           (local || rename_routine(s, "whole.o")) && find_libgcc(s) && sort_names(s) &&
           run(s, rename_own);
}

static bool compile_engine(struct shop *s)
{
    enum { SOURCES_MAX = 32 };
    const char *argv[SOURCES_MAX + 16] = {s->arch->compiler, "-O2", "-w", "-nostdlib", "-r", "-o",
                                          "whole.o"};
    size_t n = 7;
    for (const struct embedded_file *f = embedded_engine; f->name && n < SOURCES_MAX; f++) {
        if (!tool_write(&s->folder, f->name, f->bytes, f->length, s->error))
            return false;
        if (f->name[strlen(f->name) - 1] == 'c')
            argv[n++] = f->name;
    }
    return run(s, argv);
}

static bool compile_runner(struct shop *s)
{
    const char *const argv[] = {s->arch->compiler,
                                "-O2",
                                "-w",
                                "-fno-pie",
                                "-fno-defer-pop", // the stack pointer is looked at
                                "-c",
                                "runner.c",
                                NULL};
    return tool_write(&s->folder, "mailbox.h", embedded_mailbox, embedded_mailbox_bytes,
                      s->error) &&
           tool_write(&s->folder, "kept.h", embedded_kept, embedded_kept_bytes, s->error) &&
           tool_write(&s->folder, "runner.c", embedded_runner, embedded_runner_bytes, s->error) &&
           run(s, argv);
}

// An object that is the same for all routines of an architecture: storecopy and the
// runner. Those of the architecture that was asked for last are kept.
struct common_object {
    const char *name;
    bool (*compile)(struct shop *s); // makes NAME in the shop's folder
    const struct arch *arch;         // that the bytes are for
    uint8_t *bytes;
    size_t length;
};

static bool make_common(struct shop *s, struct common_object *o)
{
    if (o->arch == s->arch)
        return tool_write(&s->folder, o->name, o->bytes, o->length, s->error);
    if (!o->compile(s))
        return false;
    free(o->bytes);
    o->arch = NULL;
    if (!tool_read(&s->folder, o->name, &o->bytes, &o->length, s->error))
        return false;
    o->arch = s->arch;
    return true;
}

static bool make_storecopy(struct shop *s)
{
    static struct common_object storecopy = {"whole.o", compile_engine, NULL, NULL, 0};
    return make_common(s, &storecopy);
}

static bool make_runner(struct shop *s)
{
    static struct common_object runner = {"runner.o", compile_runner, NULL, NULL, 0};
    return make_common(s, &runner);
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
        error_set(s->error,
                  "recorder qemu takes routines from archives and object files, and this one is %s",
                  path ? "in a shared object" : "part of storescope");
    else if (read < sizeof header)
        error_set(s->error, "%.100s cannot be read", path);
    else
        return true;
    return false;
}

static bool link_program(struct shop *s)
{
    bool of_engine = is_engine(s->backend);
    bool own =
        s->backend->path && strcmp(s->backend->path, s->arch->libc) == 0 && !s->arch->dynamic;
    if (!own && !(of_engine ? make_storecopy(s) : extract(s)))
        return false;
    const char *const argv[] = {
        s->arch->compiler, "-O2", s->arch->dynamic ? "-fno-pie" : "-static", "-fno-pie", "-no-pie",
        "-Wl,-z,norelro", // the plugin writes to tunables
        // Arm's ABIs differ in how numbers of floating point are
        // passed, of which a copy has none.
        "-Wl,--no-warn-mismatch", "-w", "-o", "program", "runner.o", "table.c", "-lm",
        own ? NULL : "whole.o", of_engine || own ? NULL : "undefined.ld", NULL};
    s->symbol = own || of_engine ? s->backend->symbol : routine_symbol;
    return make_runner(s) && write_table(s, s->symbol) && run(s, argv);
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

// As with the other recorders, whatever the libc finds out of the emulated CPU: those of
// this CPU do not run what sets these variables either.
static void take_tunable(struct guest_program *p, const char *name, const GElf_Sym *sym)
{
    for (size_t i = 0; i < TUNABLE_COUNT; i++)
        if (strcmp(name, case_tunables[i].symbol) == 0 && (sym->st_size == 4 || sym->st_size == 8))
            p->elf->pokes[i] =
                (struct guest_poke){sym->st_value, image_variable(name), (uint8_t)sym->st_size};
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
        if (name && strcmp(name, "storescope_undefined") == 0)
            p->undefined_addr = sym.st_value;
        if (name && strcmp(name, "storescope_routines") == 0)
            p->elf->routine_at = sym.st_value;
        if (name && strcmp(name, "__global_pointer$") == 0)
            p->elf->global_pointer = sym.st_value;
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

// What reports know its code by.
static struct guest_elf *describe_elf(const struct shop *s, const struct guest_program *p)
{
    struct guest_elf *elf = guest_elf_new(p->bytes, p->length, s->backend);
    elf->whole = s->symbol == s->backend->symbol && s->backend->path;
    for (size_t i = 0; i < s->suppliers.count && i < GUEST_LIBRARIES_MAX; i++)
        elf->libraries[i] = must(strdup(s->suppliers.archives[i]));
    return elf;
}

struct guest_program *guest_program_make(const struct backend *backend,
                                         const struct recorder_setup *setup, struct error *error)
{
    struct shop s = {.backend = backend,
                     .setup = setup,
                     .arch = backend->arch ? backend->arch : &arch_native,
                     .error = error};
    struct guest_program *p = calloc(1, sizeof *p);
    if (!p || !tool_folder_make(&s.folder, error)) {
        free(p);
        return NULL;
    }
    p->backend = backend;
    p->arch = s.arch;
    s.names = &p->names;
    p->pairs = pin_counter_new();
    bool made = is_linkable(&s) && link_program(&s) &&
                tool_read(&s.folder, "program", &p->bytes, &p->length, error);
    p->elf = describe_elf(&s, p);
    if (made)
        guest_code_read(&p->code, p->arch, &s.folder, p->bytes, p->length, s.symbol);
    tool_folder_remove(&s.folder);
    elf_version(EV_CURRENT);
    if (made && !read_program(p)) {
        error_set(error, "%s made no guest program that can be read", s.arch->compiler);
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
        guest_elf_release(p->elf);
        guest_names_free(&p->names);
        guest_code_free(&p->code);
        pin_counter_free(p->pairs);
    }
    free(p);
}
