// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/step/aarch64/companion.h"

#include "base/older_libc.h"
#include "record/step/aarch64/tracer.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STEP_FD = 3 }; // in the tracer, which has no other

static struct step_exchange *exchange;
static pid_t exchange_of;

static void *share(size_t bytes)
{
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE,
                   -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static struct step_exchange *share_all(void)
{
    struct step_exchange *x = share(sizeof *x);
    if (!x)
        return NULL;
    x->accesses = share(STEP_ACCESSES_MAX * sizeof *x->accesses);
    x->values = share(STEP_VALUES_MAX);
    x->sites = share(STEP_INSNS_MAX * sizeof *x->sites);
    return x->accesses && x->values && x->sites ? x : NULL;
}

// ---- in the tracer ----

static void tell_ready(int error)
{
    (void)!write(STEP_FD, &error, sizeof error);
    close(STEP_FD);
}

// Once the worker has let itself be traced.
static _Noreturn void be_tracer(struct step_exchange *x, pid_t worker, int fd)
{
    char go;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != worker || dup2(fd, STEP_FD) < 0)
        _exit(EXIT_FAILURE);
    syscall(SYS_close_range, (unsigned)STEP_FD + 1, ~0u, 0u);
    for (int i = 0; i < STEP_FD; i++)
        close(i);
    if (read(STEP_FD, &go, sizeof go) != sizeof go)
        _exit(EXIT_FAILURE);
    tracer_main(x, worker, tell_ready);
}

// ---- in the worker ----

// 0, or an errno.
static int let_trace(pid_t tracer, int fd)
{
    int error;
    prctl(PR_SET_PTRACER, tracer, 0, 0, 0); // of use where Yama is, and an error elsewhere
    if (send(fd, "", 1, MSG_NOSIGNAL) != 1)
        return errno;
    return read(fd, &error, sizeof error) == sizeof error ? error : ECHILD;
}

static int start(struct step_exchange *x)
{
    int fds[2];
    pid_t worker = getpid();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
        return errno;
    pid_t tracer = fork();
    if (tracer == 0)
        be_tracer(x, worker, fds[1]);
    int error = tracer < 0 ? errno : 0;
    close(fds[1]);
    if (!error)
        error = let_trace(tracer, fds[0]);
    close(fds[0]);
    if (error && tracer > 0)
        waitpid(tracer, NULL, 0);
    return error;
}

static bool try_out(struct step_exchange *x)
{
    x->ask = (struct step_ask){.trial = true};
    step_call();
    return x->answer.outcome == OUTCOME_RETURNED;
}

struct step_exchange *companion_of_this_process(struct error *error)
{
    if (exchange_of == getpid())
        return exchange;
    struct step_exchange *x = share_all();
    int failed = x ? start(x) : errno;
    if (failed) {
        error_set(error, "cannot trace this process: %s", strerror(failed));
        return NULL;
    }
    if (!try_out(x)) {
        error_set(error, "a traced process cannot be stepped, or its memory not be read");
        return NULL;
    }
    exchange = x;
    exchange_of = getpid();
    return x;
}

// ---- whether it can be ----

static int status_of_trial(void)
{
    int status = 0;
    pid_t child = fork();
    if (child < 0)
        return errno;
    if (child == 0) {
        struct step_exchange *x = share_all();
        int error = x ? start(x) : errno;
        _exit(error ? error : try_out(x) ? 0 : ENOTSUP);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : ENOTSUP;
}

const char *companion_missing(void)
{
    static bool tried;
    static char text[TRACE_REASON_MAX];
    static int error;
    if (!tried)
        error = status_of_trial();
    tried = true;
    if (error)
        snprintf(text, sizeof text,
                 "it needs ptrace(2), and cannot trace: %s; leave --recorder out", strerror(error));
    return error ? text : NULL;
}
