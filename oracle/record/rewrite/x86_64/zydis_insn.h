// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Between the parts of the decoder: what Zydis says of one instruction.

#ifndef STORESCOPE_ZYDIS_INSN_H
#define STORESCOPE_ZYDIS_INSN_H

#include "record/rewrite/decode.h"

#include <Zydis/Zydis.h>

struct decoded {
    ZydisDecodedInstruction in;
    ZydisDecodedOperand ops[ZYDIS_MAX_OPERAND_COUNT];
};

// Fills the mask, the elements and, of gathers and scatters, the vector index of
// the memory operand OP. Widths and directions of M are known already.
void decode_mask(struct mem *m, const struct decoded *d, const ZydisDecodedOperand *op);

#endif
