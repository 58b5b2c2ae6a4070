// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// In place of oracle/sweep/worker.c: a worker that a hostile routine has taken over.
// It answers each command with the next messages of a text it is given, over a
// real socket, and dies when there are none left. No process is forked.
//
// A message is one byte of enum forged_how, one byte kind, two bytes length
// (little-endian), and that many bytes.

#ifndef STORESCOPE_FUZZ_FORGED_WORKER_H
#define STORESCOPE_FUZZ_FORGED_WORKER_H

#include <stddef.h>
#include <stdint.h>

enum forged_how {
    FORGED_RAW = 1,    // the bytes as they are, else in a frame with its checksum
    FORGED_REPORT = 2, // as a report: made as long as one is, and with the
                       // numbers of the command put in
    FORGED_LAST = 4,   // the worker dies after it
    FORGED_SLOT = 8,   // the bytes also go into the slot that is shared
    FORGED_MORE = 16,  // the next message follows without another command
};

void forged_script(const uint8_t *bytes, size_t length);

#endif
