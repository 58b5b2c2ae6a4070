// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// storecopy's functions that take more than a copy does, as copies, or
// count in elements.

#include "storecopy_rows.h"

#include "storecopy.h"

// On the stack, of which a routine has some MiB: enough for overlapping moves of up
// to 8 MiB. A larger one is refused, as the function refuses it.
enum { KEEP_BYTES_MAX = 4 << 20 };

void *storecopy_row_ordered_move(void *dst, const void *src, size_t n)
{
    size_t bytes = storecopy_ordered_keep(dst, src, n);
    if (bytes > KEEP_BYTES_MAX)
        return NULL;
    uint8_t keep[bytes + 1];
    return storecopy_ordered_move(dst, src, n, keep, bytes);
}

void storecopy_row_to_fifo(void *reg, const void *src, size_t n, size_t width)
{
    (void)!storecopy_to_fifo(reg, src, n / width, (unsigned)width);
}

void storecopy_row_from_fifo(void *dst, const void *reg, size_t n, size_t width)
{
    (void)!storecopy_from_fifo(dst, reg, n / width, (unsigned)width);
}
