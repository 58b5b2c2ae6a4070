// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which of the routine's code was executed.

#ifndef STORESCOPE_QEMU_PLUGIN_COVER_H
#define STORESCOPE_QEMU_PLUGIN_COVER_H

#include "base/qemu_plugin.h"

#include <stdint.h>

// A block is translated, maybe of the routine.
void cover_block(struct qemu_plugin_tb *tb);

// The routine is called, and has ended: by itself (0), or at the instruction at
// STOPPED_AT, which faulted.
void cover_begin(void);
void cover_end(uint64_t stopped_at);

#endif
