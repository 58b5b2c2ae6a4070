// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Another member of the archive seed: what copy_x86_64.S calls, and what is refused.

    .text
    .globl other_copy
    .type other_copy, @function
other_copy:
    mov variable@GOTTPOFF(%rip), %rax
    jmp far_copy@PLT
    .size other_copy, . - other_copy

    .globl chosen_copy
    .type chosen_copy, @gnu_indirect_function
chosen_copy:
    mov elsewhere@GOTPCREL(%rip), %rax
    ret

    .globl elsewhere
    .type elsewhere, @function
elsewhere:
    ret
    .size elsewhere, . - elsewhere

// The archive's loader has a variable of this name of its own; a shared object
// finds this one.
    .data
    .p2align 3
    .globl __x86_shared_non_temporal_threshold
    .hidden __x86_shared_non_temporal_threshold
    .type __x86_shared_non_temporal_threshold, @object
    .size __x86_shared_non_temporal_threshold, 8
__x86_shared_non_temporal_threshold:
    .quad 0xc0000

    .section .tbss, "awT", @nobits
    .globl variable
variable:
    .zero 4

    .section .note.GNU-stack, "", @progbits
