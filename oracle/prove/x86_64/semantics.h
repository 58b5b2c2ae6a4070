// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What instructions of x86-64 do, as far as addresses, branches and the way of the data depend on it
// (Intel SDM, vol. 2). One row a mnemonic in semantics.c. What has no row is not modelled: a
// path that reaches it is not proved.

#ifndef STORESCOPE_PROVE_X86_64_SEMANTICS_H
#define STORESCOPE_PROVE_X86_64_SEMANTICS_H

#include "prove/machine.h"

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI };

// NULL: not modelled.
semantics *semantics_of(const struct step *s);

// Runs the step that x->step is. The machine is then at the next instruction, or x->end
// says what became of it.
void semantics_run(struct execution *x);

// ---- operands (operands.c), for the files of semantics ----

// Of a general register: its number, and 1 for ah, ch, dh, bh. False: it is none.
bool general_register(ZydisRegister reg, unsigned *number, unsigned *offset);
unsigned operand_bytes(const struct step *s, unsigned i);
const struct form *effective_address(struct execution *x, const ZydisDecodedOperand *op);
struct value operand_value(struct execution *x, unsigned i);
const struct form *operand_number(struct execution *x, unsigned i);
void operand_set(struct execution *x, unsigned i, struct value v);
void set_flags(struct execution *x, struct flags f);

semantics integer_move, integer_extend, integer_lea, integer_add, integer_sub, integer_compare,
    integer_and, integer_test, integer_or, integer_xor, integer_inc, integer_dec, integer_neg,
    integer_not, integer_shift, integer_multiply, integer_scan, integer_bit, integer_exchange,
    integer_divide, integer_carry, integer_sign_extend, integer_bzhi, integer_set, integer_cmov;
semantics flow_jump, flow_branch, flow_count, flow_loop, flow_call, flow_return, flow_push,
    flow_pop, flow_leave, flow_crash;
semantics state_nothing, state_zero_upper, state_direction, state_fence, state_flush, state_carry;
semantics string_move, vector_move, vector_align, vector_opaque, mask_move, mask_shift;

#endif
