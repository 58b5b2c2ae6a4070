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
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

static int is_about_reports(const struct user_regs_struct *regs)
{
    switch (regs->orig_rax) {
    case SYS_write:
    case SYS_writev:
    case SYS_fsync:
    case SYS_linkat:
    case SYS_rename:
    case SYS_unlink:
    case SYS_exit_group:
        return 1;
    case SYS_openat:
        return (regs->rdx & (O_WRONLY | O_RDWR)) != 0;
    default:
        return 0;
    }
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
    struct user_regs_struct regs;
    int status;
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
        if (ptrace(PTRACE_GETREGS, pid, NULL, &regs) != 0)
            return 3;
        if (!is_about_reports(&regs) || ++seen < wanted)
            continue;
        kill(pid, SIGKILL);
        waitpid(pid, &status, 0);
        return 0;
    }
    return 1;
}
