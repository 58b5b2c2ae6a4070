// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Another member of the archive seed: what copy_aarch64.S calls, and what is refused.

    .text
    .globl other_copy
    .type other_copy, %function
other_copy:
    adrp x0, :tlsdesc:variable
    ldr x1, [x0, #:tlsdesc_lo12:variable]
    add x0, x0, :tlsdesc_lo12:variable
    .tlsdesccall variable
    blr x1
    adrp x3, :gottprel:variable
    ldr x3, [x3, :gottprel_lo12:variable]
    b far_copy
    .size other_copy, . - other_copy

    .globl chosen_copy
    .type chosen_copy, %gnu_indirect_function
chosen_copy:
    adrp x0, :got:elsewhere
    ldr x0, [x0, :got_lo12:elsewhere]
    ret

    .globl elsewhere
    .type elsewhere, %function
elsewhere:
    ret
    .size elsewhere, . - elsewhere

    .section .tbss, "awT", %nobits
    .globl variable
variable:
    .zero 4

    .section .note.GNU-stack, "", %progbits
