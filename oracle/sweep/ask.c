// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "sweep/ask.h"

#include "base/clock.h"
#include "trace/recording.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>

// A look at the worker while it is waited for.
enum { SLICE_MS = 100 };

unsigned ask_stall_ms(const struct sweep_options *options)
{
    return options->stall_ms ? options->stall_ms : 10000 + 10 * options->timeout_ms;
}

// Waits until the worker has something to say. False when it will not: HOW says
// what the routine did.
static bool wait_for_answer(struct worker *w, uint64_t until_ms, const char **how)
{
    for (;;) {
        struct pollfd answer = {.fd = w->fd, .events = POLLIN};
        if (poll(&answer, 1, SLICE_MS) > 0)
            return true;
        struct pollfd again = {.fd = w->fd, .events = POLLIN};
        if (worker_is_dead(w))
            return poll(&again, 1, 0) > 0;
        uint64_t now = clock_now_ms();
        const char *hangs = worker_hangs(w, now, 0);
        if (hangs || now >= until_ms) {
            *how = hangs ? hangs : "stopped the recorder's clock";
            return false;
        }
    }
}

bool ask_message(struct worker *w, enum message_kind kind, uint64_t until_ms, struct message *out,
                 struct error *error)
{
    char how[80];
    *out = (struct message){0};
    const char *hung = "ended its process";
    if (!wait_for_answer(w, until_ms, &hung)) {
        worker_end(w, NULL, 0);
        return error_set(error, "the routine %s", hung);
    }
    uint64_t now = clock_now_ms();
    unsigned left_ms = until_ms > now ? (unsigned)(until_ms - now) : 1;
    bool whole = message_receive(w->fd, MESSAGE_BYTES_MAX, left_ms, out);
    if (whole && out->kind == kind)
        return true;
    worker_end(w, how, sizeof how);
    if (whole && out->kind == MESSAGE_FAILED)
        message_text(out, error->text, sizeof error->text);
    else
        error_set(error, "the worker %s while recording this case", how);
    message_free(out);
    return false;
}

bool ask_recording(const struct message *f, const struct job *job, const struct copy_case *c,
                   struct recording *out)
{
    if (!recording_read(f->bytes, (size_t)f->length, out))
        return false;
    out->guest = guest_elf_share(job_guest(job));
    // A case that was not run was not laid out.
    if (out->layout.size == c->size || out->layout.dst == NULL)
        return true;
    recording_free(out);
    return false;
}
