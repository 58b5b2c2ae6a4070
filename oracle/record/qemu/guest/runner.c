// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The guest: a static program for one architecture, linked with the routines of
// one library. It maps the lanes and then calls a routine whenever it is told to.
// The plugin stops it at the marks, functions that lie in sections of their own,
// and reads and writes its mailbox there, so that the runner makes no system
// call while cases run. Compiled by the architecture's cross compiler.

#define _GNU_SOURCE
#include "mailbox.h"

#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>

typedef void *routine(void *dst, const void *src, unsigned long size, unsigned long arg4);

// The table is made for each library; see prepare.c.
extern routine *const storescope_routines[];

volatile uint64_t storescope_mailbox[MAIL_WORDS];

static jmp_buf before_call;
static char alternate_stack[64 << 10];

#define IN(section_name) __attribute__((section(section_name), noinline, noclone, used))

// The plugin waits for the next case here.
IN("storescope_wait") static void mark_wait(void)
{
    __asm__ volatile("" ::: "memory");
}

// Recording starts at the first of these, and ends at the second.
IN("storescope_begin") static void mark_begin(void)
{
    __asm__ volatile("" ::: "memory");
}

IN("storescope_end") static void mark_end(void)
{
    __asm__ volatile("" ::: "memory");
}

// The instruction that faulted. Zero where this architecture's is not known.
static uint64_t fault_pc(const void *context)
{
    const ucontext_t *uc = context;
#if defined __aarch64__
    return uc->uc_mcontext.pc;
#elif defined __arm__
    return uc->uc_mcontext.arm_pc;
#elif defined __x86_64__
    return (uint64_t)uc->uc_mcontext.gregs[REG_RIP];
#elif defined __i386__
    return (uint32_t)uc->uc_mcontext.gregs[REG_EIP];
#elif defined __riscv
    return uc->uc_mcontext.__gregs[REG_PC];
#elif defined __s390x__
    return uc->uc_mcontext.psw.addr;
#elif defined __powerpc64__
    return uc->uc_mcontext.gp_regs[32];
#elif defined __mips__
    return uc->uc_mcontext.pc;
#elif defined __m68k__
    return (uint32_t)uc->uc_mcontext.gregs[R_PC];
#elif defined __alpha__
    return uc->uc_mcontext.sc_pc;
#elif defined __hppa__
    return uc->uc_mcontext.sc_iaoq[0] & ~3ul; // less the privilege level
#elif defined __sparc__ && defined __arch64__
    (void)uc; // which Linux does not pass there (arch/sparc/kernel/signal_64.c)
    return ((const struct sigcontext *)context)->sigc_regs.tpc;
#elif defined __powerpc__
    return uc->uc_mcontext.uc_regs->gregs[32];
#else
    (void)uc;
    return 0;
#endif
}

static const int signals[GUEST_SIGNALS] = {
    [GUEST_SEGV] = SIGSEGV, [GUEST_BUS] = SIGBUS,   [GUEST_ILL] = SIGILL,
    [GUEST_FPE] = SIGFPE,   [GUEST_TRAP] = SIGTRAP,
};

// The mark of a fault is the handler itself.
IN("storescope_fault") static void on_fault(int signal, siginfo_t *info, void *context)
{
    for (unsigned i = GUEST_SEGV; i < GUEST_SIGNALS; i++)
        if (signals[i] == signal)
            storescope_mailbox[MAIL_SIGNAL] = i;
    storescope_mailbox[MAIL_FAULT_AT] = (uintptr_t)info->si_addr;
    storescope_mailbox[MAIL_FAULT_PC] = fault_pc(context);
    _longjmp(before_call, 1);
}

// All faults are handled, and without a mask: coming back from one makes no
// system call.
static void handle_faults(void)
{
    struct sigaction action;
    const stack_t stack = {.ss_sp = alternate_stack, .ss_size = sizeof alternate_stack};
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    sigaltstack(&stack, NULL);
    for (unsigned i = GUEST_SEGV; i < GUEST_SIGNALS; i++)
        sigaction(signals[i], &action, NULL);
}

// FEAT_LSE2, as Linux tells it (HWCAP_USCAT; arm64/elf_hwcaps.rst): aligned 16 bytes
// are accessed as one (Arm ARM, B2.2.1).
static uint64_t atomic_bytes(void)
{
#if defined __aarch64__
    enum { HAS_USCAT = 1 << 25 };
    return getauxval(AT_HWCAP) & HAS_USCAT ? 16 : 8;
#else
    return 0;
#endif
}

static void map_windows(int fd)
{
    void *at = (void *)QEMU_LOW_WINDOW;
    if (mmap(at, 2 * QEMU_WINDOW_BYTES, PROT_NONE, MAP_SHARED | MAP_FIXED, fd, 0) != at)
        exit(3);
}

static void resize(unsigned long window, unsigned long *have, unsigned long want)
{
    char *lane = (char *)(window + QEMU_GUARD_BYTES);
    if (want > *have)
        mprotect(lane + *have, want - *have, PROT_READ | PROT_WRITE);
    if (want < *have)
        mprotect(lane + want, *have - want, PROT_NONE);
    *have = want;
}

// General registers that a callee keeps, as far as the compiler leaves them to us.
// They hold known values while the routine runs. (sparc64 has windows instead.)
#define EACH_2(X, a, b)                          X(0, a) X(1, b)
#define EACH_5(X, a, b, c, d, e)                 EACH_2(X, a, b) X(2, c) X(3, d) X(4, e)
#define EACH_6(X, a, b, c, d, e, f)              EACH_5(X, a, b, c, d, e) X(5, f)
#define EACH_7(X, a, b, c, d, e, f, g)           EACH_6(X, a, b, c, d, e, f) X(6, g)
#define EACH_8(X, a, b, c, d, e, f, g, h)        EACH_7(X, a, b, c, d, e, f, g) X(7, h)
#define EACH_10(X, a, b, c, d, e, f, g, h, i, j) EACH_8(X, a, b, c, d, e, f, g, h) X(8, i) X(9, j)

#if defined __aarch64__
#define SAVED_REGISTERS(X) \
    EACH_10(X, "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28")
#elif defined __arm__
#define SAVED_REGISTERS(X) EACH_6(X, "r4", "r5", "r6", "r8", "r9", "r10")
#elif defined __riscv
#define SAVED_REGISTERS(X) EACH_10(X, "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11")
#elif defined __x86_64__
#define SAVED_REGISTERS(X) EACH_5(X, "rbx", "r12", "r13", "r14", "r15")
#elif defined __i386__
#define SAVED_REGISTERS(X) EACH_2(X, "esi", "edi")
#elif defined __powerpc__
#define SAVED_REGISTERS(X) \
    EACH_10(X, "r16", "r17", "r18", "r19", "r20", "r21", "r22", "r23", "r24", "r25")
#elif defined __s390x__
#define SAVED_REGISTERS(X) EACH_6(X, "r6", "r7", "r8", "r9", "r10", "r11")
#elif defined __mips__
#define SAVED_REGISTERS(X) EACH_7(X, "$17", "$18", "$19", "$20", "$21", "$22", "$23")
#elif defined __m68k__
#define SAVED_REGISTERS(X) EACH_7(X, "d3", "d4", "d5", "d6", "d7", "a2", "a3")
#elif defined __alpha__
#define SAVED_REGISTERS(X) EACH_5(X, "$10", "$11", "$12", "$13", "$14")
#elif defined __hppa__
#define SAVED_REGISTERS(X) EACH_8(X, "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12")
#else
#define SAVED_REGISTERS(X)
#endif

#define PATTERN 0x5ca1ab1eul
#define SET(n, name)                                             \
    register unsigned long saved##n __asm__(name) = PATTERN + n; \
    __asm__ volatile("" : "+r"(saved##n));
#define CHECK(n, name)                     \
    __asm__ volatile("" : "+r"(saved##n)); \
    clobbered |= saved##n ^ (PATTERN + n);

IN("storescope_loop") static void call_routine(void)
{
    volatile uint64_t *mail = storescope_mailbox;
    routine *called = storescope_routines[mail[MAIL_ROUTINE]];
    void *dst = (void *)(uintptr_t)mail[MAIL_DST];
    const void *src = (const void *)(uintptr_t)mail[MAIL_SRC];
    unsigned long size = (unsigned long)mail[MAIL_SIZE], arg4 = (unsigned long)mail[MAIL_ARG4];
    unsigned long clobbered = 0;
    mark_begin();
    SAVED_REGISTERS(SET)
    void *result = called(dst, src, size, arg4);
    SAVED_REGISTERS(CHECK)
    mark_end();
    mail[MAIL_RESULT] = (uintptr_t)result;
    mail[MAIL_CLOBBERED] = clobbered;
}

IN("storescope_loop") static void run_cases(void)
{
    unsigned long low_bytes = 0, high_bytes = 0;
    volatile char frame[64];
    frame[0] = 0;
    storescope_mailbox[MAIL_STACK] = (uintptr_t)frame;
    for (;;) {
        mark_wait();
        storescope_mailbox[MAIL_SIGNAL] = 0;
        if (storescope_mailbox[MAIL_COMMAND] == GUEST_CALL) {
            if (_setjmp(before_call) == 0)
                call_routine();
            continue;
        }
        resize(QEMU_LOW_WINDOW, &low_bytes, (unsigned long)storescope_mailbox[MAIL_LOW_LANE]);
        resize(QEMU_HIGH_WINDOW, &high_bytes, (unsigned long)storescope_mailbox[MAIL_HIGH_LANE]);
    }
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 3;
    map_windows(atoi(argv[1]));
    handle_faults();
    storescope_mailbox[MAIL_ATOMIC] = atomic_bytes();
    run_cases();
    return 0;
}
