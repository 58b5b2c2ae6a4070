// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The functions that have a path for each instruction set: one jump through a
// pointer. It is set before main, so that no call stores anything but its copy;
// a call from another constructor sets it itself. Setting it twice is harmless:
// all threads find the same.

#include "check.h"
#include "choose.h"
#include "paths.h"

static storecopy_function first_shared, first_ordered, first_wc, first_pmem;
static storecopy_set_function first_set_shared, first_set_pmem;

static storecopy_function *shared = first_shared, *ordered = first_ordered, *wc = first_wc,
                          *pmem = first_pmem;
static storecopy_set_function *set_shared = first_set_shared, *set_pmem = first_set_pmem;

#define LOAD(pointer) __atomic_load_n(&(pointer), __ATOMIC_RELAXED)

static void *no_pmem(void *dst, const void *src, size_t n)
{
    (void)dst, (void)src, (void)n;
    return NULL;
}

static void *no_set_pmem(void *dst, int value, size_t n)
{
    (void)dst, (void)value, (void)n;
    return NULL;
}

#if STORECOPY_VECTORS
static const struct {
    storecopy_function *shared, *ordered, *wc;
    storecopy_set_function *set_shared;
} by_path[STORECOPY_PATHS] = {
    [STORECOPY_PORTABLE] = {storecopy_shared_portable, storecopy_ordered_portable,
                            storecopy_wc_portable, storecopy_set_shared_portable},
    [STORECOPY_SSE2] = {storecopy_shared_sse2, storecopy_ordered_portable, storecopy_wc_sse2,
                        storecopy_set_shared_portable},
    [STORECOPY_AVX2] = {storecopy_shared_avx2, storecopy_ordered_avx, storecopy_wc_avx2,
                        storecopy_set_shared_avx2},
    [STORECOPY_AVX512] = {storecopy_shared_avx512, storecopy_ordered_avx, storecopy_wc_avx512,
                          storecopy_set_shared_avx2},
    [STORECOPY_AVX512_WIDE] = {storecopy_shared_avx512_wide, storecopy_ordered_avx,
                               storecopy_wc_avx512, storecopy_set_shared_avx2},
};

static const struct {
    storecopy_function *copy;
    storecopy_set_function *set;
} by_flush[] = {
    [STORECOPY_NO_FLUSH] = {no_pmem, no_set_pmem},
    [STORECOPY_CLFLUSH] = {storecopy_pmem_clflush, storecopy_set_pmem_clflush},
    [STORECOPY_CLFLUSHOPT] = {storecopy_pmem_clflushopt, storecopy_set_pmem_clflushopt},
    [STORECOPY_CLWB] = {storecopy_pmem_clwb, storecopy_set_pmem_clwb},
};
#else
static const struct {
    storecopy_function *shared, *ordered, *wc;
    storecopy_set_function *set_shared;
} by_path[STORECOPY_PATHS] = {
    [STORECOPY_PORTABLE] = {storecopy_shared_portable, storecopy_ordered_portable,
                            storecopy_wc_portable, storecopy_set_shared_portable},
};

static const struct {
    storecopy_function *copy;
    storecopy_set_function *set;
} by_flush[] = {[STORECOPY_NO_FLUSH] = {no_pmem, no_set_pmem}};
#endif

enum storecopy_path storecopy_path_here(void)
{
    return storecopy_find_path();
}

__attribute__((constructor)) static void choose(void)
{
    enum storecopy_path path = storecopy_find_path();
    enum storecopy_flush flush = storecopy_find_flush();
    if (path >= STORECOPY_AVX512)
        storecopy_choose_strings(path);
    __atomic_store_n(&shared, by_path[path].shared, __ATOMIC_RELAXED);
    __atomic_store_n(&ordered, by_path[path].ordered, __ATOMIC_RELAXED);
    __atomic_store_n(&wc, by_path[path].wc, __ATOMIC_RELAXED);
    __atomic_store_n(&set_shared, by_path[path].set_shared, __ATOMIC_RELAXED);
    __atomic_store_n(&pmem, by_flush[flush].copy, __ATOMIC_RELAXED);
    __atomic_store_n(&set_pmem, by_flush[flush].set, __ATOMIC_RELAXED);
}

#define FIRST(name)                                                 \
    static void *first_##name(void *dst, const void *src, size_t n) \
    {                                                               \
        choose();                                                   \
        return LOAD(name)(dst, src, n);                             \
    }

FIRST(shared)
FIRST(ordered)
FIRST(wc)
FIRST(pmem)

#define FIRST_SET(name)                                       \
    static void *first_##name(void *dst, int value, size_t n) \
    {                                                         \
        choose();                                             \
        return LOAD(name)(dst, value, n);                     \
    }

FIRST_SET(set_shared)
FIRST_SET(set_pmem)

void *storecopy_shared(void *dst, const void *src, size_t n)
{
    CHECK_BUFFERS(dst, src, n);
    return LOAD(shared)(dst, src, n);
}

void *storecopy_ordered(void *dst, const void *src, size_t n)
{
    CHECK_BUFFERS(dst, src, n);
    return LOAD(ordered)(dst, src, n);
}

void *storecopy_wc(void *dst, const void *src, size_t n)
{
    CHECK_BUFFERS(dst, src, n);
    CHECK_APART(dst, src, n);
    return LOAD(wc)(dst, src, n);
}

void *storecopy_pmem(void *dst, const void *src, size_t n)
{
    CHECK_BUFFERS(dst, src, n);
    CHECK_APART(dst, src, n);
    return LOAD(pmem)(dst, src, n);
}

void *storecopy_set_pmem(void *dst, int value, size_t n)
{
    CHECK_BUFFER(dst, n);
    return LOAD(set_pmem)(dst, value, n);
}

void *storecopy_set_shared(void *dst, int value, size_t n)
{
    CHECK_BUFFER(dst, n);
    return LOAD(set_shared)(dst, value, n);
}
