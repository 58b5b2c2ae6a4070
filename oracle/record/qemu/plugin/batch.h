// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Cases that are run one after the other without a stop of the guest: see
// struct qemu_batch.

#ifndef STORESCOPE_QEMU_BATCH_PLUGIN_H
#define STORESCOPE_QEMU_BATCH_PLUGIN_H

#include <stdbool.h>

// The recorder has given a batch, or a case alone: the first is in shared->now, and
// plugin.records is where to write down what it does.
void batch_begin(void);

// Notes what became of the case of a batch that has ended, if one has, and takes the
// next one as batch_begin does. False: there is none, it is the recorder's turn.
bool batch_next(void);

// Lays out the case of a batch that is to run, if one is; the lanes are as large as it
// wants them.
void batch_lay(void);

#endif
