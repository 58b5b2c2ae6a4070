// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Cases that are run before they are asked for, many at a time: to change between this
// process and QEMU's costs several times a short case. Only what ended as nearly all
// cases do is kept (struct qemu_batched); every other case is run again, alone, when it
// is asked for, as if there were no batches.

#ifndef STORESCOPE_QEMU_BATCH_H
#define STORESCOPE_QEMU_BATCH_H

#include "record/qemu/shared.h"
#include "record/recorder.h"

struct expected_case;

struct batch {
    struct expected_case *cases; // QEMU_BATCH_MAX
    size_t count, next;          // those before `next` are not asked for any more
    bool values;                 // bytes of stores are there
    uint64_t of;                 // which start of the process ran them
    size_t bytes;                // of windows
    size_t canaries[2];          // bytes of lanes that the plugin was told, see qemu_batch
    size_t alone;                // cases to run one by one before there is a batch again
};

bool batch_open(struct batch *b);
void batch_close(struct batch *b);

// As recorder_kind.expect.
void qemu_expect(struct recorder *r, struct arena *arena, const struct copy_case *cases,
                 size_t count, bool values);

// The case, if it was run in the last batch and is still to be asked for, and how it
// ended; that case is not to be asked for again.
bool batch_take(struct recorder *r, const struct copy_case *c, bool values, size_t *which,
                struct qemu_batched_end *ended);

// Copies what it left in the guest to where the same case is laid out now.
void batch_lanes_out(const struct recorder *r, size_t which, const struct layout *l);

#endif
