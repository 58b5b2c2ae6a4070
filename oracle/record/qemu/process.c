// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/process.h"

#include "backends/arch.h"
#include "base/clock.h"
#include "record/qemu/embed.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    START_MS = 120000, // of processor time until the guest wants its first case: in an
                       // emulated system QEMU itself is some hundred times as slow
    LOOK_MS = 10,      // how often a process that does not answer is looked at
    ASLEEP_MS = 2000,  // without use of the processor
    STARTS = 3,        // of one that is killed or stopped meanwhile
};

// For 32-bit guests, whose memory is moved away from that of qemu itself.
static const char guest_base_text[] = "0x100000000000";

// An anonymous file that the qemu process inherits.
static int new_file(const char *name, const void *bytes, size_t length)
{
    int fd = memfd_create(name, 0);
    if (fd >= 0 &&
        (bytes ? write(fd, bytes, length) != (ssize_t)length : ftruncate(fd, (off_t)length) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

static void *map_file(int fd, size_t length)
{
    void *at = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, fd, 0);
    return at == MAP_FAILED ? NULL : at;
}

static void tell_plugin(struct process *p)
{
    const struct guest_program *program = p->program;
    struct qemu_shared *s = p->shared;
    s->guest_base = program->arch->word_bytes == 4 ? strtoull(guest_base_text, NULL, 0) : 0;
    s->machine = program->arch->machine;
    s->big_endian = program->arch->big_endian;
    s->unreported = program->arch->machine == EM_S390      ? UNREPORTED_S390X
                    : program->arch->machine == EM_AARCH64 ? UNREPORTED_AARCH64
                                                           : UNREPORTED_NONE;
    s->wants_text = program->arch->machine != EM_X86_64;
    memcpy(s->marks, program->marks, sizeof s->marks);
    s->mailbox_addr = program->mailbox_addr;
    s->code = program->code.range;
}

bool process_open(struct process *p, const struct guest_program *program, struct error *error)
{
    *p = (struct process){
        .program = program, .shared_fd = -1, .lanes_fd = -1, .plugin_fd = -1, .program_fd = -1};
    p->shared_fd = new_file("storescope", NULL, sizeof *p->shared);
    p->lanes_fd = new_file("lanes", NULL, QEMU_LANES_BYTES);
    p->plugin_fd = new_file("plugin", embedded_plugin, embedded_plugin_bytes);
    p->program_fd = new_file("guest", program->bytes, program->length);
    bool files = p->shared_fd >= 0 && p->lanes_fd >= 0 && p->plugin_fd >= 0 && p->program_fd >= 0;
    p->shared = files ? map_file(p->shared_fd, sizeof *p->shared) : NULL;
    p->lanes = files ? map_file(p->lanes_fd, QEMU_LANES_BYTES) : NULL;
    if (p->shared && p->lanes) {
        tell_plugin(p);
        return true;
    }
    error_set(error, "no memory to share with qemu: %s", strerror(errno));
    process_close(p);
    return false;
}

void process_close(struct process *p)
{
    process_end(p);
    if (p->shared)
        munmap(p->shared, sizeof *p->shared);
    if (p->lanes)
        munmap(p->lanes, QEMU_LANES_BYTES);
    const int files[] = {p->shared_fd, p->lanes_fd, p->plugin_fd, p->program_fd};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (files[i] >= 0)
            close(files[i]);
    *p = (struct process){.shared_fd = -1, .lanes_fd = -1, .plugin_fd = -1, .program_fd = -1};
}

const char *qemu_cpu(const struct guest_program *program)
{
    return program->cpu;
}

static _Noreturn void exec_qemu(const struct process *p)
{
    char plugin[64], program[32], lanes[16];
    char *argv[16], *environment[] = {NULL};
    int n = 0;
    const struct rlimit no_core = {0, 0};
    const struct arch *arch = p->program->arch;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setrlimit(RLIMIT_CORE, &no_core);
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; i <= 2; i++)
        dup2(null, i);
    snprintf(plugin, sizeof plugin, "/proc/self/fd/%d,shared=%d", p->plugin_fd, p->shared_fd);
    snprintf(program, sizeof program, "/proc/self/fd/%d", p->program_fd);
    snprintf(lanes, sizeof lanes, "%d", p->lanes_fd);
    argv[n++] = (char *)(uintptr_t)arch->qemu;
    const char *cpu = qemu_cpu(p->program);
    if (cpu) {
        argv[n++] = "-cpu";
        argv[n++] = (char *)(uintptr_t)cpu;
    }
    if (arch->word_bytes == 4) {
        argv[n++] = "-B";
        argv[n++] = (char *)(uintptr_t)guest_base_text;
    }
    if (arch->dynamic) {
        argv[n++] = "-L";
        argv[n++] = (char *)(uintptr_t)arch->root;
    }
    argv[n++] = "-plugin";
    argv[n++] = plugin;
    argv[n++] = program;
    argv[n++] = lanes;
    argv[n] = NULL;
    execvpe(argv[0], argv, environment);
    _exit(127);
}

// Has it ended by itself? Then it is collected.
static bool has_ended(struct process *p)
{
    if (waitpid(p->pid, &p->status, WNOHANG) != p->pid)
        return false;
    p->pid = 0;
    return true;
}

void process_end(struct process *p)
{
    if (p->pid <= 0)
        return;
    kill(p->pid, SIGKILL);
    while (waitpid(p->pid, &p->status, 0) < 0 && errno == EINTR)
        continue;
    p->pid = 0;
}

static void wait_for_turn(struct qemu_shared *s)
{
    const struct timespec look = {0, LOOK_MS * 1000000};
    syscall(SYS_futex, &s->turn, FUTEX_WAIT, TURN_GUEST, &look, NULL, 0);
}

// The state of a process as Linux tells it (proc(5)): 'S' for one that sleeps, 'T' for
// one that was stopped.
static char state_of(pid_t pid)
{
    char path[64], text[256] = "", *end;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *f = fopen(path, "re");
    if (f) {
        (void)!fgets(text, sizeof text, f);
        fclose(f);
    }
    end = strrchr(text, ')'); // of its name
    return end && end[1] == ' ' ? end[2] : '?';
}

// How long a process has done what, by looks that this one made itself: a machine
// that stands still, or is busy with others, adds at most one look.
struct watch {
    clockid_t cpu;
    uint64_t cpu_started, cpu_last, last;
    uint64_t asleep, stopped; // ms
    uint32_t done;            // cases of a batch, that were seen
};

static void watch_start(struct watch *w, pid_t pid)
{
    clock_getcpuclockid(pid, &w->cpu);
    w->cpu_started = w->cpu_last = clock_ms(w->cpu);
    w->last = clock_ms(CLOCK_MONOTONIC);
}

static void watch_look(struct watch *w, pid_t pid)
{
    uint64_t now = clock_ms(CLOCK_MONOTONIC), used = clock_ms(w->cpu), passed = now - w->last;
    char state = state_of(pid);
    passed = passed < 2 * LOOK_MS ? passed : 2 * LOOK_MS;
    if (used != w->cpu_last)
        w->asleep = w->stopped = 0;
    w->stopped += state == 'T' || state == 't' ? passed : 0;
    w->asleep += state == 'S' || state == 'D' ? passed : 0;
    w->last = now;
    w->cpu_last = used;
}

// Each case of a batch has its own time.
static void watch_case(struct watch *w, const struct qemu_shared *s)
{
    uint32_t done = atomic_load(&s->batch.done);
    if (done <= w->done || done > QEMU_BATCH_MAX)
        return;
    w->done = done;
    w->cpu_started = w->cpu_last;
}

// Waits until the guest wants a case. CPU_MS: 0 for no limit.
static enum process_state wait_for_guest(struct process *p, unsigned cpu_ms)
{
    struct qemu_shared *s = p->shared;
    struct watch w = {.cpu = CLOCK_MONOTONIC};
    while (atomic_load(&s->turn) == TURN_GUEST) {
        wait_for_turn(s);
        if (atomic_load(&s->turn) != TURN_GUEST)
            break;
        if (has_ended(p))
            return PROCESS_ENDED;
        if (w.last == 0)
            watch_start(&w, p->pid);
        watch_look(&w, p->pid);
        watch_case(&w, s);
        enum process_state state = PROCESS_WAITS;
        if (cpu_ms && w.cpu_last - w.cpu_started > cpu_ms)
            state = PROCESS_TIMED_OUT;
        else if (w.stopped > ASLEEP_MS)
            state = PROCESS_STOPPED;
        else if (w.asleep > ASLEEP_MS)
            state = PROCESS_HUNG;
        if (state == PROCESS_WAITS)
            continue;
        process_end(p);
        return state;
    }
    return PROCESS_WAITS;
}

// Why it did not start, from what became of it.
static void tell_failure(const struct process *p, enum process_state state, struct error *error)
{
    const char *qemu = p->program->arch->qemu;
    if (state != PROCESS_ENDED)
        error_set(error, "%s did not start the guest program in time", qemu);
    else if (WIFEXITED(p->status) && WEXITSTATUS(p->status) == 127)
        error_set(error, "%s is not installed; install qemu-user", qemu);
    else if (WIFEXITED(p->status))
        error_set(error,
                  "%s takes no plugin, or not this one (status %d): statically linked qemu-user "
                  "has none; put one in PATH whose --help has -plugin",
                  qemu, WEXITSTATUS(p->status));
    else
        error_set(error, "%s died of signal %d while it started", qemu, WTERMSIG(p->status));
}

// Starts it once.
static enum process_state start(struct process *p)
{
    atomic_store(&p->shared->turn, TURN_GUEST);
    atomic_store(&p->shared->end, QEMU_END_NONE);
    atomic_store(&p->shared->record_count, 0);
    atomic_store(&p->shared->site_count, 0);
    p->starts++;
    p->pid = fork();
    if (p->pid == 0)
        exec_qemu(p);
    if (p->pid < 0)
        return PROCESS_ENDED;
    enum process_state state = wait_for_guest(p, START_MS);
    if (state != PROCESS_WAITS)
        process_end(p);
    return state;
}

bool process_start(struct process *p, struct error *error)
{
    enum process_state state = PROCESS_WAITS;
    for (int i = 0; p->pid <= 0 && i < STARTS; i++) {
        state = start(p);
        if (p->pid < 0)
            return error_set(error, "cannot start qemu: %s", strerror(errno));
        bool killed = state == PROCESS_ENDED && WIFSIGNALED(p->status);
        if (!killed && state != PROCESS_STOPPED)
            break;
    }
    if (state != PROCESS_WAITS)
        tell_failure(p, state, error);
    return state == PROCESS_WAITS;
}

static enum process_state run_on(struct process *p, unsigned cpu_ms)
{
    struct qemu_shared *s = p->shared;
    atomic_store(&s->end, QEMU_END_NONE);
    atomic_store(&s->record_count, 0);
    atomic_store(&s->batch.done, 0);
    s->loads_unseen = s->stores_unseen = 0;
    atomic_store(&s->turn, TURN_GUEST);
    syscall(SYS_futex, &s->turn, FUTEX_WAKE, 1, NULL, NULL, 0);
    return wait_for_guest(p, cpu_ms);
}

enum process_state process_run(struct process *p, unsigned cpu_ms)
{
    p->shared->batch.count = 0;
    return run_on(p, cpu_ms);
}

enum process_state process_run_batch(struct process *p, uint32_t count, unsigned cpu_ms)
{
    p->shared->batch.count = count;
    return run_on(p, cpu_ms);
}
