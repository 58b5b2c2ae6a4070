// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A file of recordings that one recorder made, for agree to compare with another's, maybe
// of another CPU's build of the same source: a section for each backend, which holds its
// cases and, as messages (recording.h), what was recorded of them. Whoever reads it takes
// its cases on trust, and its recordings as from a worker.

#ifndef STORESCOPE_AGREE_FILE_H
#define STORESCOPE_AGREE_FILE_H

#include "case/case.h"

#include <sys/types.h>

enum { AGREE_NAME_MAX = 1000 };

struct agree_section {
    char magic[8];
    char recorder[16];
    char name[AGREE_NAME_MAX]; // of the backend
    uint64_t case_bytes;       // of a case, as both builds must have it
    uint64_t op, arg4;         // of the backend
    uint64_t cases, recorded;  // the latter may be fewer: a broken case is the last
    uint64_t next;             // where the next section begins
};

// Begins a section where FD, a file, is: its cases are written, its recordings are to
// follow. agree_section_end, after those, says how many they were. False, with errno, when
// it cannot be written.
bool agree_section_begin(int fd, const struct backend *b, const char *recorder,
                         const struct copy_case *cases, unsigned count);
bool agree_section_end(int fd, off_t begin, unsigned recorded);

// Takes the section that begins at AT, with its cases, owned by the caller; FD then is at
// its recordings. False at the end of the file, or where there is no section.
bool agree_section_read(int fd, off_t at, struct agree_section *out, struct copy_case **cases);

#endif
