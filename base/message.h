// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A frame is one message between a worker and its parent: kind, length,
// checksum, bytes. A worker runs foreign code, so what comes from it is taken
// only whole and only with the right checksum. Both ends are one build on one
// host; nothing here is a file format.

#ifndef STORESCOPE_MESSAGE_H
#define STORESCOPE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum frame_kind {
    FRAME_COMMAND = 1, // parent to worker: struct worker_command
    FRAME_REPORT,      // a chunk's results: struct report, then its tallies
    FRAME_FAILED,      // one line: why the worker cannot do what it was asked
    FRAME_WITNESS,     // struct witness_note, then indices of accesses
    FRAME_RECORDING,   // see recording.c
    FRAME_COVERAGE,    // an array of struct covered_insn
};

#define FRAME_BYTES_MAX (UINT64_C(1) << 31)

struct frame {
    uint32_t kind;
    uint64_t length;
    uint8_t *bytes; // owned; NULL when length is 0
};

// False when the other end is gone. On a pipe the caller ignores SIGPIPE; a
// socket raises none.
bool frame_send(int fd, uint32_t kind, const void *bytes, uint64_t length);

// Blocks for one frame of at most BYTES_MAX. False when the other end is gone,
// when the whole frame is not there after WAIT_MS (0: no matter), or when what
// came is no frame. The sender is not trusted with how long to wait or how much
// to allocate.
bool frame_receive(int fd, uint64_t bytes_max, unsigned wait_ms, struct frame *out);
void frame_free(struct frame *f);

// A byte that came in a frame as a bool: to read any other value is undefined.
bool frame_bool_is_sound(const bool *b);

// Makes text that came in a frame fit to be shown: ends it within its SIZE
// bytes, and puts a question mark for each control character.
void frame_text_clean(char *text, size_t size);

// The line that a frame of FRAME_FAILED holds, clean and never empty.
void frame_text(const struct frame *f, char *text, size_t size);

#endif
