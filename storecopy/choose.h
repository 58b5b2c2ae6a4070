// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What this CPU has, as far as the library asks.

#ifndef STORECOPY_CHOOSE_H
#define STORECOPY_CHOOSE_H

#include "storecopy.h"

#include <stddef.h>
#include <stdint.h>

enum storecopy_flush {
    STORECOPY_NO_FLUSH,
    STORECOPY_CLFLUSH,
    STORECOPY_CLFLUSHOPT,
    STORECOPY_CLWB
};

// The best of each that the CPU has and the operating system lets it use.
enum storecopy_path storecopy_find_path(void);
enum storecopy_flush storecopy_find_flush(void);

#if defined(__x86_64__)
// From what size on, below what size and for which sources storecopy_shared_avx512 and
// _wide take `rep movsq`: those with no bit of MISALIGNED in their address, when the
// destination is a multiple of 32 (64, wide). It may be read at any time.
struct storecopy_strings {
    size_t from, to;
    uintptr_t misaligned;
};
extern struct storecopy_strings storecopy_strings __attribute__((visibility("hidden")));
#endif
void storecopy_choose_strings(enum storecopy_path path); // sets it for this CPU

#endif
