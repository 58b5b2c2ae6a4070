// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Between the parts of the A64 decoder: fields of an instruction's word, and what they
// say of the general registers.

#ifndef STORESCOPE_A64_WORD_H
#define STORESCOPE_A64_WORD_H

#include "record/rewrite/aarch64/a64.h"

static inline unsigned field(uint32_t word, unsigned hi, unsigned lo)
{
    return (unsigned)(word >> lo & ((UINT64_C(1) << (hi - lo + 1)) - 1));
}

static inline int64_t signed_field(uint32_t word, unsigned hi, unsigned lo)
{
    unsigned above = 63 - (hi - lo);
    return (int64_t)((uint64_t)field(word, hi, lo) << above) >> above;
}

// Rd or Rt, Rn, Rm or Rs, Ra or Rt2: by where they stand.
static inline unsigned rd(uint32_t word)
{
    return field(word, 4, 0);
}
static inline unsigned rn(uint32_t word)
{
    return field(word, 9, 5);
}
static inline unsigned rm(uint32_t word)
{
    return field(word, 20, 16);
}
static inline unsigned ra(uint32_t word)
{
    return field(word, 14, 10);
}

enum { A64_ZERO = 31, A64_SP = 31 }; // which of them 31 is, the operand says

static inline void reads(struct insn *in, unsigned reg)
{
    in->named |= 1u << reg;
}
static inline void writes(struct insn *in, unsigned reg)
{
    in->named |= 1u << reg;
    in->written |= 1u << reg;
}

// The address of an operand whose register is not a base.
static inline uint8_t not_sp(unsigned reg)
{
    return reg == A64_ZERO ? GPR_NONE : (uint8_t)reg;
}

// One more memory operand with base Rn.
struct mem *a64_add_mem(struct insn *in, uint32_t word, unsigned width, unsigned pieces, bool load,
                        bool store);

// The parts: loads and stores, loads and stores of SVE, its other instructions.
void a64_decode_memory(struct insn *in, uint32_t word);
void a64_decode_sve_memory(struct insn *in, uint32_t word, unsigned vector_bytes);
void a64_decode_sve(struct insn *in, uint32_t word, unsigned vector_bytes);

// May COUNT vector registers from FIRST on be changed? Those that a callee must give back
// are v8 to v15.
void a64_writes_vectors(struct insn *in, unsigned first, unsigned count);

extern const char a64_unknown[];

#endif
