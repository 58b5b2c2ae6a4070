// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Keeps foreign code inside its worker. No recorder looks while a shared object
// is loaded: its constructors run as they are, and could signal the tool, leave
// children behind or write to files. So a worker may not make system calls that
// reach other processes, start new ones or threads, or change files or the
// terminal; reading, and anything done to itself, stays allowed.

#ifndef STORESCOPE_CONFINE_H
#define STORESCOPE_CONFINE_H

#include <stdbool.h>
#include <stdint.h>

// Forbids these calls to the calling process from now on. One of them raises
// SIGSYS, whose handler writes to *CALL, which other processes may share, what
// confined_name knows the call by, and exits. False where the kernel has no
// filters for system calls: then nothing is forbidden.
bool confine(_Atomic uint32_t *call);

// Name of a forbidden call; NULL for what is none, such as 0.
const char *confined_name(uint32_t call);

// What code that ran at load may have left for later: signals handled, ignored
// or blocked, and timers. After it all are as in a new process.
void confine_reset_signals(void);

#endif
