// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "agree_file.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CASES_MAX = 1 << 20 };

static const char magic[8] = "agree 1";

static bool write_all(int fd, const void *bytes, size_t length)
{
    const char *at = bytes;
    while (length > 0) {
        ssize_t n = write(fd, at, length);
        if (n <= 0)
            return false;
        at += n;
        length -= (size_t)n;
    }
    return true;
}

static bool read_all(int fd, void *bytes, size_t length)
{
    char *at = bytes;
    while (length > 0) {
        ssize_t n = read(fd, at, length);
        if (n <= 0)
            return false;
        at += n;
        length -= (size_t)n;
    }
    return true;
}

bool agree_section_begin(int fd, const struct backend *b, const char *recorder,
                         const struct copy_case *cases, unsigned count)
{
    struct agree_section s = {
        .case_bytes = sizeof *cases,
        .op = (uint64_t)b->op,
        .arg4 = b->arg4,
        .cases = count,
    };
    memcpy(s.magic, magic, sizeof magic);
    snprintf(s.recorder, sizeof s.recorder, "%s", recorder);
    snprintf(s.name, sizeof s.name, "%s", b->name);
    return write_all(fd, &s, sizeof s) && write_all(fd, cases, count * sizeof *cases);
}

bool agree_section_end(int fd, off_t begin, unsigned recorded)
{
    struct agree_section s;
    off_t end = lseek(fd, 0, SEEK_CUR);
    if (end < 0 || pread(fd, &s, sizeof s, begin) != sizeof s)
        return false;
    s.recorded = recorded;
    s.next = (uint64_t)end;
    return pwrite(fd, &s, sizeof s, begin) == sizeof s;
}

static bool section_is_sound(const struct agree_section *s)
{
    return memcmp(s->magic, magic, sizeof magic) == 0 && s->name[AGREE_NAME_MAX - 1] == '\0' &&
           s->recorder[sizeof s->recorder - 1] == '\0' &&
           s->case_bytes == sizeof(struct copy_case) && s->op < OP_COUNT && s->cases <= CASES_MAX &&
           s->recorded <= s->cases;
}

bool agree_section_read(int fd, off_t at, struct agree_section *out, struct copy_case **cases)
{
    if (lseek(fd, at, SEEK_SET) != at || !read_all(fd, out, sizeof *out) || !section_is_sound(out))
        return false;
    *cases = must(calloc((size_t)out->cases + 1, sizeof **cases));
    if (read_all(fd, *cases, (size_t)out->cases * sizeof **cases))
        return true;
    free(*cases);
    return false;
}
