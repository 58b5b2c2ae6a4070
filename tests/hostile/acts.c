// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What hostile code does besides copying; see acts.def.

#include "hostile.h"

#if defined __x86_64__
#include <asm/prctl.h>
#endif
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { PAGE = 4096, FDS_MAX = 1024, FORKS = 3 };

// ---- ends ----

void act_exits(void)
{
    exit(0);
}

void act_exits_at_once(void)
{
    _exit(0);
}

void act_exits_by_syscall(void)
{
    syscall(SYS_exit_group, 0);
}

void act_aborts(void)
{
    abort();
}

void act_raises_kill(void)
{
    raise(SIGKILL);
}

void act_raises_stop(void)
{
    raise(SIGSTOP);
}

void act_raises_term(void)
{
    raise(SIGTERM);
}

void act_raises_segv(void)
{
    raise(SIGSEGV);
}

void act_raises_prof(void)
{
    for (int i = 0; i < 100; i++)
        raise(SIGPROF);
}

void act_raises_trap(void)
{
    raise(SIGTRAP);
}

void act_raises_sys(void)
{
    raise(SIGSYS);
}

// ---- other processes ----

void act_kills_parent(void)
{
    kill(getppid(), SIGKILL);
}

void act_stops_parent(void)
{
    kill(getppid(), SIGSTOP);
}

void act_kills_group(void)
{
    kill(0, SIGTERM);
}

void act_forks(void)
{
    if (fork() == 0)
        for (;;)
            pause();
}

void act_fork_bomb(void)
{
    for (int i = 0; i < FORKS; i++)
        (void)!fork();
}

// The child leaves the group that a tool would end, and keeps its descriptors.
void act_forks_and_leaves(void)
{
    if (fork() != 0)
        return;
    setsid();
    prctl(PR_SET_PDEATHSIG, 0);
    for (;;)
        pause();
}

void act_vforks(void)
{
    if (vfork() == 0)
        for (;;)
            pause();
}

static void *scribble(void *unused)
{
    for (;;) {
        usleep(1000);
        if (place_heap.lo != NULL)
            place_heap.lo[(place_heap.hi - place_heap.lo) / 2] ^= 1;
    }
    return unused;
}

void act_starts_thread(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, scribble, NULL);
}

void act_execs(void)
{
    execl("/bin/sleep", "sleep", "1000", (char *)NULL);
}

void act_traces_itself(void)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
    raise(SIGSTOP);
}

void act_traces_parent(void)
{
    ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

void act_writes_parent(void)
{
    uint64_t zeros[PAGE / 8] = {0};
    struct iovec from = {zeros, sizeof zeros}, to = {place_heap.lo, sizeof zeros};
    process_vm_writev(getppid(), &from, 1, &to, 1, 0);
}

void act_lives_on(void)
{
    prctl(PR_SET_PDEATHSIG, 0);
}

void act_new_session(void)
{
    setpgid(0, 0);
    setsid();
}

// ---- time and limits ----

void act_timer_of_its_own(void)
{
    struct timeval soon = {0, 1000};
    setitimer(ITIMER_PROF, &(struct itimerval){soon, soon}, NULL);
    setitimer(ITIMER_REAL, &(struct itimerval){soon, soon}, NULL);
    setitimer(ITIMER_VIRTUAL, &(struct itimerval){soon, soon}, NULL);
}

void act_rings_alarm(void)
{
    alarm(1);
}

static void limit(pid_t pid, __rlimit_resource_t resource, rlim_t most)
{
    prlimit(pid, resource, &(struct rlimit){most, most}, NULL);
}

void act_limits_itself_cpu(void)
{
    limit(0, RLIMIT_CPU, 0);
}

void act_limits_itself_memory(void)
{
    limit(0, RLIMIT_AS, 0);
}

void act_limits_itself_files(void)
{
    limit(0, RLIMIT_NOFILE, 0);
}

void act_limits_parent(void)
{
    limit(getppid(), RLIMIT_NOFILE, 0);
}

// ---- signals ----

void act_masks_signals(void)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
}

static void handle_nothing(int signal)
{
    (void)signal;
}

void act_handles_signals(void)
{
    for (int i = 1; i < NSIG; i++)
        signal(i, handle_nothing);
}

void act_ignores_signals(void)
{
    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_IGN);
}

void act_other_alt_stack(void)
{
    static uint8_t small[8192];
    sigaltstack(&(stack_t){.ss_sp = small, .ss_size = sizeof small}, NULL);
}

// ---- descriptors ----

void act_closes_all(void)
{
    for (int fd = 0; fd < FDS_MAX; fd++)
        close(fd);
}

void act_null_over_all(void)
{
    int null = open("/dev/null", O_RDONLY);
    for (int fd = 0; fd < FDS_MAX; fd++)
        if (fd != null && fcntl(fd, F_GETFD) >= 0)
            dup2(null, fd);
}

void act_garbage_to_all(void)
{
    char garbage[PAGE];
    memset(garbage, 0x5a, sizeof garbage);
    for (int fd = 0; fd < FDS_MAX; fd++)
        (void)!write(fd, garbage, sizeof garbage);
}

// The beginning of a frame of 1 GiB as base/message.c has it, and no more.
void act_frames_to_all(void)
{
    struct {
        uint32_t magic, kind;
        uint64_t length, checksum;
    } head = {0x53634f70, 2, 1u << 30, 0};
    for (int fd = 3; fd < FDS_MAX; fd++)
        (void)!write(fd, &head, sizeof head);
}

// ---- waits ----

void act_pauses(void)
{
    for (;;)
        pause();
}

void act_waits_for_futex(void)
{
    static uint32_t word;
    for (;;)
        syscall(SYS_futex, &word, FUTEX_WAIT, 0, NULL, NULL, 0);
}

void act_sleeps(void)
{
    for (;;)
        sleep(1000);
}

void act_reads_input(void)
{
    char byte;
    while (read(0, &byte, 1) > 0)
        continue;
}

void act_spins(void)
{
    for (volatile int i = 0;; i++)
        continue;
}

// ---- faults ----

void act_crashes(void)
{
    *(volatile int *)8 = 1;
}

void act_executes_nothing(void)
{
#if defined __x86_64__
    __asm__ volatile("ud2");
#else
    __asm__ volatile(".inst 0"); // udf #0
#endif
}

static int dig(volatile char *above)
{
    volatile char here[PAGE];
    here[0] = *above;
    return dig(here) + here[0];
}

void act_overflows_stack(void)
{
    volatile char top = 1;
    dig(&top);
}

// ---- memory ----

void act_maps_over_tool(void)
{
    mmap(place_tool_text.lo, (size_t)(place_tool_text.hi - place_tool_text.lo),
         PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

void act_unmaps_tool(void)
{
    munmap(place_tool_text.lo, (size_t)(place_tool_text.hi - place_tool_text.lo));
}

// The page of this very function becomes writable; its bytes stay.
void act_unprotects_itself(void)
{
    uintptr_t page = (uintptr_t)act_unprotects_itself & ~(uintptr_t)(PAGE - 1);
    mprotect((void *)page, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC);
}

// Bounded, so that a machine that lets it happen survives.
void act_eats_memory(void)
{
    for (int i = 0; i < 64; i++) {
        char *p = malloc(1 << 20);
        if (p != NULL)
            memset(p, 1, 1 << 20);
    }
}

void act_eats_addresses(void)
{
    for (size_t bytes = (size_t)1 << 46; bytes >= PAGE; bytes /= 2)
        while (mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0) !=
               MAP_FAILED)
            continue;
}

void act_other_fs_base(void)
{
    static uint64_t area[PAGE / 8];
#if defined __x86_64__
    syscall(SYS_arch_prctl, ARCH_SET_FS, &area[PAGE / 16]);
#else
    __asm__ volatile("msr tpidr_el0, %0" ::"r"(&area[PAGE / 16]));
#endif
}

void act_floods_tool_heap(void)
{
    for (volatile uint8_t *p = place_heap.lo; p < place_heap.hi; p += 8)
        *p = 0x5a;
}

// ---- files and the terminal ----

static const char *victim(void)
{
    const char *path = getenv("HOSTILE_FILE");
    return path != NULL ? path : "";
}

void act_truncates_file(void)
{
    int fd = open(victim(), O_WRONLY | O_TRUNC);
    (void)!write(fd, "gone", 4);
}

void act_removes_file(void)
{
    unlink(victim());
}

void act_sets_terminal(void)
{
    struct termios t;
    int fd = open("/dev/tty", O_RDONLY);
    if (tcgetattr(fd, &t) != 0)
        return;
    t.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
    tcsetattr(fd, TCSANOW, &t);
}

void act_speaks(void)
{
    printf("hostile\n");
    fprintf(stderr, "hostile\n");
    fflush(NULL);
}

void act_old_system_call(void)
{
#if defined __x86_64__
    int result;
    __asm__ volatile("int $0x80" : "=a"(result) : "0"(1), "b"(0) : "memory"); // exit of i386
#else
    syscall(SYS_exit, 0); // a 64-bit program has no other calls
#endif
}
