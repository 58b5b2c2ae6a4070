// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Where memory of this process lies physically, as the kernel's pagemap tells those who
// may know it (Documentation/admin-guide/mm/pagemap.rst).

#ifndef STORESCOPE_PHYSICAL_H
#define STORESCOPE_PHYSICAL_H

#include <stdint.h>

enum physical_state {
    PHYSICAL_KNOWN,
    PHYSICAL_HIDDEN, // only with CAP_SYS_ADMIN
    PHYSICAL_ABSENT, // a page is not in memory, or not of any
};

struct physical {
    uint64_t state;   // enum physical_state; the rest of KNOWN alone
    uint64_t address; // of the first byte
    uint64_t pages;   // that hold the bytes, of the host's size
    uint64_t runs;    // of pages that follow one another: 1 is contiguous
};

// Of the LENGTH > 0 bytes at AT.
void physical_find(const void *at, uint64_t length, struct physical *out);

#endif
