// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What instructions of AArch64 do, as far as addresses, branches and the way of the data depend
// on it (Arm ARM, DDI 0487, C6.2 and C7.2). One row an encoding in semantics.c. What has no row
// is not modelled: a path that reaches it is not proved.

#ifndef STORESCOPE_PROVE_AARCH64_SEMANTICS_H
#define STORESCOPE_PROVE_AARCH64_SEMANTICS_H

#include "prove/machine.h"

enum { LINK = 30, SP = 31, ZERO = 31 };

// NULL: not modelled.
semantics *a64_semantics_of(uint32_t word);

static inline unsigned field(uint32_t word, unsigned hi, unsigned lo)
{
    return (unsigned)(word >> lo & ((UINT64_C(1) << (hi - lo + 1)) - 1));
}

static inline int64_t signed_field(uint32_t word, unsigned hi, unsigned lo)
{
    unsigned above = 63 - (hi - lo);
    return (int64_t)((uint64_t)field(word, hi, lo) << above) >> above;
}

// Rd or Rt, Rn, Rm, Ra or Rt2: by where they stand.
static inline unsigned rd(const struct execution *x)
{
    return field(x->step->word, 4, 0);
}
static inline unsigned rn(const struct execution *x)
{
    return field(x->step->word, 9, 5);
}
static inline unsigned rm(const struct execution *x)
{
    return field(x->step->word, 20, 16);
}
static inline unsigned ra(const struct execution *x)
{
    return field(x->step->word, 14, 10);
}
// Of the operands, by bit 31.
static inline unsigned operand_bits(const struct execution *x)
{
    return field(x->step->word, 31, 31) ? 64 : 32;
}

// ---- operands (operands.c) ----

// Register 31 is zero, or the stack pointer.
struct value a64_value(struct execution *x, unsigned reg, unsigned bits);
const struct form *a64_number(struct execution *x, unsigned reg, unsigned bits);
const struct form *a64_number_or_sp(struct execution *x, unsigned reg, unsigned bits);
void a64_set(struct execution *x, unsigned reg, unsigned bits, struct value v);
void a64_set_number(struct execution *x, unsigned reg, unsigned bits, const struct form *f);
void a64_set_or_sp(struct execution *x, unsigned reg, unsigned bits, const struct form *f);
// The register extended as OPTION says (uxtb to sxtx), and shifted left.
const struct form *a64_extended(struct execution *x, unsigned reg, unsigned option, unsigned shift);
enum a64_shift { A64_LSL, A64_LSR, A64_ASR, A64_ROR };
const struct form *a64_shifted(struct execution *x, const struct form *f, enum a64_shift how,
                               unsigned by, unsigned bits);
bool a64_condition(struct execution *x, unsigned condition);

// integer.c, flow.c, memory.c
semantics a64_address, a64_add_immediate, a64_logic_immediate, a64_move_wide, a64_bit_field,
    a64_logic, a64_add, a64_add_extended, a64_select, a64_compare_if, a64_shift, a64_multiply_add;
semantics a64_jump, a64_call, a64_branch, a64_branch_if_zero, a64_branch_on_bit, a64_jump_register,
    a64_call_register, a64_return, a64_crash, a64_nothing, a64_barrier;
semantics a64_literal, a64_pair, a64_unscaled, a64_indexed, a64_register_offset,
    a64_unsigned_offset, a64_ordered, a64_structures, a64_move_vector, a64_move_to_vector,
    a64_move_from_vector, a64_opaque_vector;

#endif
