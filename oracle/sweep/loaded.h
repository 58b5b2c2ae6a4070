// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The memory that a routine was loaded with, as bytes: a worker sends it, so that who reads
// the code never has it mapped as code.

#ifndef STORESCOPE_LOADED_H
#define STORESCOPE_LOADED_H

#include "backends/backend.h"
#include "base/error.h"
#include "base/message.h"

// Readable memory of one protection.
struct loaded_extent {
    uint64_t lo, hi;
    uint64_t writable; // 0 or 1
};

struct loaded {
    uint64_t entry;
    size_t count;
    const struct loaded_extent *extents;
    const uint8_t *bytes; // of the first extent; those of the others follow it
    uint8_t *owned;
};

// In a worker.
bool loaded_send(int fd, const struct routine *routine);

// What a message holds, which is taken over where it is sound; else false.
bool loaded_read(struct message *f, struct loaded *out);
void loaded_free(struct loaded *l);

struct guest_program;

// What of a program that is emulated cannot be written to, as it is in its file. False and one
// line in ERROR where it is not known where the routine lies.
bool loaded_from_guest(const struct guest_program *p, struct loaded *out, struct error *error);

#endif
