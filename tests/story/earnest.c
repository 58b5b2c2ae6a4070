// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A story in earnest: the routine itself runs in a child, an instruction at a time, and
// between any two of them this process, the guest, looks at the memory that both share. Once
// an element has its final value the guest takes it, and clears it. What the search says of
// the recorded case has to come true: the libc's memmove of 2 bytes is taken twice, and what
// storecopy's functions store is taken once.
//
// Exit status: 0 so it is, 1 it is not, 77 no process can be traced here.

#include "case/case.h"
#include "storecopy.h"
#include "story/story.h"
#include "sweep/sweep.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

typedef void *copy_function(void *dst, const void *src, size_t n);

enum { SIZE_MAX_BYTES = 40, STEPS_MAX = 100000, SKIPPED = 77 };

static volatile uint8_t *shared; // the destination, a page
static uint8_t source[SIZE_MAX_BYTES];

// ---- the child ----

static void copy_between_traps(copy_function *copy, size_t size)
{
    if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0)
        _exit(SKIPPED);
    raise(SIGSTOP);
    __asm__ volatile("int3");
    copy((void *)(uintptr_t)shared, source, size);
    __asm__ volatile("int3");
    _exit(0);
}

// Runs on to where the copy begins. False where that cannot be had.
static bool start(pid_t child)
{
    int status;
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status))
        return false;
    if (ptrace(PTRACE_CONT, child, NULL, NULL) != 0)
        return false;
    return waitpid(child, &status, 0) == child && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
}

// One instruction more. False at the trap behind the copy, or where the child is gone.
static bool step(pid_t child)
{
    struct user_regs_struct registers;
    int status;
    if (ptrace(PTRACE_GETREGS, child, NULL, &registers) != 0)
        return false;
    long code = ptrace(PTRACE_PEEKTEXT, child, (void *)(uintptr_t)registers.rip, NULL);
    if ((code & 0xff) == 0xcc || ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0)
        return false;
    return waitpid(child, &status, 0) == child && WIFSTOPPED(status);
}

// ---- the guest ----

static bool is_final(size_t at, size_t width)
{
    for (size_t i = at; i < at + width; i++)
        if (shared[i] != source[i])
            return false;
    return true;
}

// How often the guest takes the element of WIDTH bytes at AT; -1: no process can be traced.
static int times_taken(copy_function *copy, size_t size, size_t at, size_t width)
{
    int taken = 0;
    memset((void *)(uintptr_t)shared, 0, SIZE_MAX_BYTES);
    pid_t child = fork();
    if (child == 0)
        copy_between_traps(copy, size);
    bool started = child > 0 && start(child);
    for (int i = 0; started && i < STEPS_MAX && step(child); i++) {
        if (!is_final(at, width))
            continue;
        taken++;
        memset((void *)(uintptr_t)(shared + at), 0, width);
    }
    if (child > 0) {
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
    }
    return started ? taken : -1;
}

// The most that any aligned element of the copy is taken; -1 likewise.
static int most_taken(copy_function *copy, size_t size)
{
    int most = 0;
    for (size_t width = 1; width <= 8; width *= 2) {
        for (size_t at = 0; at + width <= size; at += width) {
            int taken = times_taken(copy, size, at, width);
            if (taken < 0)
                return -1;
            most = taken > most ? taken : most;
        }
    }
    return most;
}

// ---- the search ----

static enum story_outcome search(const char *name, copy_function *copy, size_t size)
{
    char *own_name = strdup(name);
    const struct backend b = {.name = own_name,
                              .symbol = own_name,
                              .from = own_name,
                              .size_unit = 1,
                              .align = 1,
                              .code = (const void *)(uintptr_t)copy};
    const struct sweep_options options = {
        .recorder = recorder_default(), .device = DEVICE_DST, .jobs = 1, .timeout_ms = 10000};
    const struct copy_case c = {.op = OP_MEMCPY, .size = size, .fill = 1};
    enum story_outcome outcome = STORY_NOT_SEARCHED;
    struct observer guest;
    struct recording r;
    struct error error;
    if (!observer_load("poll-and-clear", &guest, &error) ||
        !sweep_record(&b, &c, true, &options, &r, &error)) {
        printf("%s: %s\n", name, error.text);
    } else {
        struct story *s = story_look(&guest, contract_find("shared"), DEVICE_DST, 8, &c, &r);
        outcome = s->outcome;
        story_free(s);
        recording_free(&r);
    }
    free(own_name);
    return outcome;
}

// ---- both ----

static int failed;

static void expect(bool so, const char *name, size_t size, const char *what)
{
    if (so)
        return;
    failed++;
    printf("FAIL %s, %zu bytes: %s\n", name, size, what);
}

static void compare(const char *name, copy_function *copy, size_t size, bool is_ours)
{
    int taken = most_taken(copy, size);
    if (taken < 0) {
        printf("skip: no process can be traced here\n");
        exit(SKIPPED);
    }
    enum story_outcome outcome = search(name, copy, size);
    printf("%s, %zu bytes: taken %d times, the search: %s\n", name, size, taken,
           story_outcome_name[outcome]);
    expect(taken >= 1, name, size, "the guest never saw the element");
    expect(outcome == (taken > 1 ? STORY_TOLD : STORY_NONE), name, size,
           "the search and the guest differ");
    expect(!is_ours || taken == 1, name, size, "storecopy's stores are taken twice");
}

int main(void)
{
    static const struct {
        const char *name;
        copy_function *copy;
    } ours[] = {
        {"storecopy_shared", storecopy_shared},
        {"storecopy_ordered", storecopy_ordered},
        {"storecopy_to_device", storecopy_to_device},
        {"storecopy_to_bar", storecopy_to_bar},
    };
    static const size_t sizes[] = {1, 2, 3, 4, 7, 8, 15, 16, 33};
    void *libc = dlopen("libc.so.6", RTLD_LAZY);
    void *libc_move = libc ? dlsym(libc, "memmove") : NULL;
    shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if ((void *)(uintptr_t)shared == MAP_FAILED || !libc_move) {
        printf("skip: no glibc, or no memory to share\n");
        return SKIPPED;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (size_t i = 0; i < sizeof source; i++)
        source[i] = (uint8_t)(i + 1);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        compare("the libc's memmove", (copy_function *)(uintptr_t)libc_move, sizes[i], false);
        for (size_t k = 0; k < sizeof ours / sizeof *ours; k++)
            compare(ours[k].name, ours[k].copy, sizes[i], true);
    }
    expect(search("the libc's memmove", (copy_function *)(uintptr_t)libc_move, 2) == STORY_TOLD,
           "the libc's memmove", 2, "there is no story");
    printf("%d failed\n", failed);
    return failed > 0;
}
