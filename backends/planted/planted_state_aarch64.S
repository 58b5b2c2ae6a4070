// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// State that belongs to the caller (AAPCS64, 6.1), given back and not given back.

#include "backends/planted/planted_asm_aarch64.h"

.macro THROUGH register
    BY_WORDS "ldr \register, [x1]; str \register, [x3]"
.endm

ROUTINE clobbered_x19
    THROUGH x19
    ret
END clobbered_x19

ROUTINE clobbered_x19_ok
    str x19, [sp, #-16]!
    THROUGH x19
    ldr x19, [sp], #16
    ret
END clobbered_x19_ok

// Given back, but for the upper half.
ROUTINE clobbered_x19_half
    str w19, [sp, #-16]!
    THROUGH x19
    ldr w19, [sp], #16
    ret
END clobbered_x19_half

// Given back as 16 bits, with their sign.
ROUTINE clobbered_x28_word
    strh w28, [sp, #-16]!
    THROUGH x28
    ldrsh x28, [sp], #16
    ret
END clobbered_x28_word

// The frame's pointer, set and left so.
ROUTINE clobbered_x29
    stp x29, x30, [sp, #-16]!
    mov x29, sp
    BY_WORDS "ldr x4, [x1]; str x4, [x3]"
    ldr x30, [sp, #8]
    add sp, sp, #16
    ret
END clobbered_x29

ROUTINE clobbered_x29_ok
    stp x29, x30, [sp, #-16]!
    mov x29, sp
    BY_WORDS "ldr x4, [x1]; str x4, [x3]"
    ldp x29, x30, [sp], #16
    ret
END clobbered_x29_ok

// Registers that nobody expects back.
ROUTINE clobbered_others_ok
    BY_WORDS "ldr x18, [x1]; mov x9, x18; mov x17, x9; mov x16, #0; str x17, [x3]"
    ret
END clobbered_others_ok

// Leaves the stack sixteen bytes too low.
ROUTINE clobbered_sp
    BY_WORDS "ldr x4, [x1]; str x4, [x3]"
    sub sp, sp, #16
    ret
END clobbered_sp

// A callee gives back the low halves of v8 to v15.
.macro BY_VECTOR number
    BY_WORDS "ldr x4, [x1]; fmov d\number, x4; fmov x5, d\number; str x5, [x3]"
.endm

ROUTINE clobbered_d8
    BY_VECTOR 8
    ret
END clobbered_d8

ROUTINE clobbered_d8_ok
    str d8, [sp, #-16]!
    BY_VECTOR 8
    ldr d8, [sp], #16
    ret
END clobbered_d8_ok

ROUTINE clobbered_d15_half
    str s15, [sp, #-16]!
    BY_VECTOR 15
    ldr s15, [sp], #16
    ret
END clobbered_d15_half

ROUTINE clobbered_upper_half_ok
    BY_WORDS "ldr x4, [x1]; ins v8.d[1], x4; umov x5, v8.d[1]; str x5, [x3]"
    ret
END clobbered_upper_half_ok

// Rounds towards zero from now on.
.macro ROUND
    mrs x8, fpcr
    orr x9, x8, #0xc00000
    msr fpcr, x9
.endm

ROUTINE clobbered_fpcr
    BY_WORDS "ldr x4, [x1]; str x4, [x3]"
    ROUND
    ret
END clobbered_fpcr

ROUTINE clobbered_fpcr_ok
    ROUND
    BY_WORDS "ldr x4, [x1]; str x4, [x3]"
    msr fpcr, x8
    ret
END clobbered_fpcr_ok
