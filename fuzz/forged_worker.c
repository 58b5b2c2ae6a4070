// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/forged_worker.h"
#include "base/memory.h"

#include "sweep/chunk_result.h"
#include "sweep/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static struct {
    const uint8_t *at;
    size_t left;
    const struct job *job;
    int theirs; // the worker's end of the socket; -1: it is dead
    struct worker_slot slot;
} forged = {.theirs = -1};

void forged_script(const uint8_t *bytes, size_t length)
{
    forged.at = bytes;
    forged.left = length;
}

static void die(void)
{
    if (forged.theirs >= 0)
        close(forged.theirs);
    forged.theirs = -1;
}

// A report as the parent expects it but for what the message says: else next to
// none would get past the first look.
static void send_result(const struct worker_command *command, const uint8_t *bytes, size_t length)
{
    size_t result_bytes = chunk_result_size(forged.job);
    struct chunk_result *r = must(calloc(1, result_bytes));
    memcpy(r, bytes, length < result_bytes ? length : result_bytes);
    r->id = command->id;
    r->lo += command->lo;
    r->end += r->lo;
    if (r->judged == 0)
        r->judged = r->end - r->lo - r->skipped - r->broken - r->left_out;
    message_send(forged.theirs, MESSAGE_RESULT, r, result_bytes);
    free(r);
}

// Sends the next message. False when there is none, or no other after it.
static bool send_next(const struct worker_command *command)
{
    if (forged.left < 4) {
        forged.left = 0;
        die();
        return false;
    }
    uint8_t how = forged.at[0], kind = forged.at[1];
    size_t length = forged.at[2] | (size_t)forged.at[3] << 8;
    const uint8_t *bytes = forged.at + 4;
    length = length < forged.left - 4 ? length : forged.left - 4;
    forged.at = bytes + length;
    forged.left -= 4 + length;
    if (how & FORGED_SLOT)
        memcpy(&forged.slot, bytes, length < sizeof forged.slot ? length : sizeof forged.slot);
    if (how & FORGED_RAW)
        (void)!write(forged.theirs, bytes, length);
    else if (how & FORGED_REPORT)
        send_result(command, bytes, length);
    else
        message_send(forged.theirs, kind, bytes, length);
    // What is read until then must end with this message, or the reader waits.
    if ((how & FORGED_LAST) || ((how & FORGED_RAW) && !(how & FORGED_MORE)))
        die();
    return forged.theirs >= 0 && (how & FORGED_MORE);
}

bool worker_start(struct worker *w, const struct job *job, struct error *error)
{
    int fds[2];
    die();
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0)
        return error_set(error, "no socket");
    forged.job = job;
    forged.theirs = fds[1];
    memset(&forged.slot, 0, sizeof forged.slot);
    forged.slot.at = WORKER_LOADING;
    *w = (struct worker){.pid = 1, .fd = fds[0], .slot = &forged.slot};
    return true;
}

bool worker_ask(struct worker *w, const struct worker_command *command)
{
    (void)w;
    forged.slot.at = command->lo;
    // Not every script says what was reached.
    if (command->kind == COMMAND_COVERAGE &&
        (forged.left < 2 || forged.at[1] != MESSAGE_COVERAGE)) {
        die();
        return false;
    }
    // A witness is two messages.
    unsigned messages = command->kind == COMMAND_WITNESS ? 2 : 1;
    for (unsigned i = 0; i < messages && forged.theirs >= 0; i++)
        while (send_next(command))
            continue;
    return forged.theirs >= 0;
}

bool worker_is_dead(const struct worker *w)
{
    (void)w;
    return forged.theirs < 0;
}

// Whoever has not answered when it is asked does not answer later.
uint64_t worker_used_ms(const struct worker *w)
{
    (void)w;
    return 0;
}

const char *worker_hangs(struct worker *w, uint64_t now_ms, uint64_t use_ms)
{
    (void)w;
    (void)now_ms;
    (void)use_ms;
    return "waits for ever";
}

bool worker_end(struct worker *w, char *how, size_t how_size)
{
    if (w->pid <= 0)
        return false;
    if (how)
        snprintf(how, how_size, "died (signal 11)");
    die();
    close(w->fd);
    *w = (struct worker){.fd = -1};
    return false;
}
