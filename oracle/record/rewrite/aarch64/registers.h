// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// AArch64's part of what the rewriter's shared files ask a CPU for: cpu.h.

#ifndef STORESCOPE_AARCH64_REGISTERS_H
#define STORESCOPE_AARCH64_REGISTERS_H

#include "record/rewrite/aarch64/a64.h"

// The rewritten copy, as a function like the routine itself; entered with what the
// argument registers are to hold.
typedef uint64_t rewrite_function(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                                  uint64_t, uint64_t);
#define CPU_ENTER(function, w) \
    (function)((w)[0], (w)[1], (w)[2], (w)[3], (w)[4], (w)[5], (w)[6], (w)[7])

#define CPU_NAME   "AArch64"
#define CPU_CANNOT "memory copy and tag instructions, SVE gathers and scatters, "

enum { GPR_COUNT = 32, GPR_LINK = 30, GPR_SP = 31 };

enum {
    CPU_JUMP_BYTES = 4,
    CPU_PENDING_MOST = 16 << 10, // bytes of records that one move of the log pointer covers
    CPU_ADDRESS_BITS = 56,       // programs of Linux may put a tag into the others
    CPU_CALL_BYTES = 0,
    CPU_TRAP_BYTES = 0,
    CPU_ACCESSES_MOST = 1024, // four registers of 256 bytes
};

// What the routine left in registers that a callee must give back, beside the general
// ones, written where a trait asks for it.
struct cpu_left {
    uint64_t vectors[8]; // d8 to d15
    uint64_t fpcr, host_fpcr;
};

#endif
