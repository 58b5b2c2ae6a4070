// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "probe/run.h"

#include "base/host.h"
#include "base/message.h"
#include "probe/child.h"
#include "record/confine.h"
#include "sweep/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    // Wall time beyond its own that the routine may take, since the process is loaded and
    // the memory is filled in it as well.
    WAIT_MORE_MS = 10000,
    FAULT_BYTES_MAX = 1 << 20,
};

static bool open_answer(const struct probe_request *request, struct probe_run *out)
{
    out->answer_bytes =
        host_whole_pages(sizeof *out->answer + request->size + probe_copied(request));
    void *p =
        mmap(NULL, out->answer_bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    out->answer = p == MAP_FAILED ? NULL : p;
    return out->answer != NULL;
}

// Collects the process, which has ended or is to end now.
static void collect(pid_t pid, bool hung, struct probe_run *out)
{
    int status = 0;
    kill(-pid, SIGKILL); // with what the routine may have forked
    kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    const char *call = confined_name(out->answer->forbidden);
    out->hung = hung;
    if (call != NULL)
        snprintf(out->forbidden, sizeof out->forbidden,
                 "it made the system call `%s`, which it may not here", call);
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
        snprintf(out->forbidden, sizeof out->forbidden,
                 "it made a system call that it may not here");
    else if (!hung && out->answer->stage != STAGE_DONE && WIFSIGNALED(status))
        snprintf(out->died, sizeof out->died, "ended its process by signal %d", WTERMSIG(status));
    else if (!hung && out->answer->stage != STAGE_DONE && out->answer->trouble[0] == '\0' &&
             out->answer->skipped[0] == '\0')
        snprintf(out->died, sizeof out->died, "ended its process with status %d",
                 WEXITSTATUS(status));
}

// Has the process ended within the time? It remains to be collected.
static bool ends_within(pid_t pid, unsigned wait_ms)
{
    const struct timespec ms = {0, 1000000};
    siginfo_t info = {0};
    for (unsigned i = 0; i < wait_ms; i++, nanosleep(&ms, NULL))
        if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == pid)
            return true;
    return false;
}

// It sends one message when the routine faulted, and closes its end in any case.
static void hear(pid_t pid, int fd, unsigned timeout_ms, struct probe_run *out)
{
    enum { ENDING_MS = 1000 };
    struct message f;
    if (message_receive(fd, FAULT_BYTES_MAX, timeout_ms + WAIT_MORE_MS, &f)) {
        if (f.kind != MESSAGE_RECORDING || !recording_read(f.bytes, f.length, &out->fault) ||
            out->fault.trace.count != 1)
            recording_free(&out->fault);
        message_free(&f);
    }
    collect(pid, !ends_within(pid, ENDING_MS), out);
}

bool probe_run(const struct backend *backend, const struct probe_request *request,
               struct probe_run *out, struct error *error)
{
    int fds[2];
    pid_t parent = getpid();
    *out = (struct probe_run){.hung = false};
    if (!open_answer(request, out))
        return error_set(error, "no memory to probe %s: %s", backend->name, strerror(errno));
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
        return error_set(error, "cannot start a process: %s", strerror(errno));
    pid_t pid = fork();
    if (pid == 0)
        probe_child(backend, request, out->answer, fds[1], parent);
    close(fds[1]);
    if (pid > 0)
        hear(pid, fds[0], request->run->timeout_ms, out);
    else
        error_set(error, "cannot start a process: %s", strerror(errno));
    close(fds[0]);
    return pid > 0;
}

void probe_run_free(struct probe_run *run)
{
    if (run->answer != NULL)
        munmap(run->answer, run->answer_bytes);
    recording_free(&run->fault);
    *run = (struct probe_run){.hung = false};
}
