// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/prepare.h"
#include "base/memory.h"

#include "backends/arch.h"
#include "backends/cross_backends.h"
#include "backends/cross_symbols.h"
#include "backends/elf/elf_header.h"
#include "base/digest.h"
#include "record/qemu/embed.h"
#include "record/qemu/object_cache.h"
#include "record/qemu/tool.h"

#include <errno.h>
#include <libelf.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
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
    uint64_t routine;   // and its index in the table
    struct error *error;
};

// The routines that a program has.
struct table {
    char **symbols; // owned
    size_t count;
};

// The labels keep the compiler from taking a routine for the builtin of that name.
static bool write_table(struct shop *s, const struct table *t)
{
    FILE *out = tool_create(&s->folder, "table.c");
    if (out) {
        fputs("typedef void *routine(void *, const void *, unsigned long, unsigned long);\n", out);
        for (size_t i = 0; i < t->count; i++)
            fprintf(out, "extern routine routine_%zu __asm__(\"%s\");\n", i, t->symbols[i]);
        fputs("routine *const storescope_routines[] = {\n", out);
        for (size_t i = 0; i < t->count; i++)
            fprintf(out, "routine_%zu,\n", i);
        fputs("};\n", out);
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

static const char *const storecopy_flags[] = {"-O2", "-w",      "-nostdlib", "-r",
                                              "-o",  "whole.o", NULL};
static const char *const runner_flags[] = {"-O2",
                                           "-w",
                                           "-fno-pie",
                                           "-fno-defer-pop", // the stack pointer is looked at
                                           "-c",
                                           "runner.c",
                                           NULL};

static uint64_t digest_flags(uint64_t digest, const char *const flags[])
{
    for (size_t i = 0; flags[i]; i++)
        digest = digest_text(digest, flags[i]);
    return digest;
}

// The compiler and FLAGS, at the start of ARGV. Returns how many these are.
static size_t take_flags(const struct shop *s, const char *const flags[], const char *argv[])
{
    size_t n = 0;
    argv[n++] = s->arch->compiler;
    for (size_t i = 0; flags[i]; i++)
        argv[n++] = flags[i];
    return n;
}

static bool compile_engine(struct shop *s)
{
    enum { SOURCES_MAX = 32 };
    const char *argv[SOURCES_MAX + 16] = {NULL};
    size_t n = take_flags(s, storecopy_flags, argv);
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
    const char *argv[16] = {NULL};
    take_flags(s, runner_flags, argv);
    return tool_write(&s->folder, "mailbox.h", embedded_mailbox, embedded_mailbox_bytes,
                      s->error) &&
           tool_write(&s->folder, "kept.h", embedded_kept, embedded_kept_bytes, s->error) &&
           tool_write(&s->folder, "runner.c", embedded_runner, embedded_runner_bytes, s->error) &&
           run(s, argv);
}

// An object that is the same for all routines of an architecture: storecopy and the
// runner. Those of the architecture that was asked for last are kept.
struct common_object {
    const char *name, *cached_as;
    bool (*compile)(struct shop *s); // makes NAME in the shop's folder
    uint64_t (*key)(void);           // of its sources and flags
    const struct arch *arch;         // that the bytes are for
    uint8_t *bytes;
    size_t length;
};

// From the cache, or by the compiler, and then into the cache.
static bool take_or_compile(struct shop *s, struct common_object *o)
{
    struct cached_object cached;
    object_cache_open(&cached, s->arch, o->cached_as, o->key());
    bool made = object_cache_read(&cached, &o->bytes, &o->length);
    if (made)
        made = tool_write(&s->folder, o->name, o->bytes, o->length, s->error);
    else if (o->compile(s) && tool_read(&s->folder, o->name, &o->bytes, &o->length, s->error)) {
        object_cache_write(&cached, &s->folder, TOOL_DEPENDENCIES, o->bytes, o->length);
        made = true;
    }
    object_cache_close(&cached);
    return made;
}

static bool make_common(struct shop *s, struct common_object *o)
{
    if (o->arch == s->arch)
        return tool_write(&s->folder, o->name, o->bytes, o->length, s->error);
    free(o->bytes);
    o->arch = NULL;
    o->bytes = NULL;
    if (!take_or_compile(s, o))
        return false;
    o->arch = s->arch;
    return true;
}

static uint64_t storecopy_key(void)
{
    uint64_t key = DIGEST_START;
    for (const struct embedded_file *f = embedded_engine; f->name; f++)
        key = digest_bytes(digest_text(key, f->name), f->bytes, f->length);
    return digest_flags(key, storecopy_flags);
}

static bool make_storecopy(struct shop *s)
{
    static struct common_object storecopy = {.name = "whole.o",
                                             .cached_as = "storecopy.o",
                                             .compile = compile_engine,
                                             .key = storecopy_key};
    return make_common(s, &storecopy);
}

static uint64_t runner_key(void)
{
    uint64_t key = digest_bytes(DIGEST_START, embedded_runner, embedded_runner_bytes);
    key = digest_bytes(key, embedded_mailbox, embedded_mailbox_bytes);
    key = digest_bytes(key, embedded_kept, embedded_kept_bytes);
    return digest_flags(key, runner_flags);
}

static bool make_runner(struct shop *s)
{
    static struct common_object runner = {
        .name = "runner.o", .cached_as = "runner.o", .compile = compile_runner, .key = runner_key};
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

// What the linker read, as make has it.
#define LINK_DEPENDENCIES "program.d"

static const char *const table_flags[] = {"-O2", "-w", "-fno-pie", "-c", "table.c", NULL};
static const char *const link_flags[] = {"-O2", "-fno-pie", "-no-pie",
                                         "-Wl,-z,norelro", // the plugin writes to tunables
                                         // Arm's ABIs differ in how numbers of floating point are
                                         // passed, of which a copy has none.
                                         "-Wl,--no-warn-mismatch", "-w", "-o", "program",
                                         "runner.o", "table.o", "-lm", NULL};

static bool compile_table(struct shop *s, const struct table *t)
{
    const char *argv[16] = {NULL};
    take_flags(s, table_flags, argv);
    return write_table(s, t) && run(s, argv);
}

// The runner with those routines as `program`. WITH: a further file. EXTRA: what else is said to
// the linker. Each may be NULL.
static bool link_table(struct shop *s, const struct table *t, const char *with, const char *extra)
{
    const char *argv[24] = {NULL};
    size_t n = take_flags(s, link_flags, argv);
    argv[n++] = s->arch->dynamic ? "-fno-pie" : "-static";
    if (with)
        argv[n++] = with;
    if (extra)
        argv[n++] = extra;
    return make_runner(s) && compile_table(s, t) && run(s, argv);
}

// ---- one program for all routines of a libc, or of storecopy ----

// That of the routine that was asked for last.
static struct {
    const struct arch *arch;
    bool of_engine;
    struct stat libc;
    struct table table; // empty: they cannot be linked together
    uint8_t *bytes;
    size_t length;
} family;

static bool is_own_libc(const struct shop *s)
{
    const char *path = s->backend->path;
    return path && strcmp(path, s->arch->libc) == 0 && !s->arch->dynamic;
}

static bool link_libc_or_engine(struct shop *s, const struct table *t)
{
    bool of_engine = is_engine(s->backend);
    return (!of_engine || make_storecopy(s)) &&
           link_table(s, t, of_engine ? "whole.o" : NULL,
                      "-Wl,--dependency-file=" LINK_DEPENDENCIES);
}

// The routines that were found there; a backend of a path may have another. This CPU's own are
// of no such list.
static void list_family(const struct shop *s, struct table *t)
{
    struct backend_list list = {0};
    if (s->arch == &arch_native)
        return;
    cross_list_of(&list, s->arch, is_engine(s->backend));
    t->symbols = must(calloc(list.count + 1, sizeof *t->symbols));
    for (size_t i = 0; i < list.count; i++)
        if (!list.items[i].missing)
            t->symbols[t->count++] = must(strdup(list.items[i].symbol));
    backend_list_free(&list);
}

// Its routines are linked one by one.
static void empty_family(void)
{
    for (size_t i = 0; i < family.table.count; i++)
        free(family.table.symbols[i]);
    free(family.table.symbols);
    free(family.bytes);
    family.table = (struct table){NULL, 0};
    family.bytes = NULL;
}

static bool is_family(const struct shop *s, const struct stat *libc)
{
    return family.arch == s->arch && family.of_engine == is_engine(s->backend) &&
           family.libc.st_dev == libc->st_dev && family.libc.st_ino == libc->st_ino &&
           family.libc.st_size == libc->st_size &&
           family.libc.st_mtim.tv_sec == libc->st_mtim.tv_sec &&
           family.libc.st_mtim.tv_nsec == libc->st_mtim.tv_nsec;
}

static uint64_t family_key(void)
{
    uint64_t key = family.of_engine ? storecopy_key() : DIGEST_START;
    for (size_t i = 0; i < family.table.count; i++)
        key = digest_text(key, family.table.symbols[i]);
    return digest_flags(digest_flags(digest_number(key, runner_key()), table_flags), link_flags);
}

// From the cache, or by the linker, and then into the cache. Leaves `program` in the folder.
static bool take_or_link(struct shop *s)
{
    struct cached_object cached;
    object_cache_open(&cached, s->arch, family.of_engine ? "storecopy-program" : "libc-program",
                      family_key());
    bool made = object_cache_read(&cached, &family.bytes, &family.length);
    if (made)
        made = tool_write(&s->folder, "program", family.bytes, family.length, s->error);
    else if (link_libc_or_engine(s, &family.table) &&
             tool_read(&s->folder, "program", &family.bytes, &family.length, s->error)) {
        object_cache_write(&cached, &s->folder, LINK_DEPENDENCIES, family.bytes, family.length);
        made = true;
    }
    object_cache_close(&cached);
    return made;
}

// Leaves the family's program in the shop's folder, where it has one.
static void make_family(struct shop *s, const struct stat *libc)
{
    struct error ignored, *error = s->error; // which a routine alone need not meet
    empty_family();
    family.arch = s->arch;
    family.of_engine = is_engine(s->backend);
    family.libc = *libc;
    list_family(s, &family.table);
    s->error = &ignored;
    if (family.table.count == 0 || !take_or_link(s))
        empty_family();
    s->error = error;
}

static bool has_routine(struct shop *s)
{
    for (s->routine = 0; s->routine < family.table.count; s->routine++)
        if (strcmp(family.table.symbols[s->routine], s->symbol) == 0)
            return true;
    s->routine = 0;
    return false;
}

static bool link_in_family(struct shop *s)
{
    struct table alone = {(char **)(uintptr_t)&s->symbol, 1};
    struct stat libc;
    if (stat(s->arch->libc, &libc) != 0)
        libc = (struct stat){.st_size = 0};
    s->symbol = s->backend->symbol;
    bool made = is_family(s, &libc);
    if (!made)
        make_family(s, &libc);
    if (!has_routine(s))
        return link_libc_or_engine(s, &alone);
    return !made || tool_write(&s->folder, "program", family.bytes, family.length, s->error);
}

static bool link_program(struct shop *s)
{
    struct table alone = {(char **)(uintptr_t)&s->symbol, 1};
    if (is_own_libc(s) || is_engine(s->backend))
        return link_in_family(s);
    s->symbol = routine_symbol;
    return extract(s) && link_table(s, &alone, "whole.o", "undefined.ld");
}

// ---- what was made ----

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
    p->routine = s.routine;
    if (made)
        guest_code_read(&p->code, p->arch, &s.folder, p->bytes, p->length, s.symbol);
    tool_folder_remove(&s.folder);
    elf_version(EV_CURRENT);
    if (made && !guest_program_read(p)) {
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
