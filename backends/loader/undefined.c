// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/loader/undefined.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

// What the names of undefined symbols tell. Instrumented code makes accesses of its
// own among the routine's, so that nothing can be said of the routine; counters of
// coverage and profilers are static data like others.
static const struct known_row {
    const char *prefix, *hint;
    const char *instrumented; // what put it there, or NULL
} known[] = {
    {"__asan_", "build it without -fsanitize=address", "AddressSanitizer"},
    {"__hwasan_", "build it without -fsanitize=hwaddress", "HWAddressSanitizer"},
    {"__msan_", "build it without -fsanitize=memory", "MemorySanitizer"},
    {"__tsan_", "build it without -fsanitize=thread", "ThreadSanitizer"},
    {"__dfsan_", "build it without -fsanitize=dataflow", "DataFlowSanitizer"},
    {"__memprof_", "build it without -fmemory-profile", "a memory profiler"},
    {"__sanitizer_cov_", "build it without -fsanitize-coverage", "SanitizerCoverage"},
    {"__sancov_", "build it without -fsanitize-coverage", "SanitizerCoverage"},
    {"__gcov_", "libgcov has it: link it (gcc -shared --coverage), or build it without", NULL},
    {"llvm_gcov_", "LLVM's profile library has it: build it without --coverage", NULL},
    {"__llvm_profile_", "build it without -fprofile-instr-generate", NULL},
    {"__ubsan_", "UBSan has it: build it without -fsanitize=undefined", NULL},
    {"__cyg_profile_func_", "a profiler has it: build it without -finstrument-functions", NULL},
    {"__morestack", "libgcc has it, for split stacks: build it without -fsplit-stack", NULL},
    {"mcount", "a profiler has it: build it without -pg", NULL},
    {"_mcount", "a profiler has it: build it without -pg", NULL},
    {"__chk_fail", "the libc has it: link it (gcc -shared), or drop _FORTIFY_SOURCE", NULL},
};

static const struct known_row *find_known(const char *name)
{
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strncmp(name, known[i].prefix, strlen(known[i].prefix)) == 0)
            return &known[i];
    return NULL;
}

const char *instrumented_by(const char *name)
{
    const struct known_row *row = find_known(name);
    return row ? row->instrumented : NULL;
}

const char *undefined_at(const struct undefined *u, uint64_t address)
{
    if (address < u->span.lo || address >= u->span.hi)
        return NULL;
    return u->names[(address - u->span.lo) / UNDEFINED_BYTES];
}

const char *undefined_in(const struct undefined *u, uint64_t lo, uint64_t hi)
{
    size_t first = 0, end = u->use_count;
    while (first < end) {
        size_t middle = first + (end - first) / 2;
        if (u->uses[middle].at < lo)
            first = middle + 1;
        else
            end = middle;
    }
    return first < u->use_count && u->uses[first].at < hi ? u->uses[first].name : NULL;
}

// In the libc that this program runs on, where that is glibc.
static bool is_in_libc(const char *name)
{
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
    bool found = libc && dlsym(libc, name);
    if (libc)
        dlclose(libc);
    return found;
}

void undefined_tell(const char *name, const char *verb, char *text, size_t size)
{
    const struct known_row *row = find_known(name);
    const char *ifunc = strstr(name, UNDEFINED_IFUNC);
    int bytes = ifunc ? (int)(ifunc - name) : (int)strlen(name);
    int length = snprintf(text, size, "the routine %s `%.*s`, which ", verb, bytes, name);
    size_t used = length < 0 || (size_t)length >= size ? size - 1 : (size_t)length;
    text += used;
    size -= used;
    if (ifunc)
        snprintf(text, size, "is an ifunc: link the object into a shared object (gcc -shared)");
    else if (row)
        snprintf(text, size, "its file does not define; %s", row->hint);
    else if (is_in_libc(name))
        snprintf(text, size,
                 "its file does not define; the libc has it: link the object into a "
                 "shared object (gcc -shared)");
    else
        snprintf(text, size, "its file does not define");
}
