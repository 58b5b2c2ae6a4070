// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Constructors. A linker gathers those of every file that has a part in a program,
// and the start-up code runs them before anything else; a routine may rely on what
// they leave behind.

#include "backends/loader/image.h"
#include "backends/loader/linker.h"
#include "base/host.h"
#include "base/memory.h"

#include <dlfcn.h>
#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

enum { PRIORITY_LAST = 65535 };

static const char *section_name(struct elf_unit *unit, const GElf_Shdr *shdr)
{
    size_t names;
    const char *name = NULL;
    if (elf_getshdrstrndx(unit->elf, &names) == 0) {
        name = elf_strptr(unit->elf, names, shdr->sh_name);
    }
    return name != NULL ? name : "";
}

bool image_reaches_data(const struct linker *l)
{
    for (size_t i = 0; i < l->piece_count; i++) {
        const struct piece *p = &l->pieces[i];
        // What is constant once it is relocated no constructor changes.
        bool fixed = strncmp(section_name(p->unit, &p->shdr), ".data.rel.ro", 12) == 0;
        if (p->segment == SEGMENT_THREAD || (p->segment == SEGMENT_DATA && !fixed)) {
            return true;
        }
    }
    for (size_t i = 0; i < l->binding_count; i++) {
        if (l->bindings[i].kind == BINDING_COMMON) {
            return true;
        }
    }
    return false;
}

// Is it a section of constructors? ".init_array.00101" has a priority; so has
// ".ctors.65434", what compilers made before, counted from the end.
static bool is_init(const char *name, const GElf_Shdr *shdr, struct init_section *out)
{
    bool array = shdr->sh_type == SHT_INIT_ARRAY || strncmp(name, ".init_array", 11) == 0;
    bool old = strcmp(name, ".ctors") == 0 || strncmp(name, ".ctors.", 7) == 0;
    if ((!array && !old) || (shdr->sh_flags & SHF_ALLOC) == 0) {
        return false;
    }
    const char *dot = strrchr(name + 1, '.');
    long number = dot != NULL ? strtol(dot + 1, NULL, 10) : -1;
    bool given = number >= 0 && number <= PRIORITY_LAST;
    out->priority =
        !given ? PRIORITY_LAST + 1u : (unsigned)(old && !array ? PRIORITY_LAST - number : number);
    out->backward = !array;
    return true;
}

static bool is_first_of_unit(const struct linker *l, size_t piece)
{
    for (size_t i = 0; i < piece; i++) {
        if (l->pieces[i].unit == l->pieces[piece].unit) {
            return false;
        }
    }
    return true;
}

bool image_reach_constructors(struct linker *l, size_t piece)
{
    struct elf_unit *unit = l->pieces[piece].unit;
    if (!is_first_of_unit(l, piece)) {
        return true;
    }
    for (Elf_Scn *scn = NULL; (scn = elf_nextscn(unit->elf, scn)) != NULL;) {
        GElf_Shdr shdr;
        struct init_section init;
        if (gelf_getshdr(scn, &shdr) == NULL || !is_init(section_name(unit, &shdr), &shdr, &init)) {
            continue;
        }
        if (!image_reach(l, unit, elf_ndxscn(scn), &init.piece)) {
            return false;
        }
        l->inits = must(realloc(l->inits, (l->init_count + 1) * sizeof *l->inits));
        l->inits[l->init_count++] = init;
    }
    return true;
}

// By priority, then in the order of the files.
static int compare_inits(const void *a, const void *b)
{
    const struct init_section *x = a, *y = b;
    if (x->priority != y->priority) {
        return x->priority < y->priority ? -1 : 1;
    }
    return x->piece < y->piece ? -1 : x->piece > y->piece;
}

void image_list_constructors(const struct linker *l, struct image *image)
{
    size_t most = 0;
    for (size_t i = 0; i < l->init_count; i++) {
        most += l->pieces[l->inits[i].piece].shdr.sh_size / sizeof(uintptr_t);
    }
    image->constructors = must(calloc(most + 1, sizeof *image->constructors));
    if (l->init_count > 0) {
        qsort(l->inits, l->init_count, sizeof *l->inits, compare_inits);
    }
    for (size_t i = 0; i < l->init_count; i++) {
        const struct piece *p = &l->pieces[l->inits[i].piece];
        size_t count = p->shdr.sh_size / sizeof(uintptr_t);
        for (size_t k = 0; k < count; k++) {
            size_t at = l->inits[i].backward ? count - 1 - k : k;
            uintptr_t entry;
            memcpy(&entry, l->segment[p->segment] + p->offset + at * sizeof entry, sizeof entry);
            if (entry != 0 && entry != UINTPTR_MAX) { // which end a list of the old kind
                image->constructors[image->constructor_count++] = entry;
            }
        }
    }
}

// ---- running them ----

// What a constructor calls or reads of the libc is this program's, as in a program that
// is linked with it: what it does is not judged. Where one ends that needs more; a
// handler has no other way to it.
static struct start {
    void *libc;
    const struct undefined *undefined;
    const char *name; // of the symbol
    bool called;
    sigjmp_buf back;
} * running;

// Gives the symbol's memory what the libc's variable holds. False when there is none,
// or the constructor looks beyond it.
static bool lend_variable(const struct start *start, const char *name, uintptr_t address)
{
    Dl_info info;
    const ElfW(Sym) *symbol = NULL;
    uintptr_t slot = (address - start->undefined->span.lo) / UNDEFINED_BYTES * UNDEFINED_BYTES;
    uintptr_t at = start->undefined->span.lo + slot + UNDEFINED_SKEW;
    void *from = start->libc != NULL ? dlsym(start->libc, name) : NULL;
    if (from == NULL || address - at >= IMAGE_LENT_MAX ||
        dladdr1(from, &info, (void **)&symbol, RTLD_DL_SYMENT) == 0 || symbol == NULL ||
        ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT || symbol->st_size > IMAGE_LENT_MAX ||
        mprotect((void *)(at / host_page_bytes() * host_page_bytes()), host_page_bytes(),
                 PROT_READ | PROT_WRITE) != 0) {
        return false;
    }
    memcpy((void *)at, from, symbol->st_size);
    return true;
}

static void on_fault(int signal, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;
    uintptr_t pc = host_pc(uc), address = (uintptr_t)info->si_addr;
    const char *called = undefined_at(running->undefined, pc);
    const char *used = called == NULL ? undefined_at(running->undefined, address) : NULL;
    void *function = called != NULL && running->libc != NULL ? dlsym(running->libc, called) : NULL;
    if (function != NULL) {
        host_set_pc(uc, (uintptr_t)function);
        return;
    }
    if (used != NULL && lend_variable(running, used, address)) {
        return;
    }
    running->name = called != NULL ? called : used;
    running->called = called != NULL;
    if (running->name != NULL) {
        siglongjmp(running->back, 1);
    }
    struct sigaction die = {.sa_handler = SIG_DFL};
    sigaction(signal, &die, NULL); // again, as if there were no handler
}

static void run_all(const struct image *image)
{
    typedef void constructor(int, char **, char **);
    static char *no_arguments[] = {NULL};
    for (size_t i = 0; i < image->constructor_count; i++) {
        ((constructor *)image->constructors[i])(0, no_arguments, environ);
    }
}

bool image_start(const char *path, const struct routine *routine, struct error *error)
{
    const struct image *image = routine->handle;
    if (image->constructor_count == 0) {
        return true;
    }
    struct start start = {.libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD),
                          .undefined = &routine->undefined};
    struct sigaction before, action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
    running = &start;
    sigaction(SIGSEGV, &action, &before);
    bool whole = sigsetjmp(start.back, 1) == 0;
    if (whole) {
        run_all(image);
    }
    sigaction(SIGSEGV, &before, NULL);
    running = NULL;
    const struct span *lent = &routine->undefined.span;
    if (lent->hi > lent->lo) {
        mprotect((void *)lent->lo, lent->hi - lent->lo, PROT_NONE);
    }
    if (!whole) {
        error_set(error,
                  "%s: its constructor %s `%s`, which its file does not define; link it into a "
                  "shared object (gcc -shared)",
                  path, start.called ? "calls" : "uses", start.name);
    }
    return whole;
}
