// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What this CPU has, as far as the library asks.

#ifndef STORECOPY_CHOOSE_H
#define STORECOPY_CHOOSE_H

#include "storecopy.h"

enum storecopy_flush {
    STORECOPY_NO_FLUSH,
    STORECOPY_CLFLUSH,
    STORECOPY_CLFLUSHOPT,
    STORECOPY_CLWB
};

// The best of each that the CPU has and the operating system lets it use.
enum storecopy_path storecopy_find_path(void);
enum storecopy_flush storecopy_find_flush(void);

#endif
