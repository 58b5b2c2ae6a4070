// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/stream.h"

#include "base/clock.h"
#include "base/printable.h"
#include "base/stopping.h"
#include "base/terminal.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum {
    SLICE_MS = 50,
    STUCK_MS = 2000, // a reader that takes nothing for so long, after a signal, is none
};

// Who pages through standard output may press Ctrl-C and read on.
static bool is_patient(const struct stream *s)
{
    int by = stopping_by();
    return by == 0 || (by == SIGINT && !s->owned);
}

// Waits until PIPE_BUF bytes can be written. False when nobody takes any.
static bool wait_for_reader(const struct stream *s)
{
    struct pollfd end = {.fd = s->fd, .events = POLLOUT};
    uint64_t since = clock_now_ms();
    while (poll(&end, 1, SLICE_MS) <= 0) {
        if (is_patient(s))
            since = clock_now_ms();
        else if (clock_now_ms() - since > STUCK_MS)
            return false;
    }
    return true;
}

static bool write_all(struct stream *s, const char *bytes, size_t length)
{
    while (length > 0 && s->problem == 0) {
        size_t part = s->regular || length < PIPE_BUF ? length : PIPE_BUF;
        ssize_t wrote = -1;
        if (!s->regular && !wait_for_reader(s))
            s->problem = ETIMEDOUT;
        else if ((wrote = write(s->fd, bytes, part)) < 0 && errno != EINTR && errno != EAGAIN)
            s->problem = errno;
        if (wrote > 0) {
            bytes += wrote;
            length -= (size_t)wrote;
        }
    }
    return s->problem == 0;
}

// The bytes at AT that may pass as they are, or become `?' (*PASS); 0: more are needed
// to tell.
static size_t next_bytes(const struct stream *s, const char *at, size_t left, bool *pass)
{
    size_t bytes = 1;
    *pass = *at == '\n' || *at == '\t';
    if (*pass)
        return 1;
    if (*at == '\r') { // only as CSV ends its lines
        *pass = left > 1 && at[1] == '\n';
        return left > 1;
    }
    if (s->colors && *at == '\033' && (bytes = terminal_color_bytes(at, left)) != 1) {
        *pass = true;
        return bytes;
    }
    if (printable_is_part(at, left))
        return 0;
    *pass = printable_next(at, left, &bytes);
    return bytes;
}

// Gives how many of the bytes were taken: all but the beginning of something.
static size_t filter(struct stream *s, const char *bytes, size_t length, bool last, bool *wrote)
{
    static const char unreadable[] = "????";
    size_t at = 0, from = 0;
    *wrote = true;
    while (at < length && *wrote) {
        bool pass;
        size_t part = next_bytes(s, bytes + at, length - at, &pass);
        if (part == 0 && !last)
            break;
        if (part == 0 || !pass) {
            part = part == 0 ? 1 : part;
            *wrote = write_all(s, bytes + from, at - from) && write_all(s, unreadable, part);
            from = at + part;
        }
        at += part;
    }
    *wrote = *wrote && (at == from || write_all(s, bytes + from, at - from));
    return at;
}

static ssize_t stream_write(void *cookie, const char *bytes, size_t length)
{
    struct stream *s = cookie;
    bool wrote = true;
    size_t done = 0;
    if (!s->printable)
        return write_all(s, bytes, length) ? (ssize_t)length : 0;
    while (wrote && s->held_bytes > 0 && done < length) {
        s->held[s->held_bytes++] = bytes[done++];
        size_t taken = filter(s, s->held, s->held_bytes, s->held_bytes == sizeof s->held, &wrote);
        s->held_bytes -= taken;
        memmove(s->held, s->held + taken, s->held_bytes);
    }
    if (wrote && done < length) {
        done += filter(s, bytes + done, length - done, false, &wrote);
        s->held_bytes = length - done;
        memcpy(s->held, bytes + done, s->held_bytes);
    }
    errno = s->problem;
    return wrote ? (ssize_t)length : 0;
}

int stream_end(struct stream *s)
{
    bool wrote;
    if (s->held_bytes > 0)
        filter(s, s->held, s->held_bytes, true, &wrote);
    s->held_bytes = 0;
    return s->problem;
}

static int stream_close(void *cookie)
{
    struct stream *s = cookie;
    stream_end(s);
    if (s->owned && close(s->fd) != 0 && s->problem == 0)
        s->problem = errno;
    errno = s->problem;
    return s->problem == 0 ? 0 : EOF;
}

FILE *stream_open(struct stream *s)
{
    const cookie_io_functions_t functions = {.write = stream_write, .close = stream_close};
    FILE *file = fopencookie(s, "w", functions);
    if (file != NULL)
        setvbuf(file, NULL, isatty(s->fd) ? _IOLBF : _IOFBF, BUFSIZ);
    return file;
}
