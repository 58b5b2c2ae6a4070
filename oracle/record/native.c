// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/native.h"

#include "base/host.h"
#include "record/native_entry.h"

#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>

enum {
    STACK_BYTES = 8 << 20,
    ALT_STACK_BYTES = 256 << 10,
    STACK_ABOVE = 128, // of the caller's frame, as far as there is one
};

void *native_reserve(size_t bytes, int protection, int flags)
{
    void *p =
        mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | flags, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

bool native_call_words(const struct call *call, struct arena *arena, struct layout *l,
                       uint64_t words[NATIVE_WORDS])
{
    uint8_t *record = arena_record(arena);
    struct call_entry entry;
    const struct call_place place = {.dst = (uintptr_t)l->dst,
                                     .src = (uintptr_t)l->src,
                                     .size = l->size,
                                     .value = layout_value(l, false),
                                     .data = l->expected,
                                     .record = (uintptr_t)record,
                                     .word_bytes = sizeof(uint64_t)};
    if (!record)
        return false;
    call_enter(call, &place, &entry);
    memcpy(record, entry.record, entry.record_bytes);
    layout_take_call(l, call, &place, entry.record_bytes);
    // Those that carry no argument hold what others hold.
    for (size_t i = 0; i < NATIVE_WORDS; i++)
        words[i] = i < call_words(call) ? entry.words[i] : ENTRY_REGISTER(native_words_in[i]);
    return true;
}

// Bytes between two inaccessible pages.
static uint8_t *reserve_guarded(size_t bytes)
{
    const size_t page = host_page_bytes();
    uint8_t *p = native_reserve(bytes + 2 * page, PROT_NONE, 0);
    if (!p || mprotect(p + page, bytes, PROT_READ | PROT_WRITE) != 0)
        return NULL;
    return p + page;
}

static void release_guarded(void *at, size_t bytes)
{
    const size_t page = host_page_bytes();
    munmap((uint8_t *)at - page, bytes + 2 * page);
}

bool native_open(struct native *g)
{
    memset(g, 0, sizeof *g);
    uint8_t *stack = reserve_guarded(STACK_BYTES);
    if (!stack)
        return false;
    g->stack = (struct span){(uintptr_t)stack, (uintptr_t)stack + STACK_BYTES};
    g->rsp = g->stack.hi - STACK_ABOVE;
    g->alt_stack = reserve_guarded(ALT_STACK_BYTES);
    return g->alt_stack != NULL;
}

void native_close(struct native *g)
{
    setitimer(ITIMER_PROF, &(struct itimerval){0}, NULL);
    if (g->stack.lo)
        release_guarded((void *)g->stack.lo, STACK_BYTES);
    if (g->alt_stack) {
        sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
        release_guarded(g->alt_stack, ALT_STACK_BYTES);
    }
    memset(g, 0, sizeof *g);
}

static struct sigaction others[NSIG];

static void on_other(int signal, siginfo_t *info, void *context)
{
    if (others[signal].sa_flags & SA_SIGINFO)
        others[signal].sa_sigaction(signal, info, context);
    else
        others[signal].sa_handler(signal);
}

static bool is_harmless(const struct sigaction *action)
{
    if (!(action->sa_flags & SA_SIGINFO))
        return action->sa_handler == SIG_DFL || action->sa_handler == SIG_IGN;
    return action->sa_sigaction == native_fault_entry ||
           action->sa_sigaction == native_tick_entry || action->sa_sigaction == native_other_entry;
}

void native_tame_handlers(void)
{
    native_on_other = on_other;
    for (int signal = 1; signal < NSIG; signal++) {
        struct sigaction action;
        if (sigaction(signal, NULL, &action) != 0 || is_harmless(&action))
            continue;
        others[signal] = action;
        action.sa_flags |= SA_SIGINFO | SA_ONSTACK;
        action.sa_sigaction = native_other_entry;
        sigaction(signal, &action, NULL);
    }
}

void native_handle(const struct native *g, native_handler *on_fault, native_handler *on_tick,
                   unsigned period_ms)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    native_on_fault = on_fault;
    native_on_tick = on_tick;
    sigaltstack(&(stack_t){.ss_sp = g->alt_stack, .ss_size = ALT_STACK_BYTES}, NULL);

    struct sigaction fault = {.sa_sigaction = native_fault_entry,
                              .sa_flags = SA_SIGINFO | SA_ONSTACK};
    sigfillset(&fault.sa_mask);
    for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++)
        sigaction(faults[i], &fault, NULL);

    struct sigaction tick = {.sa_sigaction = native_tick_entry,
                             .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART};
    sigfillset(&tick.sa_mask);
    sigaction(SIGPROF, &tick, NULL);
    struct timeval period = {period_ms / 1000, (suseconds_t)(period_ms % 1000) * 1000};
    setitimer(ITIMER_PROF, &(struct itimerval){period, period}, NULL);
    native_tame_handlers();
}

static bool read_mapping(const char *line, struct native_mapping *out)
{
    unsigned long lo, hi;
    char perms[8];
    if (sscanf(line, "%lx-%lx %7s", &lo, &hi, perms) < 3)
        return false;
    out->lo = lo;
    out->hi = hi;
    out->read = perms[0] == 'r';
    out->write = perms[1] == 'w';
    out->exec = perms[2] == 'x';
    return true;
}

bool native_find_mapping(uint64_t address, struct native_mapping *out)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    if (!maps)
        return false;
    char line[512];
    bool found = false;
    while (!found && fgets(line, sizeof line, maps))
        found = read_mapping(line, out) && address >= out->lo && address < out->hi;
    fclose(maps);
    errno = 0;
    return found;
}

static bool holds(const struct span *images, size_t count, struct span part)
{
    for (size_t i = 0; i < count; i++)
        if (images[i].lo <= part.lo && part.hi <= images[i].hi)
            return true;
    return false;
}

static void add_image(struct span *images, size_t *count, struct span part)
{
    if (!holds(images, *count, part) && *count < TRACE_IMAGES_MAX)
        images[(*count)++] = part;
}

// A module, and whether it is the one looked for.
struct module_search {
    uint64_t address;
    struct span *images;
    size_t *count;
    bool found;
};

// Whole pages of a segment, .bss included, which no file backs.
static struct span segment_span(const struct dl_phdr_info *module, const ElfW(Phdr) * segment)
{
    uint64_t lo = module->dlpi_addr + segment->p_vaddr, hi = lo + segment->p_memsz;
    return (struct span){lo / host_page_bytes() * host_page_bytes(), host_whole_pages(hi)};
}

// Its thread-local variables, of this thread, which the dynamic linker allocated.
static void add_thread_data(const struct module_search *search, const struct dl_phdr_info *module,
                            const ElfW(Phdr) * segment)
{
    uint64_t lo = (uintptr_t)module->dlpi_tls_data;
    if (lo)
        add_image(search->images, search->count, (struct span){lo, lo + segment->p_memsz});
}

static int add_segments(struct dl_phdr_info *module, size_t size, void *context)
{
    (void)size;
    struct module_search *search = context;
    for (int pass = 0; pass < 2; pass++) {
        for (int i = 0; i < module->dlpi_phnum; i++) {
            if (pass == 1 && module->dlpi_phdr[i].p_type == PT_TLS)
                add_thread_data(search, module, &module->dlpi_phdr[i]);
            if (module->dlpi_phdr[i].p_type != PT_LOAD)
                continue;
            struct span part = segment_span(module, &module->dlpi_phdr[i]);
            if (pass == 0 && search->address >= part.lo && search->address < part.hi)
                search->found = true;
            if (pass == 1)
                add_image(search->images, search->count, part);
        }
        if (!search->found)
            return 0;
    }
    return 1;
}

void native_add_module(const struct native_mapping *code, struct span *images, size_t *count)
{
    struct span mapping = {code->lo, code->hi};
    if (holds(images, *count, mapping))
        return;
    add_image(images, count, mapping);
    struct module_search search = {code->lo, images, count, false};
    dl_iterate_phdr(add_segments, &search);
}

void native_add_modules(const struct site *sites, size_t site_count, struct span *images,
                        size_t *count)
{
    struct native_mapping m = {0};
    for (size_t i = 0; i < site_count; i++) {
        bool same = sites[i].addr >= m.lo && sites[i].addr < m.hi;
        if (!same && native_find_mapping(sites[i].addr, &m))
            native_add_module(&m, images, count);
    }
}
