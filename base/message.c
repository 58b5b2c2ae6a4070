// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/message.h"

#include "base/clock.h"
#include "base/printable.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAGIC UINT32_C(0x53634f70)

struct message_head {
    uint32_t magic, kind;
    uint64_t length, checksum;
};

// FNV-1a over 8 bytes at a time, folded so that high bits reach the low ones.
static uint64_t checksum_of(uint32_t kind, const uint8_t *bytes, uint64_t length)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325) ^ (length << 8) ^ kind;
    uint64_t word;
    for (uint64_t i = 0; i < length; i += sizeof word) {
        uint64_t left = length - i;
        word = 0;
        memcpy(&word, bytes + i, left < sizeof word ? (size_t)left : sizeof word);
        sum = (sum ^ word) * UINT64_C(0x100000001b3);
        sum ^= sum >> 29;
    }
    return sum;
}

// A socket whose other end is gone must not end this process by SIGPIPE.
static ssize_t write_some(int fd, const void *bytes, size_t length)
{
    ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL);
    return n < 0 && errno == ENOTSOCK ? write(fd, bytes, length) : n;
}

static bool write_all(int fd, const void *bytes, uint64_t length)
{
    const uint8_t *at = bytes;
    while (length > 0) {
        ssize_t n = write_some(fd, at, (size_t)length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        length -= (uint64_t)n;
    }
    return true;
}

// Waits for something to read. False when it is too late; UNTIL_MS 0: never.
static bool wait_until(int fd, uint64_t until_ms)
{
    int n = until_ms ? 0 : 1;
    while (n == 0) {
        uint64_t now = clock_now_ms();
        struct pollfd in = {.fd = fd, .events = POLLIN};
        if (now >= until_ms)
            return false;
        n = poll(&in, 1, (int)(until_ms - now));
        if (n < 0 && errno == EINTR)
            n = 0;
    }
    return n > 0;
}

static bool read_all(int fd, uint64_t until_ms, void *bytes, uint64_t length)
{
    uint8_t *at = bytes;
    while (length > 0) {
        if (!wait_until(fd, until_ms))
            return false;
        ssize_t n = read(fd, at, (size_t)length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        at += n;
        length -= (uint64_t)n;
    }
    return true;
}

bool message_send(int fd, uint32_t kind, const void *bytes, uint64_t length)
{
    struct message_head head = {
        .magic = FRAME_MAGIC,
        .kind = kind,
        .length = length,
        .checksum = checksum_of(kind, bytes, length),
    };
    return length <= MESSAGE_BYTES_MAX && write_all(fd, &head, sizeof head) &&
           write_all(fd, bytes, length);
}

bool message_receive(int fd, uint64_t bytes_max, unsigned wait_ms, struct message *out)
{
    struct message_head head;
    uint64_t until_ms = wait_ms ? clock_now_ms() + wait_ms : 0;
    *out = (struct message){0};
    if (!read_all(fd, until_ms, &head, sizeof head) || head.magic != FRAME_MAGIC ||
        head.length > bytes_max)
        return false;
    out->kind = head.kind;
    out->length = head.length;
    if (head.length > 0) {
        out->bytes = malloc((size_t)head.length);
        if (!out->bytes)
            return false;
    }
    if (read_all(fd, until_ms, out->bytes, head.length) &&
        checksum_of(head.kind, out->bytes, head.length) == head.checksum)
        return true;
    message_free(out);
    return false;
}

void message_free(struct message *f)
{
    free(f->bytes);
    *f = (struct message){0};
}

bool message_bool_is_sound(const bool *b)
{
    uint8_t byte;
    memcpy(&byte, b, sizeof byte);
    return byte <= 1;
}

void message_text_clean(char *text, size_t size)
{
    text[size - 1] = '\0';
    printable(text);
}

void message_text(const struct message *f, char *text, size_t size)
{
    size_t length = f->length < size - 1 ? (size_t)f->length : size - 1;
    if (length > 0)
        memcpy(text, f->bytes, length);
    text[length] = '\0';
    message_text_clean(text, size);
    if (!text[0])
        snprintf(text, size, "the worker gave no reason");
}
