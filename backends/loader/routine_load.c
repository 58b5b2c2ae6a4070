// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/backend.h"
#include "backends/elf/elf_file.h"
#include "backends/loader/image.h"
#include "base/host.h"
#include "base/memory.h"

#include <dlfcn.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Which loaded object is asked for, and where its parts go.
struct object_search {
    uintptr_t inside;  // an address in it
    bool writable_too; // take its data as well as its code and constants
    struct routine *out;
    struct span relro; // becomes read-only after loading
    struct span data;  // its writable part
};

static void add_image(struct routine *r, struct span span)
{
    if (r->image_count > 0 &&
        (r->image_count == ROUTINE_IMAGES_MAX || r->images[r->image_count - 1].hi == span.lo)) {
        r->images[r->image_count - 1].hi = span.hi;
    } else {
        r->images[r->image_count++] = span;
    }
}

static int visit_object(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    struct object_search *s = context;
    struct span thread = {0, 0};
    bool found = false;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        found = found ||
                (p->p_type == PT_LOAD && s->inside - (info->dlpi_addr + p->p_vaddr) < p->p_memsz);
    }
    for (int i = 0; found && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *p = &info->dlpi_phdr[i];
        uintptr_t lo = info->dlpi_addr + p->p_vaddr;
        struct span span = {lo, lo + p->p_memsz};
        bool writable = (p->p_flags & PF_W) != 0;
        if (p->p_type == PT_TLS && s->writable_too && info->dlpi_tls_data != NULL) {
            uintptr_t at = (uintptr_t)info->dlpi_tls_data;
            thread = (struct span){at, at + p->p_memsz};
        } else if (p->p_type == PT_GNU_RELRO) {
            s->relro = span;
        } else if (p->p_type == PT_LOAD && (!writable || s->writable_too)) {
            s->data = writable ? span : s->data;
            add_image(s->out, span);
        }
    }
    if (found && thread.lo != thread.hi && s->out->image_count < ROUTINE_IMAGES_MAX) {
        s->out->images[s->out->image_count++] = thread;
    }
    return found;
}

// Memory of this thread for the variables of every loaded object: the dynamic linker
// allocates it when it is first asked for, which would be in the routine's first case.
enum { THREAD_MODULES_MAX = 64 };

struct thread_modules {
    size_t ids[THREAD_MODULES_MAX], count;
};

static int visit_thread_module(struct dl_phdr_info *info, size_t size, void *context)
{
    (void)size;
    struct thread_modules *m = context;
    if (info->dlpi_tls_modid != 0 && m->count < THREAD_MODULES_MAX) {
        m->ids[m->count++] = info->dlpi_tls_modid;
    }
    return 0;
}

static void allocate_thread_storage(void)
{
    struct tls_index {
        unsigned long module, offset;
    };
    extern void *__tls_get_addr(struct tls_index *); // ELF Handling For Thread-Local Storage, 3.4.6
    struct thread_modules m = {.count = 0};
    dl_iterate_phdr(visit_thread_module, &m);
    for (size_t i = 0; i < m.count; i++) {
        __tls_get_addr(&(struct tls_index){m.ids[i], 0});
    }
}

// A libc's variables that steer its choices, where they can be written.
struct tunable_search {
    const struct object_search *object;
    uintptr_t base; // load address
    struct routine *out;
};

static bool visit_tunable(const struct elf_unit *unit, const struct elf_symbol *symbol,
                          void *context)
{
    (void)unit;
    struct tunable_search *t = context;
    uint64_t width = symbol->sym.st_size;
    if (strncmp(symbol->name, "__x86_", 6) != 0 || (width != 4 && width != 8) ||
        GELF_ST_TYPE(symbol->sym.st_info) != STT_OBJECT) {
        return true;
    }
    uintptr_t at = t->base + symbol->sym.st_value;
    const struct object_search *o = t->object;
    if (at < o->data.lo || at > o->data.hi - width || (at >= o->relro.lo && at < o->relro.hi) ||
        t->out->tunable_count == ROUTINE_TUNABLES_MAX) {
        return true;
    }
    for (size_t i = 0; i < t->out->tunable_count; i++) {
        if (t->out->tunables[i].address == (void *)at) {
            return true;
        }
    }
    struct routine_tunable *row = &t->out->tunables[t->out->tunable_count++];
    *row = (struct routine_tunable){must(strdup(symbol->name)), (void *)at, (size_t)width, 0};
    memcpy(&row->initial, row->address, row->width);
    return true;
}

// A shared object that is being loaded.
struct shared {
    const struct backend *backend;
    struct elf_file *file, *debug; // debug: NULL when there is none
    void *handle;
    struct link_map *map;
};

static bool find_symbol(const struct shared *s, struct elf_symbol *symbol)
{
    char name[SYMBOL_VERSION_MAX];
    return elf_file_find(s->file, s->backend->symbol, true, symbol) != NULL ||
           (s->debug != NULL &&
            elf_file_find(s->debug, s->backend->symbol, true, symbol) != NULL) ||
           (symbol_version(s->backend->symbol, name) != NULL &&
            elf_file_find(s->file, name, false, symbol) != NULL);
}

// What the dynamic linker finds by that name: of "copy@V1", its version V1.
static void *find_dynamic(const struct shared *s)
{
    char name[SYMBOL_VERSION_MAX];
    const char *version = symbol_version(s->backend->symbol, name);
    return version != NULL ? dlvsym(s->handle, name, version)
                           : dlsym(s->handle, s->backend->symbol);
}

// Names are looked for in the object and its own libraries first, as in a program
// that is linked with it: its memcpy is its own, and not the one that this program's
// libc has. AddressSanitizer ends a program that asks for that.
static int bind_flags(void)
{
    bool sanitized = dlsym(RTLD_DEFAULT, "__asan_init") != NULL;
    return RTLD_NOW | RTLD_LOCAL | (sanitized ? 0 : RTLD_DEEPBIND);
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

static bool visit_unit(const struct elf_unit *unit, void *by)
{
    elf_unit_each_symbol(unit, visit_instrumented, by);
    return true;
}

// dlopen's own words begin with the file's name.
static void tell_not_loaded(const struct shared *s, struct error *error)
{
    const char *why = dlerror(), *path = s->backend->path;
    size_t length = strlen(path);
    if (why == NULL) {
        why = "unknown reason";
    } else if (strncmp(why, path, length) == 0 && strncmp(why + length, ": ", 2) == 0) {
        why += length + 2;
    }
    bool undefined = strncmp(why, "undefined symbol", 16) == 0;
    error_set(error, "%s: cannot be loaded: %s%s", path, why,
              undefined ? "; link it with what defines that" : "");
}

static bool open_shared(struct shared *s, struct error *error)
{
    char debug[256];
    struct error ignored, why_not;
    const char *path = s->backend->path, *by = NULL;
    elf_file_each_unit(s->file, visit_unit, &by);
    if (elf_file_is_program(s->file)) {
        return error_set(error, "%s: is a program (PIE), which cannot be loaded", path);
    }
    if (!elf_file_may_be_loaded(s->file, &why_not)) {
        return error_set(error, "%s: %s", path, why_not.text);
    }
    if (by != NULL) {
        error_set(error, "%s: ", path);
        return error_add(error, INSTRUMENTED_TEXT, by);
    }
    if (elf_file_debug_path(s->file, debug, sizeof debug) && access(debug, R_OK) == 0) {
        s->debug = elf_file_open(debug, &ignored);
    }
    s->handle = dlopen(path, bind_flags());
    if (s->handle == NULL || dlinfo(s->handle, RTLD_DI_LINKMAP, &s->map) != 0) {
        tell_not_loaded(s, error);
        return false;
    }
    return true;
}

// dlsym has the last word on exported symbols: it runs the resolver of an ifunc, and
// knows which of several versions is meant. Local and hidden ones it does not know,
// or finds in another library.
static void *find_exported(const struct shared *s, const struct elf_symbol *symbol)
{
    struct link_map *map;
    Dl_info info;
    if (GELF_ST_BIND(symbol->sym.st_info) == STB_LOCAL) {
        return NULL;
    }
    void *found = find_dynamic(s);
    bool chosen = GELF_ST_TYPE(symbol->sym.st_info) == STT_GNU_IFUNC;
    bool ours =
        found != NULL &&
        (chosen || (dladdr1(found, &info, (void **)&map, RTLD_DL_LINKMAP) != 0 && map == s->map));
    return ours ? found : NULL;
}

static bool load_shared(struct shared *s, struct routine *out, struct error *error)
{
    struct elf_symbol symbol;
    if (!open_shared(s, error)) {
        return false;
    }
    if (!find_symbol(s, &symbol)) {
        return error_set(error, "%s: has no symbol '%s'", s->backend->path, s->backend->symbol);
    }
    void *exported = find_exported(s, &symbol);
    if (exported == NULL && strcmp(symbol.name, s->backend->symbol) != 0) {
        return error_set(error, "%s: has no such version of its symbol: '%s'", s->backend->path,
                         s->backend->symbol);
    }
    if (exported == NULL && !elf_symbol_is_code(&symbol)) {
        return error_set(error, "%s: symbol '%s' is not a function", s->backend->path,
                         s->backend->symbol);
    }
    out->entry = exported != NULL ? (uintptr_t)exported : s->map->l_addr + symbol.sym.st_value;
    out->handle = s->handle;
    allocate_thread_storage();
    // Recorders bring a stack that is not split.
    host_forget_stack_limit();
    struct object_search object = {.inside = out->entry, .writable_too = true, .out = out};
    if (dl_iterate_phdr(visit_object, &object) == 0) {
        return error_set(error, "%s: '%s' does not lie in any loaded object", s->backend->path,
                         s->backend->symbol);
    }
    struct tunable_search tunables = {&object, s->map->l_addr, out};
    elf_file_each_symbol(s->file, visit_tunable, &tunables);
    if (s->debug != NULL) {
        elf_file_each_symbol(s->debug, visit_tunable, &tunables);
    }
    return true;
}

// A routine that is part of this program: its code and constants, but not this
// program's data, are its images.
static bool load_builtin(const struct backend *b, struct routine *out, struct error *error)
{
    out->entry = (uintptr_t)b->code;
    struct object_search object = {.inside = out->entry, .out = out};
    if (b->code == NULL || dl_iterate_phdr(visit_object, &object) == 0) {
        return error_set(error, "%s: cannot run here: %s", b->name,
                         b->missing != NULL ? b->missing : "it has no code");
    }
    return true;
}

bool routine_load(const struct backend *backend, struct routine *out, struct error *error)
{
    *out = (struct routine){0};
    if (backend->path == NULL) {
        return load_builtin(backend, out, error);
    }
    struct elf_file *file = elf_file_open(backend->path, error);
    if (file == NULL) {
        return false;
    }
    if (elf_file_kind(file) != ELF_FILE_SHARED) {
        elf_file_close(file);
        return image_load(backend->path, backend->symbol, out, error) &&
               image_start(backend->path, out, error);
    }
    struct shared s = {.backend = backend, .file = file};
    bool loaded = load_shared(&s, out, error);
    elf_file_close(s.debug);
    elf_file_close(file);
    return loaded;
}
