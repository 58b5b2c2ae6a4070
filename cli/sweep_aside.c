// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/sweep_aside.h"

#include "base/memory.h"
#include "base/message.h"
#include "sweep/result_message.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    LOOK_MS = 100, // whether the user wants to stop
    AHEAD = 24,    // routines for each process, beyond the one that is waited for, which may take
                   // half a minute: a processor must not wait for it
};

struct order {
    size_t place; // in the job's numbers
    unsigned jobs;
};

// What is sent before the results.
struct row_head {
    size_t place;
    bool excused, failed;
    struct error error;
};

struct helper {
    pid_t pid; // 0: it is gone
    int fd;
    bool busy;
    size_t place; // of the routine that it sweeps
};

enum state { OPEN, GIVEN, DONE, LOST };

struct aside {
    const struct aside_job *job;
    volatile int *stop; // shared with the processes
    struct helper *helpers;
    struct pollfd *polls;
    size_t helper_count;
    size_t next;             // place that is given out next
    enum state *states;      // one a place
    struct aside_row **rows; // likewise, of those that are done
};

// ---- in the process ----

static void tell_progress(const struct sweep_progress *progress, void *context)
{
    message_send(*(const int *)context, MESSAGE_PROGRESS, progress, sizeof *progress);
}

static void sweep(const struct aside *a, int fd, const struct order *order)
{
    const struct aside_job *job = a->job;
    struct aside_row row = {.results = must(calloc(job->result_count, sizeof *row.results))};
    job->options->run.jobs = order->jobs;
    job->sweep(job->context, job->numbers[order->place], &row);
    struct row_head head = {
        .place = order->place, .excused = row.excused, .failed = row.failed, .error = row.error};
    if (!message_send(fd, MESSAGE_ROW, &head, sizeof head) ||
        !results_send(fd, row.results, row.failed ? 0 : job->result_count))
        _exit(EXIT_FAILURE);
    for (size_t i = 0; i < job->result_count; i++)
        result_free(&row.results[i]);
    free(row.results);
}

// Signals of the terminal are its parent's, which says when to stop.
static _Noreturn void helper_main(const struct aside *a, int fd, pid_t parent)
{
    static const int of_parent[] = {SIGINT, SIGTERM, SIGHUP};
    struct sweep_options *run = &a->job->options->run;
    struct message f;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(EXIT_FAILURE);
    setpgid(0, 0);
    for (size_t i = 0; i < sizeof of_parent / sizeof *of_parent; i++)
        signal(of_parent[i], SIG_IGN);
    for (size_t i = 0; i < a->helper_count; i++)
        close(a->helpers[i].fd);
    run->stop = a->stop;
    run->progress = run->progress ? tell_progress : NULL;
    run->context = &fd;
    while (message_receive(fd, sizeof(struct order), 0, &f)) {
        struct order order;
        memcpy(&order, f.bytes, sizeof order);
        message_free(&f);
        sweep(a, fd, &order);
    }
    _exit(EXIT_SUCCESS);
}

// ---- in the parent ----

static bool start_helper(struct aside *a)
{
    int fds[2];
    pid_t parent = getpid();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
        return false;
    pid_t pid = fork();
    if (pid == 0) {
        close(fds[0]);
        helper_main(a, fds[1], parent);
    }
    close(fds[1]);
    if (pid < 0) {
        close(fds[0]);
        return false;
    }
    a->helpers[a->helper_count++] = (struct helper){.pid = pid, .fd = fds[0]};
    return true;
}

struct aside *aside_start(const struct aside_job *job)
{
    size_t count =
        job->options->run.jobs < job->number_count ? job->options->run.jobs : job->number_count;
    if (count < 2)
        return NULL;
    struct aside *a = must(calloc(1, sizeof *a));
    a->job = job;
    void *stop =
        mmap(NULL, sizeof *a->stop, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    a->stop = stop == MAP_FAILED ? NULL : stop;
    a->helpers = must(calloc(count, sizeof *a->helpers));
    a->polls = must(calloc(count, sizeof *a->polls));
    a->states = must(calloc(job->number_count, sizeof *a->states));
    a->rows = must(calloc(job->number_count, sizeof *a->rows));
    while (a->stop && a->helper_count < count && start_helper(a))
        continue;
    if (a->helper_count > 1)
        return a;
    aside_end(a);
    return NULL;
}

static void end_helper(struct aside *a, struct helper *h)
{
    if (h->pid <= 0)
        return;
    close(h->fd);
    kill(h->pid, SIGKILL);
    while (waitpid(h->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    if (h->busy)
        a->states[h->place] = LOST;
    *h = (struct helper){.fd = -1};
}

static void row_free(struct aside *a, struct aside_row *row)
{
    for (size_t i = 0; row && i < a->job->result_count; i++)
        result_free(&row->results[i]);
    if (row)
        free(row->results);
    free(row);
}

void aside_end(struct aside *a)
{
    if (!a)
        return;
    for (size_t i = 0; i < a->helper_count; i++)
        end_helper(a, &a->helpers[i]);
    for (size_t i = 0; i < a->job->number_count; i++)
        row_free(a, a->rows[i]);
    if (a->stop)
        munmap((void *)(uintptr_t)a->stop, sizeof *a->stop);
    free(a->helpers);
    free(a->polls);
    free(a->states);
    free(a->rows);
    free(a);
}

// As many workers as leave one to each routine, and all to the last ones.
static unsigned jobs_of(const struct aside *a)
{
    size_t left = a->job->number_count - a->next;
    size_t at_once = left < a->helper_count ? left : a->helper_count;
    return a->job->options->run.jobs / (unsigned)at_once;
}

static void give(struct aside *a, struct helper *h)
{
    struct order order = {.place = a->next, .jobs = jobs_of(a)};
    h->busy = true;
    h->place = a->next;
    a->states[a->next++] = GIVEN;
    if (!message_send(h->fd, MESSAGE_COMMAND, &order, sizeof order))
        end_helper(a, h);
}

static void give_out(struct aside *a, size_t wanted)
{
    size_t end = wanted + 1 + AHEAD * a->helper_count;
    if (end > a->job->number_count)
        end = a->job->number_count;
    for (size_t i = 0; i < a->helper_count && a->next < end; i++)
        if (a->helpers[i].pid > 0 && !a->helpers[i].busy)
            give(a, &a->helpers[i]);
}

static bool take_row(struct aside *a, struct helper *h, const struct message *f)
{
    struct row_head head;
    if (f->length != sizeof head)
        return false;
    memcpy(&head, f->bytes, sizeof head);
    struct aside_row *row = must(malloc(sizeof *row));
    *row = (struct aside_row){.excused = head.excused, .failed = head.failed, .error = head.error};
    row->results = must(calloc(a->job->result_count, sizeof *row->results));
    if (head.place != h->place ||
        !results_receive(h->fd, row->results, head.failed ? 0 : a->job->result_count)) {
        row_free(a, row);
        return false;
    }
    a->rows[h->place] = row;
    a->states[h->place] = DONE;
    h->busy = false;
    return true;
}

static void show_progress(const struct aside *a, const struct message *f)
{
    const struct sweep_options *run = &a->job->options->run;
    struct sweep_progress progress;
    if (f->length != sizeof progress)
        return;
    memcpy(&progress, f->bytes, sizeof progress);
    run->progress(&progress, run->context);
}

static void hear(struct aside *a, struct helper *h, size_t wanted)
{
    struct message f;
    bool well = message_receive(h->fd, MESSAGE_BYTES_MAX, 0, &f);
    if (well && f.kind == MESSAGE_PROGRESS && h->place == wanted)
        show_progress(a, &f);
    else if (well && f.kind == MESSAGE_ROW)
        well = take_row(a, h, &f);
    message_free(&f);
    if (!well)
        end_helper(a, h);
}

static void hear_all(struct aside *a, size_t wanted)
{
    for (size_t i = 0; i < a->helper_count; i++)
        a->polls[i] =
            (struct pollfd){.fd = a->helpers[i].busy ? a->helpers[i].fd : -1, .events = POLLIN};
    if (poll(a->polls, a->helper_count, LOOK_MS) <= 0)
        return;
    for (size_t i = 0; i < a->helper_count; i++)
        if (a->polls[i].revents && a->helpers[i].busy)
            hear(a, &a->helpers[i], wanted);
}

static bool any_helper(const struct aside *a)
{
    for (size_t i = 0; i < a->helper_count; i++)
        if (a->helpers[i].pid > 0)
            return true;
    return false;
}

static size_t place_of(const struct aside_job *job, size_t number)
{
    size_t place = 0;
    while (job->numbers[place] != number)
        place++;
    return place;
}

bool aside_take(struct aside *a, size_t number, struct aside_row *row)
{
    const volatile int *stop = a->job->options->run.stop;
    size_t wanted = place_of(a->job, number);
    while (a->states[wanted] == OPEN || a->states[wanted] == GIVEN) {
        if (*stop)
            *a->stop = *stop;
        else
            give_out(a, wanted);
        if (a->states[wanted] == OPEN && (*stop || !any_helper(a)))
            return false;
        hear_all(a, wanted);
    }
    if (a->states[wanted] == LOST)
        return false;
    *row = *a->rows[wanted];
    free(a->rows[wanted]);
    a->rows[wanted] = NULL;
    return true;
}
