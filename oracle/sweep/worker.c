// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "sweep/worker.h"

#include "backends/call.h"
#include "base/memory.h"
#include "base/older_libc.h"
#include "case/arena.h"
#include "record/confine.h"
#include "sweep/chunk.h"
#include "sweep/explain.h"
#include "sweep/loaded.h"
#include "trace/path.h"
#include "trace/recording.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    // Accesses of a finding's recording: an endless loop has millions.
    WITNESS_ACCESSES_MAX = 1 << 16,
    // Where the socket goes: away from numbers a routine may take for its own.
    WORKER_FD_MIN = 200,
    DYING_MS = 100,
    // Asleep this long without use of the processor, a worker that has something
    // to do waits for good.
    ASLEEP_MS = 2000,
};

static int only_fd(int fd)
{
    int null = open("/dev/null", O_RDWR);
    if (null >= 0)
        for (int i = 0; i <= 2; i++)
            dup2(null, i);
    int mine = fcntl(fd, F_DUPFD_CLOEXEC, WORKER_FD_MIN);
    if (mine < 0 || null < 0)
        _exit(EXIT_FAILURE);
    syscall(SYS_close_range, 3u, (unsigned)mine - 1, 0u);
    syscall(SYS_close_range, (unsigned)mine + 1, ~0u, 0u);
    return mine;
}

int worker_detach(int fd, pid_t parent)
{
    const struct rlimit no_core = {0, 0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    setsid(); // no terminal, and a group of its own, to be ended as one
    setrlimit(RLIMIT_CORE, &no_core);
    confine_reset_signals(); // the parent's handlers are none of a worker's
    return only_fd(fd);
}

static void send_failure(int fd, const char *text)
{
    message_send(fd, MESSAGE_FAILED, text, strlen(text) + 1);
}

static _Noreturn void give_up(int fd, struct error *error)
{
    error->text[TRACE_REASON_MAX - 1] = '\0'; // more is no answer to whom it is sent
    send_failure(fd, error->text);
    _exit(EXIT_FAILURE);
}

// A recorder that runs foreign code ELSEWHERE confines that process instead.
static int become_worker(int fd, struct worker_slot *slot, pid_t parent,
                         const struct recorder_kind *recorder)
{
    struct error error = {""};
    fd = worker_detach(fd, parent);
    if (recorder->attend && !recorder->attend(&error))
        give_up(fd, &error);
    if (!recorder->elsewhere)
        (void)confine(&slot->forbidden); // as far as this kernel can
    return fd;
}

// What explains the finding, as the parent is told it.
static void note_explanation(const struct explanation *e, struct witness_note *note)
{
    size_t count = e->count;
    note->again = e->again;
    note->params = e->params;
    memcpy(note->message, e->message, sizeof note->message);
    // In program order, so what lies beyond the recording's end comes last.
    while (count > 0 && e->accesses[count - 1] >= WITNESS_ACCESSES_MAX)
        count--;
    note->accesses = count;
}

// The recording in the rig, with where its instructions come from.
static bool send_trace(const struct rig *rig, int fd)
{
    const struct job *job = rig->job;
    struct origins *origins = job->recorder->elsewhere
                                  ? NULL
                                  : origins_take(&rig->trace, &rig->routine, job->backend->symbol);
    bool sent = recording_send(fd, &rig->layout, &rig->trace, origins);
    origins_free(origins);
    return sent;
}

static bool send_witness(struct rig *rig, const struct worker_command *command, int fd)
{
    if (!explain_record(rig, &command->c, command->values != 0)) {
        send_failure(fd, rig->trace.reason);
        return true;
    }
    struct trace *t = &rig->trace;
    struct witness_note *note = calloc(1, sizeof *note + WITNESS_ACCESSES_MAX * sizeof(uint32_t));
    if (!note)
        return false;
    struct explanation e = {.accesses = (uint32_t *)(note + 1), .capacity = WITNESS_ACCESSES_MAX};
    explain_check(rig, &rig->job->judge->checks[command->check], &e);
    note_explanation(&e, note);
    note->ends = rig->shadow->wild_store;
    if (t->count > WITNESS_ACCESSES_MAX)
        t->count = WITNESS_ACCESSES_MAX;
    bool sent =
        message_send(fd, MESSAGE_WITNESS, note, sizeof *note + note->accesses * sizeof(uint32_t)) &&
        send_trace(rig, fd);
    free(note);
    explain_end(rig);
    return sent && !rig->shadow->wild_store;
}

static bool send_recording(struct rig *rig, const struct worker_command *command, int fd)
{
    rig->job->recorder->run(rig->recorder, rig->arena, &command->c, command->values != 0,
                            &rig->layout, &rig->trace);
    if (!send_trace(rig, fd))
        send_failure(fd, "the recording takes more than 2 GiB; try a smaller size");
    return false; // one recording a worker: nothing of it can disturb another
}

// Is the routine called so?
static bool is_called(const struct rig *rig, const struct copy_case *c)
{
    const struct call *call = rig->job->backend->call;
    return case_is_valid(c) && (!call || call_takes(call, c->size));
}

// Tells the recorder, if it wants to know, of the cases from size LO on.
static void expect_sizes(struct rig *rig, const struct worker_command *command, uint64_t lo)
{
    struct copy_case cases[RIG_BATCH_CASES], c = command->c;
    size_t count = 0;
    if (!rig->job->recorder->expect)
        return;
    for (c.size = lo; c.size <= command->hi && count < RIG_BATCH_CASES; c.size += command->step) {
        cases[count] = c;
        count += is_called(rig, &c);
    }
    rig->job->recorder->expect(rig->recorder, rig->arena, cases, count, false);
}

// One of many: what the routine left behind is put in order.
static bool send_stores(struct rig *rig, const struct worker_command *command, int fd)
{
    if (command->step && command->id % RIG_BATCH_CASES == 0)
        expect_sizes(rig, command, command->c.size);
    bool explained = explain_record(rig, &command->c, false);
    if (rig->trace.outcome == OUTCOME_BROKEN) {
        send_failure(fd, rig->trace.reason);
        return false;
    }
    bool sent = recording_send(fd, &rig->layout, &rig->trace, NULL);
    explain_end(rig);
    return sent && (!explained || !rig->shadow->wild_store);
}

// The path of a case, 0 where the routine is not called so. False: it did not return, or
// this process cannot be trusted any more.
static bool note_path(struct rig *rig, const struct copy_case *c, uint64_t *path)
{
    *path = 0;
    if (!is_called(rig, c))
        return true;
    if (!explain_record(rig, c, false) || rig->trace.outcome != OUTCOME_RETURNED)
        return false;
    *path = path_of(&rig->trace);
    explain_end(rig);
    return !rig->shadow->wild_store;
}

// Do cases count for the sweep's coverage?
static void count_cases(struct rig *rig, bool counted)
{
    if (rig->job->recorder->uncover)
        rig->job->recorder->uncover(rig->recorder, !counted);
}

static bool send_paths(struct rig *rig, const struct worker_command *command, int fd)
{
    struct copy_case c = command->c;
    uint64_t count = (command->hi - command->lo) / command->step + 1;
    uint64_t *paths = must(calloc(count, sizeof *paths));
    bool whole = true;
    count_cases(rig, false);
    for (uint64_t i = 0; i < count && whole; i++) {
        c.size = command->lo + i * command->step;
        if (i % RIG_BATCH_CASES == 0)
            expect_sizes(rig, command, c.size);
        whole = note_path(rig, &c, &paths[i]);
    }
    count_cases(rig, true);
    if (whole)
        whole = message_send(fd, MESSAGE_PATHS, paths, count * sizeof *paths);
    else
        send_failure(fd, "a case did not return");
    free(paths);
    return whole;
}

static bool send_coverage(struct rig *rig, int fd)
{
    struct coverage c = {0};
    if (rig->job->recorder->cover)
        rig->job->recorder->cover(rig->recorder, &c);
    bool sent = message_send(fd, MESSAGE_COVERAGE, c.insns, c.count * sizeof *c.insns);
    coverage_free(&c);
    return sent;
}

static bool send_result(struct rig *rig, const struct worker_command *command,
                        struct worker_slot *slot, int fd)
{
    chunk_run(rig, command->id, command->lo, command->hi, slot);
    bool sent = message_send(fd, MESSAGE_RESULT, rig->result, rig->result_bytes);
    if (sent && rig->distrusted)
        send_coverage(rig, fd);
    return sent && !rig->distrusted;
}

static bool take_plan(struct job *job, int fd)
{
    struct message f;
    if (!message_receive(fd, sizeof *job->plan, 0, &f))
        return false;
    bool whole = f.kind == MESSAGE_PLAN && f.length == sizeof *job->plan;
    if (whole)
        job->plan = (const struct plan *)(const void *)f.bytes; // to this process's end
    else
        message_free(&f);
    return whole;
}

// Does what a command asks. False when this worker is to end.
static bool obey(struct rig *rig, struct job *job, const struct worker_command *command,
                 struct worker_slot *slot, int fd)
{
    switch ((enum worker_command_kind)command->kind) {
    case COMMAND_SWEEP:
        return send_result(rig, command, slot, fd);
    case COMMAND_WITNESS:
        return send_witness(rig, command, fd);
    case COMMAND_RECORD:
        return send_recording(rig, command, fd);
    case COMMAND_STORES:
        return send_stores(rig, command, fd);
    case COMMAND_COVERAGE:
        return send_coverage(rig, fd);
    case COMMAND_PATHS:
        return send_paths(rig, command, fd);
    case COMMAND_LOADED:
        return loaded_send(fd, &rig->routine);
    case COMMAND_PLAN:
        return take_plan(job, fd);
    }
    return false;
}

static _Noreturn void worker_main(const struct job *job, struct worker_slot *slot, int fd)
{
    struct error error = {""};
    struct job mine = *job;
    struct rig rig;
    struct message f;
    if (!rig_open(&rig, &mine, &error))
        give_up(fd, &error);
    bool more = true;
    while (more && message_receive(fd, sizeof(struct worker_command), 0, &f)) {
        struct worker_command command;
        more = f.kind == MESSAGE_COMMAND && f.length == sizeof command;
        if (more) {
            memcpy(&command, f.bytes, sizeof command);
            more = obey(&rig, &mine, &command, slot, fd);
        }
        message_free(&f);
    }
    _exit(EXIT_SUCCESS); // without the exit handlers that the routine may have set
}

static bool start_failed(struct worker *w, const int *fds, struct error *error)
{
    error_set(error, "cannot start a worker process: %s; %s, or lower --jobs", strerror(errno),
              errno == EMFILE ? "raise `ulimit -n'" : "free some memory or processes");
    for (int i = 0; i < 2; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    if (w->slot)
        munmap(w->slot, PAGE_BYTES);
    *w = (struct worker){.fd = -1};
    return false;
}

bool worker_start(struct worker *w, const struct job *job, struct error *error)
{
    int fds[2] = {-1, -1};
    pid_t parent = getpid();
    *w = (struct worker){.fd = -1};
    void *slot = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (slot == MAP_FAILED)
        return start_failed(w, fds, error);
    w->slot = slot;
    w->waits = job->recorder->elsewhere;
    w->traced = job->recorder->attend != NULL;
    atomic_store(&w->slot->at, WORKER_LOADING);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
        return start_failed(w, fds, error);
    arena_prepare();
    w->pid = fork();
    if (w->pid < 0)
        return start_failed(w, fds, error);
    if (w->pid == 0)
        worker_main(job, w->slot, become_worker(fds[1], w->slot, parent, job->recorder));
    madvise(w->slot, PAGE_BYTES, MADV_DONTFORK); // not for the next worker's routine
    close(fds[1]);
    w->fd = fds[0];
    return true;
}

bool worker_ask(struct worker *w, const struct worker_command *command)
{
    w->asleep_ms = 0; // it slept for want of work
    return message_send(w->fd, MESSAGE_COMMAND, command, sizeof *command);
}

bool worker_is_dead(const struct worker *w)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)w->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
           info.si_pid == w->pid;
}

// A forbidden call made with SIGSYS blocked, as pthread_create makes its, gives
// no name.
static void tell_forbidden(const char *call, char *how, size_t how_size)
{
    if (call)
        snprintf(how, how_size, "made the system call `%s`, which it may not,", call);
    else
        snprintf(how, how_size, "started a thread, or did else what it may not,");
}

static void tell_end(int status, bool killed, char *how, size_t how_size)
{
    if (killed)
        snprintf(how, how_size, "closed its pipe or wrote nonsense to it");
    else if (WIFSIGNALED(status))
        snprintf(how, how_size, "died (signal %d)", WTERMSIG(status));
    else
        snprintf(how, how_size, "exited (status %d)", WEXITSTATUS(status));
}

bool worker_end(struct worker *w, char *how, size_t how_size)
{
    if (w->pid <= 0)
        return false;
    const struct timespec ms = {0, 1000000};
    for (int i = 0; how && i < DYING_MS && !worker_is_dead(w); i++)
        nanosleep(&ms, NULL);
    bool killed = !worker_is_dead(w);
    kill(-w->pid, SIGKILL); // with what the routine may have forked
    kill(w->pid, SIGKILL);
    int status = 0;
    while (waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    const char *call = confined_name(atomic_load(&w->slot->forbidden));
    bool forbidden = call || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
    if (how && forbidden)
        tell_forbidden(call, how, how_size);
    else if (how)
        tell_end(status, killed, how, how_size);
    close(w->fd);
    munmap(w->slot, PAGE_BYTES);
    *w = (struct worker){.fd = -1};
    return forbidden;
}

// State letter and processor time of the process, from /proc/PID/stat (proc(5)).
static bool read_stat(pid_t pid, char *state, uint64_t *ticks)
{
    char path[40], text[512];
    unsigned long long user = 0, system = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t length = fd >= 0 ? read(fd, text, sizeof text - 1) : -1;
    if (fd >= 0)
        close(fd);
    text[length > 0 ? length : 0] = '\0';
    const char *name_end = strrchr(text, ')'); // names may hold anything
    bool ok =
        name_end && sscanf(name_end + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
                           state, &user, &system) == 3;
    *ticks = user + system;
    return ok;
}

static uint64_t ms_of_ticks(uint64_t ticks)
{
    return ticks * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
}

uint64_t worker_used_ms(const struct worker *w)
{
    return ms_of_ticks(w->used_ticks);
}

// Waiting for a disk is state D, and for a processor R.
const char *worker_hangs(struct worker *w, uint64_t now_ms, uint64_t use_ms)
{
    char state;
    uint64_t ticks;
    if (!read_stat(w->pid, &state, &ticks))
        return NULL;
    w->sleeps = state == 'S';
    if (state == 'T' || (state == 't' && !w->traced))
        return "was stopped by a signal";
    if (use_ms && ms_of_ticks(ticks) > use_ms)
        return "takes too long";
    if (state != 'S' || ticks != w->used_ticks || w->waits) {
        w->used_ticks = ticks;
        w->asleep_ms = 0;
    } else if (w->asleep_ms == 0) {
        w->asleep_ms = now_ms;
    } else if (now_ms - w->asleep_ms > ASLEEP_MS) {
        return "waits for what does not come";
    }
    return NULL;
}
