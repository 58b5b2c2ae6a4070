// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Atomics of every CPU on the first four bytes of the destination, each once: what a
// compiler makes of the builtins, and instructions that it makes of none. Two copy: one
// by exchanges, which read the destination, and its twin by plain stores.

#include <stddef.h>
#include <stdint.h>

#define ROUTINE(name) void *name(void *dst, const void *src, size_t n)

static uint32_t word_of(const void *src)
{
    return *(const volatile uint32_t *)src;
}

ROUTINE(exchanges)
{
    (void)n;
    __atomic_exchange_n((uint32_t *)dst, word_of(src), __ATOMIC_RELAXED);
    return dst;
}

ROUTINE(adds)
{
    (void)n;
    __atomic_fetch_add((uint32_t *)dst, word_of(src), __ATOMIC_SEQ_CST);
    return dst;
}

static int swap_if(void *dst, uint32_t expected, uint32_t value)
{
    return __atomic_compare_exchange_n((uint32_t *)dst, &expected, value, 0, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST);
}

ROUTINE(compares_and_stores)
{
    (void)n;
    swap_if(dst, word_of(dst), word_of(src));
    return dst;
}

// Stores what is there already.
ROUTINE(compares_and_stores_the_same)
{
    (void)n;
    uint32_t held = word_of(dst);
    swap_if(dst, held, held);
    return dst;
}

ROUTINE(compares_in_vain)
{
    (void)n;
    swap_if(dst, ~word_of(dst), word_of(src));
    return dst;
}

// First in vain, then not.
ROUTINE(compares_twice)
{
    (void)n;
    uint32_t held = word_of(dst);
    swap_if(dst, ~held, 0);
    swap_if(dst, held, word_of(src));
    return dst;
}

// Ends a pair that another one has ended: stores nothing.
ROUTINE(ends_a_pair_twice)
{
    (void)n, (void)src;
#if defined __aarch64__
    __asm__ volatile("ldxr w9, [%0]\n\tstxr w10, w9, [%0]\n\tstxr w10, w9, [%0]" ::"r"(dst)
                     : "w9", "w10", "memory");
#elif defined __arm__ && __ARM_ARCH >= 6
    __asm__ volatile("ldrex r3, [%0]\n\tstrex r12, r3, [%0]\n\tstrex r12, r3, [%0]" ::"r"(dst)
                     : "r3", "r12", "memory");
#elif defined __riscv
    __asm__ volatile("lr.w t0, (%0)\n\tsc.w t1, t0, (%0)\n\tsc.w t1, t0, (%0)" ::"r"(dst)
                     : "t0", "t1", "memory");
#elif defined __powerpc__
    __asm__ volatile("lwarx 9,0,%0\n\tstwcx. 9,0,%0\n\tstwcx. 9,0,%0" ::"r"(dst)
                     : "r9", "cr0", "memory");
#elif defined __mips__
    __asm__ volatile(".set push\n\t.set noreorder\n\tll $8,0(%0)\n\tmove $9,$8\n\tsc $9,0(%0)\n\t"
                     "move $9,$8\n\tsc $9,0(%0)\n\t.set pop" ::"r"(dst)
                     : "$8", "$9", "memory");
#elif defined __alpha__
    __asm__ volatile(
        "ldl_l $1,0(%0)\n\tmov $1,$2\n\tstl_c $2,0(%0)\n\tmov $1,$2\n\tstl_c $2,0(%0)" ::"r"(dst)
        : "$1", "$2", "memory");
#endif
    return dst;
}

// What is between was stored by a plain instruction: the pair fails.
ROUTINE(stores_within_a_pair)
{
    (void)n, (void)src;
#if defined __aarch64__
    __asm__ volatile("ldxr w9, [%0]\n\tmvn w9, w9\n\tstr w9, [%0]\n\tstxr w10, w9, [%0]" ::"r"(dst)
                     : "w9", "w10", "memory");
#elif defined __riscv
    __asm__ volatile("lr.w t0, (%0)\n\tnot t0, t0\n\tsw t0, (%0)\n\tsc.w t1, t0, (%0)" ::"r"(dst)
                     : "t0", "t1", "memory");
#endif
    return dst;
}

// Instructions of the CPU's own that both load and store.
ROUTINE(by_its_own)
{
    (void)n;
    uint32_t value = word_of(src);
#if defined __s390x__
    __asm__ volatile(".machine z196\n\tlao %0,%0,0(%1)" : "+d"(value) : "a"(dst) : "cc", "memory");
#elif defined __sparc__
    __asm__ volatile("swap [%1], %0" : "+r"(value) : "r"(dst) : "memory");
#elif defined __hppa__
    __asm__ volatile("ldcw 0(%1),%0" : "=r"(value) : "r"(dst) : "memory");
#elif defined __arm__
    // swp r3, r3, [r2]: assemblers for ARMv7 do not take it by name.
    register uint32_t r3 __asm__("r3") = value;
    register void *r2 __asm__("r2") = dst;
    __asm__ volatile(".inst 0xe1023093" : "+r"(r3) : "r"(r2) : "memory");
#elif defined __aarch64__
    __asm__ volatile(".arch armv8.1-a\n\tswpal %w0, %w0, [%1]" : "+r"(value) : "r"(dst) : "memory");
#elif defined __riscv
    __asm__ volatile("amomaxu.w %0, %0, (%1)" : "+r"(value) : "r"(dst) : "memory");
#elif defined __i386__ || defined __x86_64__
    __asm__ volatile("xchg %0, (%1)" : "+r"(value) : "r"(dst) : "memory");
#else
    __atomic_exchange_n((uint32_t *)dst, value, __ATOMIC_RELAXED);
#endif
    return dst;
}

// Words of four bytes; both buffers aligned.
ROUTINE(copies_by_exchange)
{
    for (size_t i = 0; i < n / 4; i++)
        __atomic_exchange_n((uint32_t *)dst + i, word_of((const uint32_t *)src + i),
                            __ATOMIC_RELAXED);
    return dst;
}

ROUTINE(copies_by_store)
{
    for (size_t i = 0; i < n / 4; i++)
        ((volatile uint32_t *)dst)[i] = word_of((const uint32_t *)src + i);
    return dst;
}

// Stores each word by a comparison that holds, after one that does not.
ROUTINE(copies_by_comparison)
{
    for (size_t i = 0; i < n / 4; i++) {
        uint32_t *at = (uint32_t *)dst + i, value = word_of((const uint32_t *)src + i);
        uint32_t held = word_of(at);
        swap_if(at, ~held, ~value);
        swap_if(at, held, value);
    }
    return dst;
}

// ... and once more by one that finds what it stores.
ROUTINE(copies_by_comparison_twice)
{
    copies_by_comparison(dst, src, n);
    for (size_t i = 0; i < n / 4; i++) {
        uint32_t value = word_of((const uint32_t *)dst + i);
        swap_if((uint32_t *)dst + i, value, value);
    }
    return dst;
}
