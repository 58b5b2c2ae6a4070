// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The filter is a list of tests, one a row of the table (seccomp(2); BPF in
// linux/Documentation/userspace-api/seccomp_filter.rst). It sees numbers, not
// what pointers lead to. Calls that a CPU's kernel came too late for (AArch64's has
// openat and no open) are tested where the headers have them.

#include "record/confine.h"

#include "base/host.h"
#include "base/older_libc.h"

#include <asm/ioctls.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

enum when {
    ALWAYS,
    IF_OTHER, // the argument is a process, and neither 0 nor this one
    IF_IS,    // the argument is VALUE
    IF_HAS,   // the argument has any bit of VALUE
};

enum { WRITES = O_WRONLY | O_RDWR | O_CREAT | O_TRUNC };

static const struct ban {
    const char *name;
    uint32_t call;
    uint32_t when; // enum when
    uint32_t argument, value;
} bans[] = {
#define BAN(name, ...)                 \
    {                                  \
#name, SYS_##name, __VA_ARGS__ \
    }
    // other processes
    BAN(kill, IF_OTHER, 0, 0),
    BAN(tkill, IF_OTHER, 0, 0),
    BAN(tgkill, IF_OTHER, 0, 0),
    BAN(rt_sigqueueinfo, IF_OTHER, 0, 0),
    BAN(rt_tgsigqueueinfo, IF_OTHER, 0, 0),
    BAN(pidfd_send_signal, ALWAYS, 0, 0),
    BAN(pidfd_getfd, ALWAYS, 0, 0),
    BAN(ptrace, ALWAYS, 0, 0),
    BAN(process_vm_writev, IF_OTHER, 0, 0),
    BAN(process_madvise, ALWAYS, 0, 0),
    BAN(prlimit64, IF_OTHER, 0, 0),
    BAN(setpriority, ALWAYS, 0, 0),
    BAN(sched_setaffinity, IF_OTHER, 0, 0),
    BAN(sched_setscheduler, IF_OTHER, 0, 0),
    BAN(sched_setparam, IF_OTHER, 0, 0),
    BAN(sched_setattr, IF_OTHER, 0, 0),
    BAN(setpgid, ALWAYS, 0, 0),
    BAN(setsid, ALWAYS, 0, 0),
    BAN(prctl, IF_IS, 0, PR_SET_PDEATHSIG),
    BAN(shmat, ALWAYS, 0, 0),
    BAN(reboot, ALWAYS, 0, 0),
    // new ones, and threads
    BAN(clone, ALWAYS, 0, 0),
    BAN(clone3, ALWAYS, 0, 0),
    BAN(execve, ALWAYS, 0, 0),
    BAN(execveat, ALWAYS, 0, 0),
    BAN(io_uring_setup, ALWAYS, 0, 0),
    // files
    BAN(openat, IF_HAS, 2, WRITES),
    BAN(openat2, ALWAYS, 0, 0),
    BAN(open_by_handle_at, ALWAYS, 0, 0),
    BAN(truncate, ALWAYS, 0, 0),
    BAN(unlinkat, ALWAYS, 0, 0),
    BAN(renameat, ALWAYS, 0, 0),
    BAN(renameat2, ALWAYS, 0, 0),
    BAN(mkdirat, ALWAYS, 0, 0),
    BAN(linkat, ALWAYS, 0, 0),
    BAN(symlinkat, ALWAYS, 0, 0),
    BAN(mknodat, ALWAYS, 0, 0),
    BAN(fchmod, ALWAYS, 0, 0),
    BAN(fchmodat, ALWAYS, 0, 0),
    BAN(fchown, ALWAYS, 0, 0),
    BAN(fchownat, ALWAYS, 0, 0),
    BAN(utimensat, ALWAYS, 0, 0),
    BAN(setxattr, ALWAYS, 0, 0),
    BAN(lsetxattr, ALWAYS, 0, 0),
    BAN(fsetxattr, ALWAYS, 0, 0),
    BAN(removexattr, ALWAYS, 0, 0),
    BAN(lremovexattr, ALWAYS, 0, 0),
    BAN(fremovexattr, ALWAYS, 0, 0),
    BAN(mount, ALWAYS, 0, 0),
    BAN(umount2, ALWAYS, 0, 0),
#if defined SYS_open
    // What newer calls do as well.
    BAN(fork, ALWAYS, 0, 0),
    BAN(vfork, ALWAYS, 0, 0),
    BAN(open, IF_HAS, 1, WRITES),
    BAN(creat, ALWAYS, 0, 0),
    BAN(unlink, ALWAYS, 0, 0),
    BAN(rename, ALWAYS, 0, 0),
    BAN(mkdir, ALWAYS, 0, 0),
    BAN(rmdir, ALWAYS, 0, 0),
    BAN(link, ALWAYS, 0, 0),
    BAN(symlink, ALWAYS, 0, 0),
    BAN(mknod, ALWAYS, 0, 0),
    BAN(chmod, ALWAYS, 0, 0),
    BAN(chown, ALWAYS, 0, 0),
    BAN(lchown, ALWAYS, 0, 0),
    BAN(utime, ALWAYS, 0, 0),
    BAN(utimes, ALWAYS, 0, 0),
    BAN(futimesat, ALWAYS, 0, 0),
#endif
    // terminals
    BAN(ioctl, IF_IS, 1, TCSETS),
    BAN(ioctl, IF_IS, 1, TCSETSW),
    BAN(ioctl, IF_IS, 1, TCSETSF),
    BAN(ioctl, IF_IS, 1, TCSETA),
    BAN(ioctl, IF_IS, 1, TCSETAW),
    BAN(ioctl, IF_IS, 1, TCSETAF),
    BAN(ioctl, IF_IS, 1, TCFLSH),
    BAN(ioctl, IF_IS, 1, TCXONC),
    BAN(ioctl, IF_IS, 1, TIOCSTI),
    BAN(ioctl, IF_IS, 1, TIOCSETD),
    BAN(ioctl, IF_IS, 1, TIOCSCTTY),
    BAN(ioctl, IF_IS, 1, TIOCSPGRP),
    BAN(ioctl, IF_IS, 1, TIOCSWINSZ),
#undef BAN
};

enum {
    BAN_COUNT = sizeof bans / sizeof *bans,
    INSNS_PER_BAN = 7,
    // Calls of another ABI: i386's by int 0x80, Arm's; x32's by a bit in the number.
    OTHER_ABI = UINT16_MAX,
    X32_BIT = 0x40000000,
};

struct filter {
    struct sock_filter insns[BAN_COUNT * INSNS_PER_BAN + 16];
    unsigned short count;
};

static void add(struct filter *f, struct sock_filter insn)
{
    f->insns[f->count++] = insn;
}

static void add_load(struct filter *f, size_t offset)
{
    add(f, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

// When the test says so, goes THEN instructions further, else OTHERWISE.
static void add_test(struct filter *f, unsigned test, uint32_t value, unsigned then,
                     unsigned otherwise)
{
    add(f, (struct sock_filter)BPF_JUMP((unsigned short)(BPF_JMP | test | BPF_K), value,
                                        (uint8_t)then, (uint8_t)otherwise));
}

static void add_end(struct filter *f, uint32_t action)
{
    add(f, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

// The low half of an argument; all that are tested here are ints.
static size_t argument_offset(uint32_t argument)
{
    return offsetof(struct seccomp_data, args) + argument * sizeof(uint64_t);
}

static void add_ban(struct filter *f, const struct ban *ban, uint32_t self)
{
    unsigned short at = f->count;
    add_load(f, offsetof(struct seccomp_data, nr));
    add_test(f, BPF_JEQ, ban->call, 0, 0); // its way past the ban: below
    if (ban->when != ALWAYS)
        add_load(f, argument_offset(ban->argument));
    if (ban->when == IF_OTHER) {
        add_test(f, BPF_JEQ, 0, 2, 0);
        add_test(f, BPF_JEQ, self, 1, 0);
    } else if (ban->when != ALWAYS) {
        add_test(f, ban->when == IF_IS ? BPF_JEQ : BPF_JSET, ban->value, 0, 1);
    }
    add_end(f, SECCOMP_RET_TRAP);
    f->insns[at + 1].jf = (uint8_t)(f->count - at - 2);
}

static void filter_build(struct filter *f, uint32_t self)
{
    f->count = 0;
    add_load(f, offsetof(struct seccomp_data, arch));
    add_test(f, BPF_JEQ, host.audit_arch, 1, 0);
    add_end(f, SECCOMP_RET_TRAP);
    add_load(f, offsetof(struct seccomp_data, nr));
    add_test(f, BPF_JGE, X32_BIT, 0, 1);
    add_end(f, SECCOMP_RET_TRAP);
    for (size_t i = 0; i < BAN_COUNT; i++)
        add_ban(f, &bans[i], self);
    add_end(f, SECCOMP_RET_ALLOW);
}

// Where the handler writes to.
static _Atomic uint32_t *forbidden_call;

static void on_forbidden(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    bool other = info->si_arch != host.audit_arch || info->si_syscall >= X32_BIT;
    *forbidden_call = other ? OTHER_ABI : (uint32_t)info->si_syscall + 1;
    _exit(EXIT_FAILURE);
}

static void handle_forbidden(void)
{
    struct sigaction action = {.sa_sigaction = on_forbidden, .sa_flags = SA_SIGINFO};
    sigfillset(&action.sa_mask);
    if (forbidden_call)
        sigaction(SIGSYS, &action, NULL);
}

bool confine(_Atomic uint32_t *call)
{
    struct filter f;
    filter_build(&f, (uint32_t)getpid());
    const struct sock_fprog program = {.len = f.count, .filter = f.insns};
    forbidden_call = call;
    handle_forbidden();
    // Without SPEC_ALLOW some kernels slow down every store from now on.
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW,
                   &program) == 0;
}

const char *confined_name(uint32_t call)
{
    if (call == OTHER_ABI)
        return "int 0x80";
    for (size_t i = 0; i < BAN_COUNT; i++)
        if (call == bans[i].call + 1)
            return bans[i].name;
    return NULL;
}

void confine_reset_signals(void)
{
    const struct itimerval off = {0};
    static const int timers[] = {ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF};
    for (size_t i = 0; i < sizeof timers / sizeof *timers; i++)
        setitimer((__itimer_which_t)timers[i], &off, NULL);
    sigset_t none;
    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
    signal(SIGINT, SIG_IGN); // the tool decides what an interrupt means
    handle_forbidden();
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}
