// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/step/aarch64/tracee.h"

#include "base/host.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

bool tracee_seize(struct tracee *t, pid_t pid)
{
    *t = (struct tracee){.pid = pid};
    return ptrace(PTRACE_SEIZE, pid, NULL, (void *)PTRACE_O_EXITKILL) == 0;
}

size_t tracee_fetch_set(const struct tracee *t, int set, void *out, size_t size)
{
    struct iovec io = {out, size};
    return ptrace(PTRACE_GETREGSET, t->pid, (void *)(intptr_t)set, &io) == 0 ? io.iov_len : 0;
}

bool tracee_store_set(const struct tracee *t, int set, const void *in, size_t size)
{
    struct iovec io = {(void *)(uintptr_t)in, size};
    return ptrace(PTRACE_SETREGSET, t->pid, (void *)(intptr_t)set, &io) == 0;
}

bool tracee_fetch(struct tracee *t)
{
    return tracee_fetch_set(t, NT_PRSTATUS, &t->regs, sizeof t->regs) == sizeof t->regs;
}

bool tracee_store(const struct tracee *t)
{
    return tracee_store_set(t, NT_PRSTATUS, &t->regs, sizeof t->regs);
}

// ---- stops ----

// Waits until it stops for a signal; 0: it is gone. Those that stop a whole process by
// themselves are none of a routine's.
static int next_signal(struct tracee *t, enum __ptrace_request go_on)
{
    int status;
    for (;;) {
        pid_t got = waitpid(t->pid, &status, __WALL);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0 || !WIFSTOPPED(status))
            return 0;
        if (status >> 16 == 0)
            return WSTOPSIG(status);
        if (ptrace(go_on, t->pid, NULL, NULL) != 0)
            return 0;
    }
}

static bool note_signal(struct tracee *t, int signal)
{
    siginfo_t info;
    if (ptrace(PTRACE_GETSIGINFO, t->pid, NULL, &info) != 0)
        return false;
    t->signal = signal;
    t->code = info.si_code;
    t->fault_addr = (uintptr_t)info.si_addr;
    return true;
}

static bool go_on(const struct tracee *t, intptr_t deliver)
{
    return !t->stopped || ptrace(PTRACE_CONT, t->pid, NULL, (void *)deliver) == 0;
}

static void hold(struct tracee *t, int signal)
{
    t->held |= UINT64_C(1) << (signal - 1);
}

static void send_held(struct tracee *t)
{
    for (; t->held; t->held &= t->held - 1)
        syscall(SYS_tgkill, t->pid, t->pid, 1 + __builtin_ctzll(t->held));
}

bool tracee_run_to(struct tracee *t, uint64_t at)
{
    intptr_t deliver = 0;
    send_held(t);
    while (go_on(t, deliver)) {
        int signal = next_signal(t, PTRACE_CONT);
        if (signal == 0 || !note_signal(t, signal) || !tracee_fetch(t))
            return false;
        t->stopped = true;
        if (signal == SIGTRAP && t->code == TRAP_BRKPT && t->regs.pc == at)
            return true;
        deliver = signal;
    }
    return false;
}

// By an instruction: the kernel's own timers and limits have such a code as well.
static bool is_of_instruction(const struct tracee *t)
{
    static const int raised[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    bool any = false;
    for (size_t i = 0; i < sizeof raised / sizeof *raised; i++)
        any |= t->signal == raised[i];
    return any && t->code > 0;
}

enum tracee_stop tracee_step(struct tracee *t)
{
    while (ptrace(PTRACE_SINGLESTEP, t->pid, NULL, NULL) == 0) {
        int signal = next_signal(t, PTRACE_SINGLESTEP);
        if (signal == 0 || !note_signal(t, signal) || !tracee_fetch(t))
            return TRACEE_GONE;
        bool stepped = signal == SIGTRAP && t->code == TRAP_TRACE;
        if (is_of_instruction(t))
            return stepped ? TRACEE_STEPPED : TRACEE_FAULTED;
        hold(t, signal);
    }
    return TRACEE_GONE;
}

// ---- memory ----

typedef ssize_t transfer(pid_t pid, const struct iovec *here, unsigned long here_count,
                         const struct iovec *there, unsigned long there_count, unsigned long flags);

// A page at a time, since the kernel does not tell how much of a part it moved.
static size_t move(transfer *kernel, pid_t pid, uint64_t addr, uint8_t *local, size_t bytes)
{
    const size_t page = host_page_bytes();
    size_t done = 0;
    while (done < bytes) {
        size_t room = page - (addr + done) % page;
        size_t part = bytes - done < room ? bytes - done : room;
        struct iovec here = {local + done, part}, there = {(void *)(uintptr_t)(addr + done), part};
        if (kernel(pid, &here, 1, &there, 1, 0) != (ssize_t)part)
            break;
        done += part;
    }
    return done;
}

size_t tracee_peek(const struct tracee *t, uint64_t addr, void *out, size_t bytes)
{
    return move(process_vm_readv, t->pid, addr, out, bytes);
}

size_t tracee_poke(const struct tracee *t, uint64_t addr, const void *bytes, size_t count)
{
    return move(process_vm_writev, t->pid, addr, (uint8_t *)(uintptr_t)bytes, count);
}
