// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Calls that QEMU makes for the guest.

#ifndef STORESCOPE_QEMU_MEMCPY_HOOKS_H
#define STORESCOPE_QEMU_MEMCPY_HOOKS_H

#include <stddef.h>

typedef void *move_call(void *dst, const void *src, size_t length);
typedef void *fill_call(void *dst, int byte, size_t length);

// From now on QEMU's calls of memmove come to MOVE and those of memset to FILL, unless
// QEMU's memory cannot be told from the guest's.
void calls_take(move_call *move, fill_call *fill);

#endif
