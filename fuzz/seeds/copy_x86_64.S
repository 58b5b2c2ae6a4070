// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Seeds of the object, shared-object and archive targets: routines with every
// kind of thing that the loader treats on its own. They are never run.

    .section .text.copy, "ax", @progbits
    .globl copy
    .type copy, @function
copy:
    mov %rdi, %rax
    mov %rdx, %rcx
    rep movsb
    ret
    .size copy, . - copy

    .section .text.far, "ax", @progbits
    .globl far_copy
    .type far_copy, @function
far_copy:
    cmp __x86_shared_non_temporal_threshold(%rip), %rdx
    jae 1f
    lea table(%rip), %r8
    movslq (%r8), %r9
    mov counter@GOTPCREL(%rip), %r10
    incq (%r10)
    call own_move
    jmp other_copy@PLT
1:  call *elsewhere@GOTPCREL(%rip)
    ret
    .size far_copy, . - far_copy

    .section .text.own, "ax", @progbits
    .type own_move, @function
own_move:
    test %rdx, %rdx
    je copy@PLT
    ret
    .size own_move, . - own_move

    .section .rodata.table, "a", @progbits
    .p2align 2
table:
    .long own_move - table

    .hidden __x86_shared_non_temporal_threshold
    .weak not_here
    .section .data.pointers, "aw", @progbits
    .p2align 3
    .quad not_here, table, copy + 3
    .globl counter
    .comm counter, 8, 8
    .local scratch
    .comm scratch, 32, 16

    .section .note.GNU-stack, "", @progbits
