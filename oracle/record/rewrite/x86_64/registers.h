// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// x86-64's part of what the rewriter's shared files ask a CPU for: cpu.h.

#ifndef STORESCOPE_X86_64_REGISTERS_H
#define STORESCOPE_X86_64_REGISTERS_H

#include <stdint.h>

enum {
    GPR_COUNT = 16,
    GPR_RAX = 0,
    GPR_RCX = 1,
    GPR_RDX = 2,
    GPR_RBX = 3,
    GPR_RSP = 4,
    GPR_RBP = 5,
    GPR_RSI = 6,
    GPR_RDI = 7,
};

enum insn_trait {
    TRAIT_SETS_FLAGS = 1,     // the direction flag, or by popf any flag
    TRAIT_DIRTIES_UPPERS = 2, // of ymm0 to ymm15
    TRAIT_CLEARS_UPPERS = 4,
    TRAIT_X87 = 8,    // or MMX
    TRAIT_MXCSR = 16, // sets the SSE control register
};

#define CPU_NAME "x86-64"
// The rewritten copy, as a function like the routine itself; entered with what the
// argument registers are to hold.
typedef uint64_t rewrite_function(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t);
#define CPU_ENTER(function, w) (function)((w)[0], (w)[1], (w)[2], (w)[3], (w)[4], (w)[5])

#define CPU_NAME   "x86-64"
#define CPU_CANNOT "far branches, transactions, xsave, "

enum {
    CPU_JUMP_BYTES = 5,
    CPU_PENDING_MOST = 32 << 10, // bytes of records that one move of the log pointer covers
    CPU_ADDRESS_BITS = 64,       // of an address; a tag may be in those above
    CPU_CALL_BYTES = 8,          // that a call puts on the stack
    CPU_TRAP_BYTES = 1,          // from a breakpoint to where its trap comes (SDM vol. 3A, 6.15)
    CPU_ACCESSES_MOST = 64,      // of one descriptor
};

// What the routine left in the control state, written where a trait asks for it, and the
// thread's state that its copy relies on.
struct cpu_left {
    uint64_t direction; // a flags word: bit 10 as the code set it
    uint64_t flags;
    uint32_t mxcsr, host_mxcsr;
    uint32_t x87[7]; // fnstenv, SDM vol. 1, 8.1.10
};

#endif
