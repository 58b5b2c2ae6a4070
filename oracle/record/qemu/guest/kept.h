// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Part of the guest runner: what a callee keeps for its caller, by architecture, as
// far as the compiler leaves it to us. Registers hold known values while the routine
// runs, all different, whose halves are neither 0 nor a sign's extension: one that is
// saved or restored by half comes back changed. One row an architecture; what is not
// in it is named by the recorder (qemu.c, `cannot`). Frame pointers that gcc takes for
// itself are left out, too.

#ifndef STORESCOPE_QEMU_KEPT_H
#define STORESCOPE_QEMU_KEPT_H

#include <fenv.h>
#include <stdint.h>
#include <string.h>

// Each macro gets a number and a register's name. KEPT_FLOATS are of 64 bits.
// READ_SP and WRITE_SP move the stack pointer.
// clang-format off
#if defined __aarch64__
#define KEPT_INTEGERS(X)                                                                \
    X(0, "x19")                                                                         \
    X(1, "x20")                                                                         \
    X(2, "x21")                                                                         \
    X(3, "x22") X(4, "x23") X(5, "x24") X(6, "x25") X(7, "x26") X(8, "x27") X(9, "x28") \
        X(10, "x29")
#define KEPT_FLOATS(X) \
    X(0, "v8") X(1, "v9") X(2, "v10") X(3, "v11") X(4, "v12") X(5, "v13") X(6, "v14") X(7, "v15")
#define FLOAT_IN    "w"
#define READ_SP(v)  __asm__ volatile("mov %0, sp" : "=r"(v))
#define WRITE_SP(v) __asm__ volatile("mov sp, %0" : : "r"(v))

#elif defined __arm__
#define KEPT_INTEGERS(X) \
    X(0, "r4") X(1, "r5") X(2, "r6") X(3, "r7") X(4, "r8") X(5, "r9") X(6, "r10") X(7, "r11")
#if defined __ARM_FP && defined __ARM_PCS_VFP
#define KEPT_FLOATS(X) \
    X(0, "d8") X(1, "d9") X(2, "d10") X(3, "d11") X(4, "d12") X(5, "d13") X(6, "d14") X(7, "d15")
#define FLOAT_IN "w"
#endif
#define READ_SP(v)  __asm__ volatile("mov %0, sp" : "=r"(v))
#define WRITE_SP(v) __asm__ volatile("mov sp, %0" : : "r"(v))

#elif defined __riscv
#define KEPT_INTEGERS(X)                                                                      \
    X(0, "s0")                                                                                \
    X(1, "s1")                                                                                \
    X(2, "s2")                                                                                \
    X(3, "s3") X(4, "s4") X(5, "s5") X(6, "s6") X(7, "s7") X(8, "s8") X(9, "s9") X(10, "s10") \
        X(11, "s11")
#define KEPT_FLOATS(X)                                                                  \
    X(0, "fs0")                                                                         \
    X(1, "fs1")                                                                         \
    X(2, "fs2")                                                                         \
    X(3, "fs3") X(4, "fs4") X(5, "fs5") X(6, "fs6") X(7, "fs7") X(8, "fs8") X(9, "fs9") \
        X(10, "fs10") X(11, "fs11")
#define FLOAT_IN    "f"
#define READ_SP(v)  __asm__ volatile("mv %0, sp" : "=r"(v))
#define WRITE_SP(v) __asm__ volatile("mv sp, %0" : : "r"(v))

#elif defined __x86_64__
#define KEPT_INTEGERS(X) X(0, "rbx") X(1, "rbp") X(2, "r12") X(3, "r13") X(4, "r14") X(5, "r15")
#define READ_SP(v)       __asm__ volatile("mov %%rsp, %0" : "=r"(v))
#define WRITE_SP(v)      __asm__ volatile("mov %0, %%rsp" : : "r"(v))

#elif defined __i386__
#define KEPT_INTEGERS(X) X(0, "ebx") X(1, "esi") X(2, "edi") X(3, "ebp")
#define READ_SP(v)       __asm__ volatile("mov %%esp, %0" : "=r"(v))
#define WRITE_SP(v)      __asm__ volatile("mov %0, %%esp" : : "r"(v))

#elif defined __powerpc__
#define KEPT_INTEGERS(X)                                                                \
    X(0, "r14")                                                                         \
    X(1, "r15")                                                                         \
    X(2, "r16")                                                                         \
    X(3, "r17") X(4, "r18") X(5, "r19") X(6, "r20") X(7, "r21") X(8, "r22") X(9, "r23") \
        X(10, "r24") X(11, "r25") X(12, "r26") X(13, "r27") X(14, "r28") X(15, "r29") X(16, "r30")
#define KEPT_FLOATS(X)                                                                         \
    X(0, "fr14")                                                                               \
    X(1, "fr15")                                                                               \
    X(2, "fr16")                                                                               \
    X(3, "fr17") X(4, "fr18") X(5, "fr19") X(6, "fr20") X(7, "fr21") X(8, "fr22") X(9, "fr23") \
        X(10, "fr24") X(11, "fr25") X(12, "fr26") X(13, "fr27") X(14, "fr28") X(15, "fr29")    \
            X(16, "fr30") X(17, "fr31")
#define FLOAT_IN    "d"
#define READ_SP(v)  __asm__ volatile("mr %0, 1" : "=r"(v))
#define WRITE_SP(v) __asm__ volatile("mr 1, %0" : : "r"(v))

#elif defined __s390x__ // r13: where gcc has its constants
#define KEPT_INTEGERS(X) \
    X(0, "r6") X(1, "r7") X(2, "r8") X(3, "r9") X(4, "r10") X(5, "r11") X(6, "r12")
#define KEPT_FLOATS(X) \
    X(0, "f8") X(1, "f9") X(2, "f10") X(3, "f11") X(4, "f12") X(5, "f13") X(6, "f14") X(7, "f15")
#define FLOAT_IN    "f"
#define READ_SP(v)  __asm__ volatile("lgr %0, %%r15" : "=r"(v))
#define WRITE_SP(v) __asm__ volatile("lgr %%r15, %0" : : "r"(v))

#elif defined __mips__
#define KEPT_INTEGERS(X)                                                              \
    X(0, "$16")                                                                       \
    X(1, "$17")                                                                       \
    X(2, "$18") X(3, "$19") X(4, "$20") X(5, "$21") X(6, "$22") X(7, "$23") X(8, "$3" \
                                                                                 "0")
#if defined __mips_hard_float && defined __mips64
#define KEPT_FLOATS(X) \
    X(0, "$f24")       \
    X(1, "$f25") X(2, "$f26") X(3, "$f27") X(4, "$f28") X(5, "$f29") X(6, "$f30") X(7, "$f31")
#define FLOAT_IN "f"
#elif defined __mips_hard_float
#define KEPT_FLOATS(X) X(0, "$f20") X(1, "$f22") X(2, "$f24") X(3, "$f26") X(4, "$f28") X(5, "$f30")
#define FLOAT_IN       "f"
#endif
#define READ_SP(v)  __asm__ volatile("move %0, $sp" : "=r"(v))
#define WRITE_SP(v) __asm__ volatile("move $sp, %0" : : "r"(v))

#elif defined __m68k__
#define KEPT_INTEGERS(X) \
    X(0, "d2")           \
    X(1, "d3")           \
    X(2, "d4") X(3, "d5") X(4, "d6") X(5, "d7") X(6, "a2") X(7, "a3") X(8, "a4") X(9, "a5")

#define KEPT_FLOATS(X) X(0, "fp2") X(1, "fp3") X(2, "fp4") X(3, "fp5") X(4, "fp6") X(5, "fp7")
#define FLOAT_IN       "f"
#define READ_SP(v)     __asm__ volatile("move.l %%sp, %0" : "=r"(v))
#define WRITE_SP(v)    __asm__ volatile("move.l %0, %%sp" : : "r"(v))

#elif defined __alpha__
#define KEPT_INTEGERS(X) \
    X(0, "$9") X(1, "$10") X(2, "$11") X(3, "$12") X(4, "$13") X(5, "$14") X(6, "$15")
#define KEPT_FLOATS(X)                                                    \
    X(0, "$f2")                                                           \
    X(1, "$f3")                                                           \
    X(2, "$f4") X(3, "$f5") X(4, "$f6") X(5, "$f7") X(6, "$f8") X(7, "$f" \
                                                                     "9")
#define FLOAT_IN    "f"
#define READ_SP(v)  __asm__ volatile("mov $30, %0" : "=r"(v))
#define WRITE_SP(v) __asm__ volatile("mov %0, $30" : : "r"(v))

#elif defined __hppa__
#define KEPT_INTEGERS(X)                                                                         \
                                                                                                 \
    X(1, "r4")                                                                                   \
    X(2, "r5")                                                                                   \
    X(3, "r6") X(4, "r7") X(5, "r8") X(6, "r9") X(7, "r10") X(8, "r11") X(9, "r12") X(10, "r13") \
        X(11, "r14") X(12, "r15") X(13, "r16") X(14, "r17") X(15, "r18")
#define KEPT_FLOATS(X) \
    X(0, "fr12")       \
    X(1, "fr13")       \
    X(2, "fr14")       \
    X(3, "fr15") X(4, "fr16") X(5, "fr17") X(6, "fr18") X(7, "fr19") X(8, "fr20") X(9, "fr21")
#define FLOAT_IN    "f"
#define READ_SP(v)  __asm__ volatile("copy %%r30, %0" : "=r"(v))
#define WRITE_SP(v) __asm__ volatile("copy %0, %%r30" : : "r"(v))

#elif defined __sparc__ // the rest of a window is saved by its own instruction
#define KEPT_INTEGERS(X) \
    X(0, "l0") X(1, "l1") X(2, "l2") X(3, "l3") X(4, "l4") X(5, "l5") X(6, "l6") X(7, "l7")
#define READ_SP(v)  __asm__ volatile("mov %%sp, %0" : "=r"(v))
#define WRITE_SP(v) __asm__ volatile("mov %0, %%sp" : : "r"(v))
#endif

// A fifth argument's register is one that a callee keeps.
#if defined __s390x__
#define HOLDS_FIFTH(n) ((n) == 0)
#else
#define HOLDS_FIFTH(n) 0
#endif

#ifndef KEPT_INTEGERS
#define KEPT_INTEGERS(X)
#endif
#ifndef KEPT_FLOATS
#define KEPT_FLOATS(X)
#endif
#ifndef READ_SP
#define READ_SP(v)  ((v) = 0)
#define WRITE_SP(v) ((void)(v))
#endif

// In Thumb code gcc 12 finds no registers for what stands between.
#if defined __arm__
#define CALLS_ROUTINE __attribute__((target("arm")))
#else
#define CALLS_ROUTINE
#endif

// As a double it is a number, so that no move of it changes its bits.
#define PATTERN(n) (0xd1b54a325ca1ab1eull + (n)*0x0001000300050007ull)

#define SET_INTEGER(n, name)                                                  \
    register unsigned long kept##n __asm__(name) = (unsigned long)PATTERN(n); \
    __asm__ volatile("" : "+r"(kept##n));
#define CHECK_INTEGER(n, name)            \
    __asm__ volatile("" : "+r"(kept##n)); \
    if (few_words || !HOLDS_FIFTH(n)) \
        changed |= kept##n ^ (unsigned long)PATTERN(n);
#define SET_FLOAT(n, name)                                               \
    register double float##n __asm__(name) = as_double(PATTERN(32 + n)); \
    __asm__ volatile("" : "+" FLOAT_IN(float##n));
#define CHECK_FLOAT(n, name)                       \
    __asm__ volatile("" : "+" FLOAT_IN(float##n)); \
    changed |= as_integer(float##n) ^ PATTERN(32 + n);

__attribute__((always_inline, unused)) static inline double as_double(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

__attribute__((always_inline, unused)) static inline uint64_t as_integer(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

// POWER's condition fields 2 to 4.
#if defined __powerpc__
enum { KEPT_FIELDS = 0x00fff000, FIELDS_PATTERN = 0x005a3000 };
#define SET_FIELDS() \
    __asm__ volatile("mtcrf 0x38, %0" : : "r"(FIELDS_PATTERN) : "cr2", "cr3", "cr4")
#define CHECK_FIELDS()                                      \
    do {                                                    \
        unsigned long fields;                               \
        __asm__ volatile("mfcr %0" : "=r"(fields));         \
        changed |= (fields ^ FIELDS_PATTERN) & KEPT_FIELDS; \
    } while (0)
#else
#define SET_FIELDS()   ((void)0)
#define CHECK_FIELDS() ((void)0)
#endif

// What steers arithmetic, and x86's direction flag: they round upwards while the
// routine runs, which no caller of a copy notices, but setting them does.
__attribute__((always_inline)) static inline uint64_t control_read(void)
{
#if defined __aarch64__
    uint64_t fpcr;
    __asm__ volatile("mrs %0, fpcr" : "=r"(fpcr));
    return fpcr;
#elif defined __ARM_FP && defined __ARM_PCS_VFP
    uint32_t fpscr;
    __asm__ volatile("vmrs %0, fpscr" : "=r"(fpscr));
    return fpscr & 0x07ff9f00; // not the flags
#elif defined __riscv
    unsigned long rounding;
    __asm__ volatile("frrm %0" : "=r"(rounding));
    return rounding;
#elif defined __x86_64__ || defined __i386__
    uint32_t x87[7]; // control word, status, tags: all ones when no register is used
    unsigned long flags;
    uint32_t mxcsr = 0;
    __asm__ volatile("fnstenv %0" : "=m"(x87));
    __asm__ volatile("fldenv %0" : : "m"(x87));
    __asm__ volatile("pushf\n\tpop %0" : "=r"(flags));
#if defined __x86_64__
    __asm__ volatile("stmxcsr %0" : "=m"(mxcsr));
#endif
    return (uint64_t)(mxcsr & 0xffc0) | (uint64_t)(x87[0] & 0xffff) << 16 |
           (uint64_t)(x87[2] & 0xffff) << 32 | (uint64_t)(flags & 0x40400) << 40;
#else
    return (uint64_t)fegetround();
#endif
}

__attribute__((always_inline)) static inline void control_write(uint64_t word)
{
#if defined __aarch64__
    __asm__ volatile("msr fpcr, %0" : : "r"(word));
#elif defined __ARM_FP && defined __ARM_PCS_VFP
    __asm__ volatile("vmsr fpscr, %0" : : "r"((uint32_t)word));
#elif defined __riscv
    __asm__ volatile("fsrm %0" : : "r"((unsigned long)word));
#elif defined __x86_64__ || defined __i386__
    unsigned short x87 = (unsigned short)(word >> 16);
    unsigned long flags;
    __asm__ volatile("pushf\n\tpop %0" : "=r"(flags));
    flags &= ~0x40400ul; // direction and alignment check
    __asm__ volatile("push %0\n\tpopf" : : "r"(flags) : "cc");
    __asm__ volatile("fninit\n\tfldcw %0" : : "m"(x87));
#if defined __x86_64__
    uint32_t mxcsr = (uint32_t)word & 0xffc0;
    __asm__ volatile("ldmxcsr %0" : : "m"(mxcsr));
#endif
#else
    fesetround((int)word);
#endif
}

static void control_start(void)
{
#if defined FE_UPWARD
    fesetround(FE_UPWARD);
#endif
}

#endif
