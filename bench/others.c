// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The other ways to see the stores of a copy: valgrind's lackey, single-stepping
// from another process, and single-stepping by the trap flag in this one.

#include "bench.h"

#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

enum { PAIRS = 5, LACKEY_COPIES = 100000, STEP_COPIES = 100 };

// Volatile, so that the compiler makes the calls.
static void *(*volatile libc_copy)(void *, const void *, size_t) = memcpy;

static void copy_times(size_t size, unsigned count)
{
    static unsigned char from[4096], to[4096];
    for (unsigned i = 0; i < count; i++)
        libc_copy(to, from, size);
}

// Runs a program with all its output thrown away. Nanoseconds, or 0 when it
// could not be run or failed.
static uint64_t run_program(char *const argv[])
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    const uint64_t start = clock_now_ns();
    pid_t child;
    int status = -1;
    const int failed = posix_spawnp(&child, argv[0], &actions, NULL, argv, environ);
    if (!failed)
        waitpid(child, &status, 0);
    posix_spawn_file_actions_destroy(&actions);
    return !failed && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? clock_now_ns() - start : 0;
}

static uint64_t lackey_run_ns(const char *copies_program, size_t size, unsigned count)
{
    char program[4096], size_text[24], count_text[24];
    snprintf(program, sizeof program, "%s", copies_program);
    snprintf(size_text, sizeof size_text, "%zu", size);
    snprintf(count_text, sizeof count_text, "%u", count);
    char tool[] = "--tool=lackey", trace[] = "--trace-mem=yes", valgrind[] = "valgrind";
    char *const argv[] = {valgrind, tool, trace, program, size_text, count_text, NULL};
    return run_program(argv);
}

double lackey_copy_ns(const char *copies_program, size_t size)
{
    double slopes[PAIRS];
    for (unsigned i = 0; i < PAIRS; i++) {
        const uint64_t once = lackey_run_ns(copies_program, size, LACKEY_COPIES);
        const uint64_t twice = lackey_run_ns(copies_program, size, 2 * LACKEY_COPIES);
        if (once == 0 || twice == 0) {
            fprintf(stderr, "bench: valgrind's lackey did not run; install valgrind\n");
            return NAN;
        }
        slopes[i] = ((double)twice - (double)once) / LACKEY_COPIES;
    }
    return median(slopes, PAIRS);
}

double lackey_case_ns(const char *copies_program, size_t size)
{
    double runs[PAIRS];
    for (unsigned i = 0; i < PAIRS; i++) {
        runs[i] = (double)lackey_run_ns(copies_program, size, 1);
        if (runs[i] == 0)
            return NAN;
    }
    return median(runs, PAIRS);
}

static void be_traced(size_t size, unsigned count)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(1);
    raise(SIGSTOP);
    copy_times(size, count);
    _exit(0);
}

// 0 when this process may not trace another.
static uint64_t ptrace_run_ns(size_t size, unsigned count)
{
    const pid_t child = fork();
    if (child == 0)
        be_traced(size, count);
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
        return 0;
    const uint64_t start = clock_now_ns();
    while (WIFSTOPPED(status)) {
        ptrace(PTRACE_SINGLESTEP, child, NULL, NULL);
        waitpid(child, &status, 0);
    }
    return clock_now_ns() - start;
}

double ptrace_copy_ns(size_t size)
{
    double slopes[PAIRS];
    for (unsigned i = 0; i < PAIRS; i++) {
        const uint64_t once = ptrace_run_ns(size, STEP_COPIES);
        const uint64_t twice = ptrace_run_ns(size, 2 * STEP_COPIES);
        if (once == 0 || twice == 0) {
            fprintf(stderr, "bench: this process may not use ptrace; run it where it may\n");
            return NAN;
        }
        slopes[i] = ((double)twice - (double)once) / STEP_COPIES;
    }
    return median(slopes, PAIRS);
}

static volatile sig_atomic_t steps;

static void count_step(int signal_number)
{
    (void)signal_number;
    steps++;
}

static uint64_t trap_flag_run_ns(size_t size, unsigned count)
{
    const unsigned long long trap_flag = 0x100;
    const uint64_t start = clock_now_ns();
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() | trap_flag);
    copy_times(size, count);
    __builtin_ia32_writeeflags_u64(__builtin_ia32_readeflags_u64() & ~trap_flag);
    return clock_now_ns() - start;
}

double trap_flag_copy_ns(size_t size)
{
    struct sigaction action = {.sa_handler = count_step}, old;
    sigaction(SIGTRAP, &action, &old);
    double slopes[PAIRS];
    steps = 0;
    for (unsigned i = 0; i < PAIRS; i++) {
        const uint64_t once = trap_flag_run_ns(size, STEP_COPIES);
        const uint64_t twice = trap_flag_run_ns(size, 2 * STEP_COPIES);
        slopes[i] = ((double)twice - (double)once) / STEP_COPIES;
    }
    sigaction(SIGTRAP, &old, NULL);
    return steps == 0 ? NAN : median(slopes, PAIRS);
}
