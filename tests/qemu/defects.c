// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Routines with one defect each, and right ones, in C that every compiler makes
// the same accesses of: each access goes through a volatile pointer. Compiled for
// other CPUs by the tests, with -O2 -fno-builtin.

#include <stddef.h>
#include <stdint.h>

typedef volatile uint8_t byte;

static void copy_bytes(byte *d, const byte *s, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        d[i] = s[i];
}

void *right_bytes(void *dst, const void *src, size_t n)
{
    copy_bytes(dst, src, 0, n);
    return dst;
}

void *right_bytes_move(void *dst, const void *src, size_t n)
{
    byte *d = dst;
    const byte *s = src;
    if ((uintptr_t)d - (uintptr_t)s >= n)
        copy_bytes(d, s, 0, n);
    else
        while (n-- > 0)
            d[n] = s[n];
    return dst;
}

void *misses_last(void *dst, const void *src, size_t n)
{
    copy_bytes(dst, src, 0, n ? n - 1 : 0);
    return dst;
}

void *stores_behind(void *dst, const void *src, size_t n)
{
    copy_bytes(dst, src, 0, n);
    ((byte *)dst)[n] = 0;
    return dst;
}

void *stores_before(void *dst, const void *src, size_t n)
{
    copy_bytes(dst, src, 0, n);
    ((byte *)dst)[-1] = ((byte *)dst)[-1];
    return dst;
}

void *stores_twice(void *dst, const void *src, size_t n)
{
    copy_bytes(dst, src, 0, n);
    if (n > 40)
        ((byte *)dst)[40] = ((const byte *)src)[40];
    return dst;
}

void *stores_same_data_twice(void *dst, const void *src, size_t n)
{
    copy_bytes(dst, src, 0, n);
    copy_bytes(dst, src, n / 2, n);
    return dst;
}

void *loads_behind(void *dst, const void *src, size_t n)
{
    copy_bytes(dst, src, 0, n);
    (void)((const byte *)src)[n];
    return dst;
}

void *loads_twice(void *dst, const void *src, size_t n)
{
    copy_bytes(dst, src, 0, n);
    if (n)
        (void)((const byte *)src)[n - 1];
    return dst;
}

void *returns_end(void *dst, const void *src, size_t n)
{
    copy_bytes(dst, src, 0, n);
    return (char *)dst + n;
}

void *wrong_at_33(void *dst, const void *src, size_t n)
{
    copy_bytes(dst, src, 0, n);
    if (n == 33)
        ((byte *)dst)[7] ^= 1;
    return dst;
}

void *crashes_at_9(void *dst, const void *src, size_t n)
{
    if (n == 9)
        *(volatile int *)16 = 1;
    copy_bytes(dst, src, 0, n);
    return dst;
}

void *traps_at_9(void *dst, const void *src, size_t n)
{
    if (n == 9)
        __builtin_trap();
    copy_bytes(dst, src, 0, n);
    return dst;
}

void *hangs_at_9(void *dst, const void *src, size_t n)
{
    while (n == 9)
        __asm__ volatile("");
    copy_bytes(dst, src, 0, n);
    return dst;
}

// Never comes to an end, and stores all the while.
void *floods_at_9(void *dst, const void *src, size_t n)
{
    while (n == 9)
        *(byte *)dst = 1;
    copy_bytes(dst, src, 0, n);
    return dst;
}

long write(int, const void *, size_t);

void *calls_the_system(void *dst, const void *src, size_t n)
{
    copy_bytes(dst, src, 0, n);
    write(1, src, 0);
    return dst;
}

// Returns with a register changed that its caller relies on.
void *clobbers_a_register(void *dst, const void *src, size_t n)
{
    copy_bytes(dst, src, 0, n);
#if defined __aarch64__
    __asm__ volatile("mov x25, #1");
#elif defined __riscv
    __asm__ volatile("li s7, 1");
#elif defined __s390x__
    __asm__ volatile("lghi %r9, 1");
#elif defined __powerpc__
    __asm__ volatile("li 20, 1");
#elif defined __arm__
    __asm__ volatile("mov r8, #1");
#elif defined __mips__
    __asm__ volatile("li $19, 1");
#elif defined __i386__
    __asm__ volatile("movl $1, %edi");
#elif defined __m68k__
    __asm__ volatile("moveq #1, %d5");
#elif defined __hppa__
    __asm__ volatile("ldi 1, %r7");
#elif defined __alpha__
    __asm__ volatile("lda $12, 1($31)");
#endif
    return dst;
}

// Misaligned 4-byte stores where the destination is not aligned.
void *stores_misaligned(void *dst, const void *src, size_t n)
{
    byte *d = dst;
    const byte *s = src;
    size_t i = 0;
    for (; n - i >= 4; i += 4)
        *(volatile uint32_t *)(d + i) = (union {
                                            uint8_t bytes[4];
                                            uint32_t word;
                                        }){
            {s[i], s[i + 1], s[i + 2],
             s[i + 3]}}.word;
    copy_bytes(d, s, i, n);
    return dst;
}
