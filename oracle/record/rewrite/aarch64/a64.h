// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Decodes A64 by tables of masks, as the Arm Architecture Reference Manual (DDI 0487)
// has them in C4.1. Needs no AArch64 CPU.
//
// What an instruction accesses follows the architecture's single-copy atomicity
// (B2.2.1): each register of a pair is an access of its own, a 128-bit register is two,
// each element of a structure is one. What has more than one effect that the rewriter
// does not know is refused.

#ifndef STORESCOPE_A64_H
#define STORESCOPE_A64_H

#include "record/rewrite/decode.h"

// Of the CPU that the instructions are to run on.
struct a64_cpu {
    unsigned vector_bytes; // of an SVE register; 0: none
    unsigned zero_bytes;   // that DC ZVA clears
};

enum a64_trait {
    TRAIT_SAVED_VECTORS = 1, // may change v8 to v15, of which a callee keeps the low halves
    TRAIT_FPCR = 2,          // sets it
};

// How a branch by a signed pointer finds its target.
enum a64_signed { SIGNED_NOT, SIGNED_A, SIGNED_B };
struct a64_branch {
    uint8_t key;      // enum a64_signed
    uint8_t modifier; // register; GPR_NONE: zero
};
struct a64_branch a64_signed_branch(uint32_t word);

// As insn_decode.
void a64_decode(const struct a64_cpu *cpu, uint64_t addr, const uint8_t *code, unsigned length,
                struct insn *out);

#endif
