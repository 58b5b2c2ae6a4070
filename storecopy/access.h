// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Single accesses that compilers can neither merge, split, widen, repeat nor turn
// into a call: volatile scalars (C17 5.1.2.3: accesses to volatile objects are
// evaluated strictly according to the abstract machine), and inline assembly for
// vectors. Each is legal on any object.
//
// `_aligned` ones are whole on every CPU. The others take any address: one
// instruction where the CPU allows it (x86, Armv7, AArch64), bytes where it does
// not.

#ifndef STORECOPY_ACCESS_H
#define STORECOPY_ACCESS_H

#include <stddef.h>
#include <stdint.h>

#define INLINE static inline __attribute__((always_inline, unused))

// Code for more than portable C? STORECOPY_PORTABLE_ONLY: none, for those that may
// not use vector registers, such as a kernel (-mgeneral-regs-only).
#if defined(__x86_64__) && !defined(STORECOPY_PORTABLE_ONLY)
#define STORECOPY_VECTORS 1
#else
#define STORECOPY_VECTORS 0
#endif

// Is a misaligned access one instruction, and whole within a cache line?
#if defined(__x86_64__) || defined(__i386__)
#define MISALIGNED_IS_WHOLE 1
#else
#define MISALIGNED_IS_WHOLE 0
#endif

// Bytes of a cache line.
enum { LINE = 64 };

// The widest access that is whole, bytes.
enum { WHOLE_MAX = sizeof(uintptr_t) >= 8 ? 8 : 4 };

#define SCALAR(bits)                                                                   \
    typedef volatile uint##bits##_t __attribute__((may_alias)) aligned_##bits;         \
    typedef volatile uint##bits##_t __attribute__((may_alias, aligned(1))) any_##bits; \
    INLINE uint##bits##_t load_##bits(const void *from)                                \
    {                                                                                  \
        return *(const any_##bits *)from;                                              \
    }                                                                                  \
    INLINE void store_##bits(void *to, uint##bits##_t value)                           \
    {                                                                                  \
        *(any_##bits *)to = value;                                                     \
    }                                                                                  \
    INLINE uint##bits##_t load_aligned_##bits(const void *from)                        \
    {                                                                                  \
        return *(const aligned_##bits *)from;                                          \
    }                                                                                  \
    INLINE void store_aligned_##bits(void *to, uint##bits##_t value)                   \
    {                                                                                  \
        *(aligned_##bits *)to = value;                                                 \
    }

SCALAR(8)
SCALAR(16)
SCALAR(32)
SCALAR(64)

// A device's accesses. A compiler may give an AArch64 access a write-back address
// (`str x1, [x0], #8`), which a hypervisor cannot emulate: the syndrome of its
// trap does not describe it (Arm ARM, ESR_ELx.ISS, ISV). Constraint Q is a plain
// base register.
#if defined(__aarch64__)
#define DEVICE(bits, suffix, format)                                \
    INLINE uint##bits##_t load_device_##bits(const void *from)      \
    {                                                               \
        uint##bits##_t value;                                       \
        __asm__ volatile("ldr" suffix " %" format "0, %1"           \
                         : "=r"(value)                              \
                         : "Q"(*(const aligned_##bits *)from)       \
                         : "memory");                               \
        return value;                                               \
    }                                                               \
    INLINE void store_device_##bits(void *to, uint##bits##_t value) \
    {                                                               \
        __asm__ volatile("str" suffix " %" format "1, %0"           \
                         : "=Q"(*(aligned_##bits *)to)              \
                         : "r"(value)                               \
                         : "memory");                               \
    }
#else
#define DEVICE(bits, suffix, format)                                \
    INLINE uint##bits##_t load_device_##bits(const void *from)      \
    {                                                               \
        return load_aligned_##bits(from);                           \
    }                                                               \
    INLINE void store_device_##bits(void *to, uint##bits##_t value) \
    {                                                               \
        store_aligned_##bits(to, value);                            \
    }
#endif

DEVICE(8, "b", "w")
DEVICE(16, "h", "w")
DEVICE(32, "", "w")
DEVICE(64, "", "x")

// Would an ascending copy overwrite bytes of SRC that it has not read?
INLINE int overwrites_ahead(const void *dst, const void *src, size_t n)
{
    uintptr_t up = (uintptr_t)dst - (uintptr_t)src;
    return __builtin_expect(up < n, 0) && up != 0;
}

// The same of N > 0, by one comparison.
INLINE int overwrites_ahead_some(const void *dst, const void *src, size_t n)
{
    return __builtin_expect((uintptr_t)dst - (uintptr_t)src - 1 < n - 1, 0) != 0;
}

// Lowest set bit; 0 of 0.
INLINE uintptr_t lowest_bit(uintptr_t bits)
{
    return bits & -bits;
}

#if STORECOPY_VECTORS
// A load and the store of what it read. Vector registers of their own, so that
// nothing has to be saved; AVX-512's upper sixteen need no vzeroupper.
INLINE void move_128(void *to, const void *from)
{
    __asm__ volatile("movups (%1), %%xmm0\n\tmovups %%xmm0, (%0)"
                     :
                     : "r"(to), "r"(from)
                     : "xmm0", "memory");
}

// The same by an AVX instruction, beside moves of 32 bytes: an SSE instruction there takes 160 ns
// on Emerald Rapids, with the upper halves in use.
INLINE void move_128_avx_any(void *to, const void *from)
{
    __asm__ volatile("vmovdqu (%1), %%xmm0\n\tvmovdqu %%xmm0, (%0)"
                     :
                     : "r"(to), "r"(from)
                     : "xmm0", "memory");
}

// ... to an aligned address.
INLINE void move_128_avx(void *to, const void *from)
{
    __asm__ volatile("vmovdqu (%1), %%xmm0\n\tvmovdqa %%xmm0, (%0)"
                     :
                     : "r"(to), "r"(from)
                     : "xmm0", "memory");
}

// The same eight bytes twice.
INLINE void set_128(void *to, uint64_t pattern)
{
    typedef uint64_t two __attribute__((vector_size(16)));
    __asm__ volatile("movups %1, (%0)" : : "r"(to), "x"((two){pattern, pattern}) : "memory");
}

INLINE void move_256(void *to, const void *from)
{
    __asm__ volatile("vmovdqu (%1), %%ymm0\n\tvmovdqu %%ymm0, (%0)"
                     :
                     : "r"(to), "r"(from)
                     : "xmm0", "memory");
}

// The same eight bytes over BYTES, a multiple of 32 and not 0, upwards.
INLINE void set_run_256(void *to, uint64_t pattern, size_t bytes)
{
    void *end = (uint8_t *)to + bytes;
    __asm__ volatile("vmovq %2, %%xmm0\n\tvpbroadcastq %%xmm0, %%ymm0\n"
                     "1:\tvmovdqu %%ymm0, (%0)\n\tadd $32, %0\n\tcmp %1, %0\n\tjne 1b\n\t"
                     "vzeroupper"
                     : "+r"(to)
                     : "r"(end), "r"(pattern)
                     : "xmm0", "cc", "memory");
}

// After 256-bit moves: SSE code is slow with the upper halves in use (Intel 64
// Optimization Reference Manual, 15.3).
INLINE void end_256(void)
{
    __asm__ volatile("vzeroupper" ::: "memory");
}
#endif

#if defined(__x86_64__)
INLINE void fence_stores(void)
{
    __asm__ volatile("sfence" ::: "memory");
}
#endif

#endif
