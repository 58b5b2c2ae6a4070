// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which bytes of its operand an instruction touches: masks of AVX and AVX-512, gathers and
// scatters. For facts.c, which knows everything else of an instruction.

#ifndef STORESCOPE_FACTS_MASK_H
#define STORESCOPE_FACTS_MASK_H

#include "record/step/facts.h"

#include <capstone/capstone.h>

// The part of an encoding that Capstone 4.0.2 does not tell.
struct prefixes {
    bool operand16, operand64; // the latter has the last word
    uint8_t rep;               // 0xf2, 0xf3 or 0
    const uint8_t *evex;       // its first byte, or NULL
    const uint8_t *vex;
};

// Is NAME one of the words of LIST, which are separated by blanks?
bool facts_is_one_of(const char *name, const char *list);
bool facts_starts_with(const char *text, const char *start);

// Number and bytes of a vector register; 0 bytes for any other.
unsigned facts_vector_register(x86_reg reg, uint8_t *number);

// Fills the operand's mask, and its indices where it is a gather or a scatter.
void facts_find_mask(struct step_operand *m, const char *name, const cs_x86 *x86,
                     const cs_x86_op *op, const struct prefixes *p);
void facts_find_indices(struct step_operand *m, const char *name, const cs_x86 *x86,
                        const struct step_insn *in, const struct prefixes *p);

#endif
