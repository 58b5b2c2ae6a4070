// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A message goes between a worker and its parent: kind, length,
// checksum, bytes. A worker runs foreign code, so what comes from it is taken
// only whole and only with the right checksum. Both ends are one build on one
// host; nothing here is a file format.

#ifndef STORESCOPE_MESSAGE_H
#define STORESCOPE_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum message_kind {
    MESSAGE_COMMAND = 1, // parent to worker: struct worker_command
    MESSAGE_RESULT,      // a chunk's results: struct chunk_result, then its tallies
    MESSAGE_FAILED,      // one line: why the worker cannot do what it was asked
    MESSAGE_WITNESS,     // struct witness_note, then indices of accesses
    MESSAGE_RECORDING,   // see recording.c
    MESSAGE_COVERAGE,    // an array of struct covered_insn
    MESSAGE_PATHS,       // an array of uint64_t, see path.h
    MESSAGE_LOADED,      // see loaded.c
    MESSAGE_PLAN,        // parent to worker: struct plan
    MESSAGE_ROW,         // see cli/sweep_aside.c
    MESSAGE_PROGRESS,    // struct sweep_progress
    MESSAGE_RESULTS,     // see result_message.c
};

#define MESSAGE_BYTES_MAX (UINT64_C(1) << 31)

struct message {
    uint32_t kind;
    uint64_t length;
    uint8_t *bytes; // owned; NULL when length is 0
};

// False when the other end is gone. On a pipe the caller ignores SIGPIPE; a
// socket raises none.
bool message_send(int fd, uint32_t kind, const void *bytes, uint64_t length);

// Blocks for one message of at most BYTES_MAX. False when the other end is gone,
// when the whole message is not there after WAIT_MS (0: no matter), or when what
// came is no message. The sender is not trusted with how long to wait or how much
// to allocate.
bool message_receive(int fd, uint64_t bytes_max, unsigned wait_ms, struct message *out);
void message_free(struct message *f);

// A byte that came in a message as a bool: to read any other value is undefined.
bool message_bool_is_sound(const bool *b);

// Makes text that came in a message fit to be shown: ends it within its SIZE
// bytes, and puts a question mark for each control character.
void message_text_clean(char *text, size_t size);

// The line that a message of MESSAGE_FAILED holds, clean and never empty.
void message_text(const struct message *f, char *text, size_t size);

#endif
