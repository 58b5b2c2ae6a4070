// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Copies to persistent memory, of whole words: with flushes of every kind that a CPU has
// and a barrier, and with something of it left out.

#include <stddef.h>
#include <stdint.h>

#if defined __aarch64__
#define CLEAN(at)   __asm__ volatile("dc cvac, %0" ::"r"(at) : "memory")
#define PERSIST(at) __asm__ volatile("sys #3, c7, c12, #1, %0" ::"r"(at) : "memory")
#define DEEP(at)    __asm__ volatile("sys #3, c7, c13, #1, %0" ::"r"(at) : "memory")
#define OTHER(at)   __asm__ volatile("dc cvau, %0" ::"r"(at) : "memory")
#define BARRIER()   __asm__ volatile("dsb ish" ::: "memory")
#define WEAK()      __asm__ volatile("dmb ishld" ::: "memory")
#elif defined __riscv
#define CLEAN(at)   __asm__ volatile(".insn i 0x0f, 2, x0, %0, 1" ::"r"(at) : "memory")
#define PERSIST(at) __asm__ volatile(".insn i 0x0f, 2, x0, %0, 2" ::"r"(at) : "memory")
#define DEEP(at)    PERSIST(at)
#define OTHER(at)   (void)(at)
#define BARRIER()   __asm__ volatile("fence rw, rw" ::: "memory")
#define WEAK()      __asm__ volatile("fence r, r" ::: "memory")
#endif

static void words(void *dst, const void *src, size_t n)
{
    for (size_t i = 0; i < n / 8; i++)
        ((volatile uint64_t *)dst)[i] = ((const volatile uint64_t *)src)[i];
}

#define LINES(dst, n)                                                               \
    uintptr_t at = (uintptr_t)(dst) & ~(uintptr_t)63, end = (uintptr_t)(dst) + (n); \
    at < end;                                                                       \
    at += 64

#define ROUTINE(name) void *name(void *dst, const void *src, size_t n)

ROUTINE(cleaned)
{
    words(dst, src, n);
    for (LINES(dst, n))
        CLEAN(at);
    BARRIER();
    return dst;
}

ROUTINE(persisted)
{
    words(dst, src, n);
    for (LINES(dst, n))
        PERSIST(at);
    BARRIER();
    return dst;
}

ROUTINE(persisted_deep)
{
    words(dst, src, n);
    for (LINES(dst, n))
        DEEP(at);
    BARRIER();
    return dst;
}

ROUTINE(not_flushed)
{
    words(dst, src, n);
    BARRIER();
    return dst;
}

ROUTINE(flushed_before)
{
    for (LINES(dst, n))
        CLEAN(at);
    words(dst, src, n);
    BARRIER();
    return dst;
}

// Of a destination within a line the last line is missed.
ROUTINE(steps_from_dst)
{
    words(dst, src, n);
    for (uintptr_t at = (uintptr_t)dst; at < (uintptr_t)dst + n; at += 64)
        CLEAN(at);
    BARRIER();
    return dst;
}

ROUTINE(not_fenced)
{
    words(dst, src, n);
    for (LINES(dst, n))
        CLEAN(at);
    return dst;
}

ROUTINE(fenced_weakly)
{
    words(dst, src, n);
    for (LINES(dst, n))
        CLEAN(at);
    WEAK();
    return dst;
}

ROUTINE(flushed_for_others)
{
    words(dst, src, n);
    for (LINES(dst, n))
        OTHER(at);
    BARRIER();
    return dst;
}
