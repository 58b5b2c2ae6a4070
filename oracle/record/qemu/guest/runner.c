// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The guest: a static program for one architecture, linked with the routines of
// one library. It maps the lanes and then calls a routine whenever it is told to.
// The plugin stops it at the marks, functions that lie in sections of their own,
// and reads and writes its mailbox there, so that the runner makes no system
// call while cases run. Compiled by the architecture's cross compiler.

#define _GNU_SOURCE
#include "kept.h"
#include "mailbox.h"

#include <link.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>

typedef void *routine(void *dst, const void *src, unsigned long size, unsigned long arg4);
// Some CPUs return an address elsewhere than a number; what returns one has both.
typedef unsigned long word;
typedef word routine_of_words(word, word, word, word);
typedef word routine_of_more(word, word, word, word, word, word, word, word);

// Made for each library; see prepare.c and names.c: the table, what is done to memory
// that stands for undefined names, and the place there that an address means.
extern routine *const storescope_routines[];
void storescope_forbid(void (*forbid)(void *, unsigned long));
unsigned long storescope_place(unsigned long at);

volatile uint64_t storescope_mailbox[MAIL_WORDS];

static jmp_buf before_call;
static volatile int constructed;
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
    storescope_mailbox[MAIL_FAULT_AT] = storescope_place((uintptr_t)info->si_addr);
    storescope_mailbox[MAIL_FAULT_PC] = fault_pc(context);
    if (!constructed)
        storescope_mailbox[MAIL_SIGNAL] |= GUEST_IN_CONSTRUCTOR;
    while (!constructed) // every case ends so
        mark_wait();
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

// As Linux tells it (HWCAP_DCPOP, HWCAP2_DCPODP).
static uint64_t cleans(void)
{
#if defined __aarch64__
    enum { HAS_DCPOP = 1 << 16, HAS_DCPODP = 1 << 0 };
    return (getauxval(AT_HWCAP) & HAS_DCPOP ? GUEST_CLEANS_POP : 0) |
           (getauxval(AT_HWCAP2) & HAS_DCPODP ? GUEST_CLEANS_PODP : 0);
#else
    return 0;
#endif
}

static void forbid(void *at, unsigned long bytes)
{
    mprotect(at, bytes, PROT_NONE);
}

// Before the constructors of the routine's file.
__attribute__((constructor(101))) static void expect_faults(void)
{
    handle_faults();
    storescope_forbid(forbid);
}

// Variables of the only thread, with what the ABI has beside them: on some CPUs the
// thread's descriptor before them, on others behind them.
static int tell_thread_locals(struct dl_phdr_info *info, size_t size, void *none)
{
    enum { DESCRIPTOR_BYTES = 4096 };
    (void)size, (void)none;
    for (unsigned i = 0; i < info->dlpi_phnum && info->dlpi_tls_data; i++)
        if (info->dlpi_phdr[i].p_type == PT_TLS) {
            uintptr_t at = (uintptr_t)info->dlpi_tls_data;
            storescope_mailbox[MAIL_TLS_LO] = at - DESCRIPTOR_BYTES;
            storescope_mailbox[MAIL_TLS_HI] = at + info->dlpi_phdr[i].p_memsz + DESCRIPTOR_BYTES;
        }
    return 1; // the program itself comes first
}

static void map_windows(int fd)
{
    void *at = (void *)QEMU_LOW_WINDOW;
    if (mmap(at, QEMU_LANES_BYTES, PROT_NONE, MAP_SHARED | MAP_FIXED, fd, 0) != at)
        exit(3);
    mprotect((void *)QEMU_RECORD_WINDOW, QEMU_GUARD_BYTES, PROT_READ | PROT_WRITE);
}

// In whole pages of the guest's, which on some CPUs have 8 KiB: mprotect takes no others.
static void resize(unsigned long window, unsigned long *have, unsigned long bytes)
{
    char *lane = (char *)(window + QEMU_GUARD_BYTES);
    const unsigned long page = getauxval(AT_PAGESZ);
    const unsigned long want = (bytes + page - 1) / page * page;
    if (want > *have)
        mprotect(lane + *have, want - *have, PROT_READ | PROT_WRITE);
    if (want < *have)
        mprotect(lane + want, *have - want, PROT_NONE);
    *have = want;
}

static uint64_t control; // before each case
// In no frame, which may have moved.
static volatile unsigned long stack_before, stack_after, returned;

// A changed control word is put back: later cases start as the first.
IN("storescope_loop") static unsigned long restore_control(void)
{
    uint64_t changed = control_read() ^ control;
    if (changed)
        control_write(control);
    return changed != 0;
}

static inline word argument(unsigned i)
{
    return (word)storescope_mailbox[MAIL_WORD0 + i];
}

// With what a callee keeps before and after, all of it in one frame.
#define CALL(few, ...)                                                  \
    do {                                                                \
        const int few_words = few;                                      \
        unsigned long stack;                                            \
        uint64_t changed = 0;                                           \
        mark_begin();                                                   \
        READ_SP(stack);                                                 \
        stack_before = stack;                                           \
        KEPT_FLOATS(SET_FLOAT)                                          \
        KEPT_INTEGERS(SET_INTEGER)                                      \
        SET_FIELDS();                                                   \
        returned = (unsigned long)called(__VA_ARGS__);                  \
        READ_SP(stack);                                                 \
        stack_after = stack;                                            \
        WRITE_SP(stack_before);                                         \
        CHECK_FIELDS();                                                 \
        KEPT_INTEGERS(CHECK_INTEGER)                                    \
        KEPT_FLOATS(CHECK_FLOAT)                                        \
        mark_end();                                                     \
        storescope_mailbox[MAIL_RESULT] = returned;                     \
        storescope_mailbox[MAIL_CLOBBERED] =                            \
            changed | (stack_after ^ stack_before) | restore_control(); \
    } while (0)

IN("storescope_loop") CALLS_ROUTINE static void call_routine(void)
{
    routine *called = storescope_routines[storescope_mailbox[MAIL_ROUTINE]];
    void *dst = (void *)argument(0);
    const void *src = (const void *)argument(1);
    word size = argument(2), arg4 = argument(3);
    CALL(1, dst, src, size, arg4);
}

IN("storescope_loop") CALLS_ROUTINE static void call_by_words(void)
{
    routine_of_words *called =
        (routine_of_words *)storescope_routines[storescope_mailbox[MAIL_ROUTINE]];
    word a = argument(0), b = argument(1), c = argument(2), d = argument(3);
    CALL(1, a, b, c, d);
}

IN("storescope_loop") CALLS_ROUTINE static void call_by_more_words(void)
{
    routine_of_more *called =
        (routine_of_more *)storescope_routines[storescope_mailbox[MAIL_ROUTINE]];
    word a = argument(0), b = argument(1), c = argument(2), d = argument(3), e = argument(4),
         f = argument(5), g = argument(6), h = argument(7);
    CALL(0, a, b, c, d, e, f, g, h);
}

IN("storescope_loop") static void call(void)
{
    uint64_t how = storescope_mailbox[MAIL_HOW];
    if (how == GUEST_BY_WORDS)
        call_by_words();
    else if (how == GUEST_BY_MORE_WORDS)
        call_by_more_words();
    else
        call_routine();
}

IN("storescope_loop") static void run_cases(void)
{
    unsigned long low_bytes = 0, high_bytes = 0;
    volatile char frame[64];
    frame[0] = 0;
    storescope_mailbox[MAIL_STACK] = (uintptr_t)frame;
    control_start();
    control = control_read();
    for (;;) {
        mark_wait();
        storescope_mailbox[MAIL_SIGNAL] = 0;
        if (storescope_mailbox[MAIL_COMMAND] == GUEST_CALL) {
            if (_setjmp(before_call) == 0)
                call();
            else
                restore_control();
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
    constructed = 1;
    map_windows(atoi(argv[1]));
    storescope_mailbox[MAIL_ATOMIC] = atomic_bytes();
    storescope_mailbox[MAIL_CLEANS] = cleans();
    dl_iterate_phdr(tell_thread_locals, NULL);
    run_cases();
    return 0;
}
