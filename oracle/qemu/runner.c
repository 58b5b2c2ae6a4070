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
static uint64_t fault_pc(const ucontext_t *uc)
{
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
#else
    (void)uc;
    return 0;
#endif
}

// The mark of a fault is the handler itself.
IN("storescope_fault") static void on_fault(int signal, siginfo_t *info, void *context)
{
    storescope_mailbox[MAIL_SIGNAL] = (unsigned)signal;
    storescope_mailbox[MAIL_FAULT_AT] = (uintptr_t)info->si_addr;
    storescope_mailbox[MAIL_FAULT_PC] = fault_pc(context);
    _longjmp(before_call, 1);
}

// All faults are handled, and without a mask: coming back from one makes no
// system call.
static void handle_faults(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    struct sigaction action;
    const stack_t stack = {.ss_sp = alternate_stack, .ss_size = sizeof alternate_stack};
    memset(&action, 0, sizeof action);
    action.sa_sigaction = on_fault;
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_ONSTACK;
    sigaltstack(&stack, NULL);
    for (unsigned i = 0; i < sizeof signals / sizeof *signals; i++)
        sigaction(signals[i], &action, NULL);
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

IN("storescope_loop") static void call_routine(void)
{
    volatile uint64_t *mail = storescope_mailbox;
    routine *called = storescope_routines[mail[MAIL_ROUTINE]];
    mark_begin();
    void *result =
        called((void *)(uintptr_t)mail[MAIL_DST], (const void *)(uintptr_t)mail[MAIL_SRC],
               (unsigned long)mail[MAIL_SIZE], (unsigned long)mail[MAIL_ARG4]);
    mark_end();
    mail[MAIL_RESULT] = (uintptr_t)result;
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
    run_cases();
    return 0;
}
