// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A defect behind a chain of branches: each looks at one bit of the size, then of
// the destination's and of the source's place in a cache line. None of them
// touches memory.

#include "backends/planted/planted_asm_aarch64.h"

// On with the chain if each of COUNT bits of REG is as in VALUE, else to label 99.
.macro GATES reg, value, count
    .set .Lbit, 0
    .rept \count
    .if (\value >> .Lbit) & 1
    tbz \reg, #.Lbit, 99f
    .else
    tbnz \reg, #.Lbit, 99f
    .endif
    .set .Lbit, .Lbit + 1
    .endr
.endm

.macro CHAIN
    GATES w2, 717, 10
    GATES w0, 37, 6
    GATES w1, 21, 6
.endm

ROUTINE duplicate_store_behind_chain
    CHAIN
    mov x5, x0
    ldrb w4, [x1], #1
    strb w4, [x0]
    strb w4, [x0], #1
    sub x2, x2, #1
    BY_WORDS "ldr x4, [x1]; str x4, [x3]"
    mov x0, x5
    ret
99: b planted_copy_words
END duplicate_store_behind_chain

ROUTINE duplicate_store_behind_chain_ok
    CHAIN
    b planted_copy_words
99: b planted_copy_words
END duplicate_store_behind_chain_ok
