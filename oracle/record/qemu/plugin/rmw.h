// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Read-modify-write instructions of any architecture. QEMU reports one as a single
// access that reads and writes, and does not say whether a compare-and-swap or a
// store-conditional has stored: its helpers do both by a compare-and-swap of this
// CPU. What that comes to can be seen at a fault: when the page is protected, the
// helper's instruction raises one, and is then done here in its place.

#ifndef STORESCOPE_QEMU_RMW_H
#define STORESCOPE_QEMU_RMW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <ucontext.h>

enum rmw_kind {
    RMW_COMPARES = 1, // stores only where memory holds what it expects
    RMW_RESERVES = 2, // ends a load-exclusive pair: it loads nothing itself
};

// Of an instruction's bytes, in memory's order; MACHINE is its ELF number. BIG:
// are its words big-endian? 0 for all others, atomic or not: these store always.
unsigned rmw_kind(unsigned machine, bool big, const uint8_t *bytes, size_t length);

// CONTEXT is that of a fault by a store to AT, which is accessible by now. If the
// instruction there is a locked compare-and-swap, does it, moves on to the next
// one and returns true. STORED: did AT hold what was expected?
bool rmw_do(ucontext_t *context, void *at, bool *stored);

#endif
