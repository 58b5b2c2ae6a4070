// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The CPUs whose machines a guest can be booted on. A guest is a page of code that turns the
// MMU on, calls routines one after the other, and nothing else, from wherever it lies. What
// it is told is in the next page: words, then the calls (image.h). The plugin notes when
// its marks are reached (marks.h). One more CPU is a row, and its code.

#ifndef STORESCOPE_BOARD_GUEST_CPU_H
#define STORESCOPE_BOARD_GUEST_CPU_H

#include "board/emulator.h"
#include "board/guest/marks.h"

#include <stddef.h>
#include <stdint.h>

// Entries of the two page tables that are there everywhere: one that has 1 GiB an entry, and
// one that has 2 MiB. An entry is an address, shifted right, and these bits.
struct guest_paging {
    unsigned shift;
    uint64_t table, memory, device;
    bool top; // the table of 1 GiB an entry has one above it, of which it is the first
};

struct guest_cpu {
    uint16_t machine;       // EM_ of the routines
    const char *name;       // as people say it
    const char *target;     // as QEMU's monitor says it
    const char *starts;     // which machine it takes, after "a machine"
    const uint32_t *code;   // GUEST_BYTES
    uint64_t start;         // from where the code lies to what the loader has to be told
    uint64_t root, root_or; // word 0: the topmost table's address shifted right, and bits
    uint64_t words[2];      // words 1 and 2
    struct guest_paging paging;
    size_t words_max;  // arguments of a call, which are in registers
    const char *model; // where the recording does not say which; NULL: the machine's own
    const struct emulator_option *options; // to the emulator; up to a NULL name
};

// NULL: there is none.
const struct guest_cpu *guest_cpu_of(uint16_t machine);
// "AArch64, RISC-V and x86-64".
const char *guest_cpu_names(void);

#endif
