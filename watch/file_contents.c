// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "watch/file_contents.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

// Larger files are not compared: a device's stand-in is small.
#define CONTENTS_MAX (UINT64_C(256) << 20)

enum byte_state { BYTE_UNTOUCHED, BYTE_STORED, BYTE_UNKNOWN };

struct contents {
    int fd;
    uint8_t *bytes, *states; // enum byte_state
    uint64_t length;
};

struct contents *contents_new(const char *path)
{
    struct contents *c = calloc(1, sizeof *c);
    if (c != NULL)
        c->fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    return c;
}

void contents_free(struct contents *c)
{
    if (c == NULL)
        return;
    if (c->fd >= 0)
        close(c->fd);
    free(c->bytes);
    free(c->states);
    free(c);
}

static uint64_t read_at(int fd, uint8_t *out, uint64_t length, uint64_t offset)
{
    uint64_t done = 0;
    while (done < length) {
        ssize_t got = pread(fd, out + done, length - done, (off_t)(offset + done));
        if (got <= 0)
            break;
        done += (uint64_t)got;
    }
    return done;
}

void contents_begin(struct contents *c)
{
    struct stat status;
    if (c == NULL || c->fd < 0 || fstat(c->fd, &status) != 0 ||
        (uint64_t)status.st_size > CONTENTS_MAX)
        return;
    uint64_t length = (uint64_t)status.st_size;
    c->bytes = malloc(length + 1);
    c->states = calloc(length + 1, 1);
    if (c->bytes != NULL && c->states != NULL)
        c->length = read_at(c->fd, c->bytes, length, 0);
}

void contents_store(struct contents *c, uint64_t offset, const uint8_t *value, uint64_t bytes)
{
    for (uint64_t i = 0; c != NULL && i < bytes && offset + i < c->length; i++) {
        if (value != NULL)
            c->bytes[offset + i] = value[i];
        c->states[offset + i] = value ? BYTE_STORED : BYTE_UNKNOWN;
    }
}

bool contents_compare(struct contents *c, struct contents_difference *out)
{
    enum { CHUNK = 65536 };
    uint8_t now[CHUNK];
    *out = (struct contents_difference){.all_stored = true};
    for (uint64_t at = 0; c != NULL && at < c->length; at += CHUNK) {
        uint64_t length = c->length - at < CHUNK ? c->length - at : CHUNK;
        length = read_at(c->fd, now, length, at);
        if (memcmp(now, c->bytes + at, length) == 0)
            continue;
        for (uint64_t i = 0; i < length; i++) {
            if (now[i] == c->bytes[at + i] || c->states[at + i] == BYTE_UNKNOWN)
                continue;
            if (out->bytes++ == 0)
                out->lo = at + i;
            out->hi = at + i + 1;
            out->all_stored &= c->states[at + i] == BYTE_STORED;
        }
    }
    return out->bytes > 0;
}
