// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the rows of backends.def name besides the library's own functions.

#ifndef STORESCOPE_STORECOPY_ROWS_H
#define STORESCOPE_STORECOPY_ROWS_H

#include "paths.h"

storecopy_function storecopy_row_ordered_move;

#endif
