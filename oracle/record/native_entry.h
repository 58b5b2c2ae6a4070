// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Where the kernel enters handlers (native.c): what a routine may have left that C code
// is not made for is put right first. One file a CPU, native_CPU.c.

#ifndef STORESCOPE_NATIVE_ENTRY_H
#define STORESCOPE_NATIVE_ENTRY_H

#include "record/native.h"

#define NATIVE_HIDDEN __attribute__((visibility("hidden")))

// Entered by signals, each goes on to what the one below it points to, for native.c to set.
NATIVE_HIDDEN native_handler native_fault_entry, native_tick_entry, native_other_entry;
extern NATIVE_HIDDEN native_handler *native_on_fault, *native_on_tick, *native_on_other;

#endif
