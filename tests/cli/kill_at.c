// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Runs a command and kills it (SIGKILL) at its N-th system call that has to do
// with a report file, before the call is made or, for an even N, after it: so
// every moment in which a report is written can be tested, one after the other.
// Usage: kill_at N COMMAND ARGUMENT...
//
// Exit status: 0 killed; 1 the command ended before; 3 there is no ptrace here.

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

// By the kernel's own account of them, which is the same on every CPU (ptrace(2)).
static int is_about_reports(const struct __ptrace_syscall_info *call)
{
    switch (call->entry.nr) {
    case SYS_write:
    case SYS_writev:
    case SYS_fsync:
    case SYS_linkat:
    case SYS_renameat:
    case SYS_renameat2:
    case SYS_unlinkat:
    case SYS_exit_group:
#if defined SYS_rename
    case SYS_rename:
    case SYS_unlink:
#endif
        return 1;
    case SYS_openat:
        return (call->entry.args[2] & (O_WRONLY | O_RDWR)) != 0;
    default:
        return 0;
    }
}

// Of the call that the command is about to make, or has just made: the kernel does not
// say again which that was.
static int is_at_report(pid_t pid, int *known)
{
    struct __ptrace_syscall_info call;
    if (ptrace(PTRACE_GET_SYSCALL_INFO, pid, (void *)sizeof call, &call) <= 0)
        return -1;
    if (call.op == PTRACE_SYSCALL_INFO_ENTRY)
        *known = is_about_reports(&call);
    return *known;
}

static int start(char **command)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(3);
    execvp(command[0], command);
    _exit(127);
}

// Lets the command run up to its next system call, or from there to its end.
// False when there is none.
static int next_stop(pid_t pid, int *status)
{
    int signal = 0;
    do {
        if (ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)signal) != 0 ||
            waitpid(pid, status, 0) != pid || !WIFSTOPPED(*status))
            return 0;
        signal = WSTOPSIG(*status);
    } while (signal != (SIGTRAP | 0x80));
    return 1;
}

int main(int argc, char **argv)
{
    long wanted = argc > 2 ? atol(argv[1]) : 0;
    int status, known = 0;
    if (wanted <= 0)
        return 2;
    pid_t pid = fork();
    if (pid == 0)
        return start(argv + 2);
    if (waitpid(pid, &status, 0) != pid || !WIFSTOPPED(status) ||
        ptrace(PTRACE_SETOPTIONS, pid, NULL,
               (void *)(long)(PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL)) != 0)
        return 3;
    for (long seen = 0; next_stop(pid, &status);) {
        int about = is_at_report(pid, &known);
        if (about < 0)
            return 3;
        if (!about || ++seen < wanted)
            continue;
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        return 0;
    }
    return 1;
}
