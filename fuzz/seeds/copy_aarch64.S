// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Seeds of the object, shared-object and archive targets: routines with every
// kind of thing that the loader treats on its own. They are never run.

    .section .text.copy, "ax", %progbits
    .globl copy
    .type copy, %function
copy:
    ldrb w3, [x1], #1
    strb w3, [x0], #1
    ret
    .size copy, . - copy

    .section .text.far, "ax", %progbits
    .globl far_copy
    .type far_copy, %function
far_copy:
    adrp x8, table
    ldrsw x9, [x8, :lo12:table]
    adrp x10, :got:counter
    ldr x10, [x10, :got_lo12:counter]
    adr x11, own_move
    str x9, [x10]
    bl own_move
    cbz x2, 1f
    b other_copy
1:  adrp x10, :got:elsewhere
    ldr x10, [x10, :got_lo12:elsewhere]
    br x10
    .size far_copy, . - far_copy

    .section .text.own, "ax", %progbits
    .type own_move, %function
own_move:
    tbz x2, 3, 1f
    b.eq 1f
1:  bl copy
    ret
    .size own_move, . - own_move

    .section .rodata.table, "a", %progbits
    .p2align 2
table:
    .word own_move - table

    .weak not_here
    .section .data.pointers, "aw", %progbits
    .p2align 3
    .xword not_here, table, copy + 3
    .globl counter
    .comm counter, 8, 8
    .local scratch
    .comm scratch, 32, 16

    .section .note.GNU-stack, "", %progbits
