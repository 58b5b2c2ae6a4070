// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the rows of backends.def name besides the library's own functions.

#ifndef STORESCOPE_STORECOPY_ROWS_H
#define STORESCOPE_STORECOPY_ROWS_H

#include "paths.h"

storecopy_function storecopy_row_ordered_move;

// N bytes, a multiple of WIDTH, which is the fourth argument as backends have it.
void storecopy_row_to_fifo(void *reg, const void *src, size_t n, size_t width);
void storecopy_row_from_fifo(void *dst, const void *reg, size_t n, size_t width);

#endif
