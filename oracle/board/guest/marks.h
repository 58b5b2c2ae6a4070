// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the guest, its plugin and the program that reads the plugin's lines agree on.

#ifndef STORESCOPE_BOARD_MARKS_H
#define STORESCOPE_BOARD_MARKS_H

// Offsets of instructions from the guest's start: a call begins; it has returned; there are
// no more; and where every exception leads.
enum { MARK_CALL = 0x200, MARK_RETURN = 0x208, MARK_DONE = 0x300, MARK_FAULTS = 0x800 };
enum { GUEST_BYTES = 0x1000 };

// The plugin's lines in QEMU's log:
//   storescope: call
//   storescope: store pc 0x400580 phys 0x9000000 width 1    (or load)
//   storescope: fault pc 0x400584
//   storescope: return
//   storescope: done
#define GUEST_LINE "storescope: "

#endif
