// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// storecopy's functions that take more than a copy does, as copies.

#include "rows.h"

#include "storecopy.h"

// Enough for what storescope sweeps unless told otherwise: moves up to 8192 bytes.
enum { KEEP_BYTES = 4096 };

void *engine_ordered_move(void *dst, const void *src, size_t n)
{
    uint8_t keep[KEEP_BYTES];
    return storecopy_ordered_move(dst, src, n, keep, sizeof keep);
}
