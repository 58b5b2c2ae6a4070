// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Correct routines with control flow of every kind, and values that survive
// their stores only in the flags.

#include "backends/planted/planted_asm_aarch64.h"

// BY_WORDS, where BODY may call: x30 waits in x9.
.macro CALLING body:req
    mov x9, x30
    BY_WORDS "\body"
    ret x9
.endm

ROUTINE flow_loop
    HEAD
    lsr x5, x2, #3
    cbz x5, 2f
1:  ldr x4, [x1], #8
    str x4, [x3], #8
    sub x5, x5, #1
    cbnz x5, 1b
2:  TAIL
    ret
END flow_loop

// Goes round by a bit of a counter that runs down to it.
ROUTINE flow_test_bit
    HEAD
    lsr x5, x2, #3
    cbz x5, 2f
    orr x5, x5, #0x8000000000000000
    sub x5, x5, #1
1:  ldr x4, [x1], #8
    str x4, [x3], #8
    sub x5, x5, #1
    tbnz x5, #63, 1b
2:  TAIL
    ret
END flow_test_bit

// The carry that each add needs lives across a load, a store and a back edge.
ROUTINE flow_adc
    HEAD
    lsr x5, x2, #3
    cbz x5, 2f
    mov x6, #7
    cmp x5, x5
1:  ldr x4, [x1]
    adc x1, x1, x6
    str x4, [x3]
    adc x3, x3, x6
    sub x5, x5, #1
    cbnz x5, 1b
2:  TAIL
    ret
END flow_adc

ROUTINE flow_setcc
    HEAD
    lsr x5, x2, #3
    cbz x5, 2f
1:  cmp x5, #1
    ldr x4, [x1]
    add x1, x1, #8
    str x4, [x3]
    cset x6, ne
    csinc x7, xzr, xzr, ne
    add x3, x3, x6, lsl #3
    add x3, x3, x7, lsl #3
    ccmp x5, #1, #4, ne
    sub x5, x5, #1
    b.ne 1b
2:  TAIL
    ret
END flow_setcc

// All four flags, checked after a load and a store.
ROUTINE flow_all_flags
    HEAD
    lsr x5, x2, #3
    cbz x5, 2f
    mov x7, #0x7fffffffffffffff
1:  adds x6, x7, #1
    ldr x4, [x1]
    str x4, [x3]
    b.vc 7f
    b.pl 7f
    b.cs 7f
    b.eq 7f
    mrs x6, nzcv
    lsr x6, x6, #28
    cmp x6, #9
    b.ne 7f
    ldr x4, [x1], #8
    b.ne 7f
    add x3, x3, #8
    sub x5, x5, #1
    cbnz x5, 1b
2:  TAIL
    ret
7:  udf #7
END flow_all_flags

ROUTINE flow_flags_kept
    HEAD
    sub sp, sp, #16
    lsr x5, x2, #3
    cbz x5, 2f
1:  subs x5, x5, #1
    mrs x6, nzcv
    str x6, [sp, #8]
    ldr x4, [x1], #8
    cmp x4, #0
    str x4, [x3], #8
    ldr x6, [sp, #8]
    msr nzcv, x6
    b.ne 1b
2:  add sp, sp, #16
    TAIL
    ret
END flow_flags_kept

// One word, then itself for the others.
ROUTINE flow_recursion
    stp x29, x30, [sp, #-16]!
    HEAD
    bl 3f
    TAIL
    ldp x29, x30, [sp], #16
    ret
3:  cmp x2, #8
    b.lo 4f
    ELEMENT 8
    str x30, [sp, #-16]!
    bl 3b
    ldr x30, [sp], #16
4:  ret
END flow_recursion

// Goes a thousand frames down, copies there.
ROUTINE flow_recursion_deep
    stp x29, x30, [sp, #-16]!
    mov w9, #1000
    bl 1f
    BY_WORDS "ldr x4, [x1]; str x4, [x3]"
    ldp x29, x30, [sp], #16
    ret
1:  stp x9, x30, [sp, #-16]!
    subs w9, w9, #1
    b.eq 2f
    bl 1b
2:  ldp x9, x30, [sp], #16
    ret
END flow_recursion_deep

load_word:
    ldr x4, [x1]
    ret

store_word:
    str x4, [x3]
    ret

copy_word:
    ldr x4, [x1]
    str x4, [x3]
    ret

copy_word_other:
    ldr x11, [x1]
    str x11, [x3]
    ret

    .section .data.rel.ro, "aw", %progbits
    .balign 8
copy_word_table:
    .quad copy_word, copy_word_other
    .text

ROUTINE flow_calls
    CALLING "bl load_word; bl store_word"
END flow_calls

// A call through a table of addresses, a different entry each time.
ROUTINE flow_call_table
    adrp x8, copy_word_table
    add x8, x8, :lo12:copy_word_table
    CALLING "ubfx x5, x2, #3, #1; ldr x5, [x8, x5, lsl #3]; blr x5"
END flow_call_table

ROUTINE flow_call_register
    adr x8, copy_word_other
    CALLING "blr x8"
END flow_call_register

rest_of_words:
    PLAIN_WORDS
    TAIL
    ret

ROUTINE flow_tail_call
    HEAD
    b rest_of_words
END flow_tail_call

    .section .data.rel.ro, "aw", %progbits
    .balign 8
rest_pointer:
    .quad rest_of_words
    .text

ROUTINE flow_tail_call_memory
    HEAD
    adrp x9, rest_pointer
    ldr x9, [x9, :lo12:rest_pointer]
    br x9
END flow_tail_call_memory

ROUTINE flow_tail_call_register
    HEAD
    adr x9, rest_of_words
    br x9
END flow_tail_call_register

    .section .data.rel.ro, "aw", %progbits
    .balign 8
.Ltail_addresses:
    .quad .Ltail_0, .Ltail_1, .Ltail_2, .Ltail_3, .Ltail_4, .Ltail_5, .Ltail_6, .Ltail_7
    .section .rodata
    .balign 4
.Ltail_offsets:
    .byte (.Ltail_0 - .Ltail_0) / 4, (.Ltail_1 - .Ltail_0) / 4, (.Ltail_2 - .Ltail_0) / 4
    .byte (.Ltail_3 - .Ltail_0) / 4, (.Ltail_4 - .Ltail_0) / 4, (.Ltail_5 - .Ltail_0) / 4
    .byte (.Ltail_6 - .Ltail_0) / 4, (.Ltail_7 - .Ltail_0) / 4
    .text

// A switch on what is left, through a table of addresses.
ROUTINE flow_switch_addresses
    HEAD
    PLAIN_WORDS
    adrp x9, .Ltail_addresses
    add x9, x9, :lo12:.Ltail_addresses
    ldr x9, [x9, x2, lsl #3]
    br x9
.Ltail_0:
    ret
.Ltail_7:
    ELEMENT 4
.Ltail_3:
    ELEMENT 2
.Ltail_1:
    ELEMENT 1
    ret
.Ltail_6:
    ELEMENT 4
.Ltail_2:
    ELEMENT 2
    ret
.Ltail_5:
    ELEMENT 4
    ELEMENT 1
    ret
.Ltail_4:
    ELEMENT 4
    ret
END flow_switch_addresses

// The same through a table of distances, as compilers make it.
ROUTINE flow_switch_offsets
    HEAD
    PLAIN_WORDS
    adrp x9, .Ltail_offsets
    add x9, x9, :lo12:.Ltail_offsets
    ldrb w10, [x9, w2, uxtw]
    adr x9, .Ltail_0
    add x9, x9, w10, sxtb #2
    br x9
END flow_switch_offsets

// A return to an address that no call left.
ROUTINE flow_push_ret
    mov x9, x30
    BY_WORDS "adr x30, 5f; ldr x4, [x1]; str x4, [x3]; ret; udf #1; 5:"
    ret x9
END flow_push_ret

// A constant of its own, by its place and as a literal.
ROUTINE flow_get_pc
    BY_WORDS "ldr x4, [x1]; adr x5, .Lown_constant; ldr x5, [x5]; ldr x6, .Lown_constant; eor x5, x5, x6; eor x4, x4, x5; str x4, [x3]"
    ret
    .balign 8
.Lown_constant:
    .quad 0x0123456789abcdef
END flow_get_pc

return_further_on:
    ldr x4, [x1]
    add x30, x30, #4
    ret

// The callee moves its return address over an instruction that must not run.
ROUTINE flow_return_moved
    CALLING "bl return_further_on; udf #2; str x4, [x3]"
END flow_return_moved

// Its return address is signed where the CPU can, and its entries are marked.
ROUTINE flow_signed
    paciasp
    stp x29, x30, [sp, #-16]!
    BY_WORDS "ldr x4, [x1]; bl 5f; b 6f; 5: bti c; str x4, [x3]; ret; 6:"
    ldp x29, x30, [sp], #16
    autiasp
    ret
END flow_signed

// Operands that are named but never touched.
ROUTINE flow_untouched_operands
    mov x9, #0
    BY_WORDS "prfm pldl1keep, [x9]; prfm pstl1strm, [x3, #64]; prfm pldl2keep, [x1, x9]; prfum pldl1keep, [x9, #-8]; add x10, x9, #8; yield; ldr x4, [x1]; str x4, [x3]"
    ret
END flow_untouched_operands

// Names most registers only in code that is found as it runs, and finds more
// code while they hold other values than the caller's.
ROUTINE flow_late_registers
    stp x29, x30, [sp, #-64]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x27, x28, [sp, #48]
    mov x19, #-1
    mov x20, #0
    mov x21, x19
    mov x22, x20
    mov x27, x19
    mov x28, x20
    bl 3f
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x27, x28, [sp, #48]
    ldp x29, x30, [sp], #64
    ret
3:  BY_WORDS "ldr x4, [x1]; str x4, [x3]"
    mov x5, x19
    mov x6, x20
    mov x7, x21
    mov x8, x22
    mov x9, x27
    mov x10, x28
    mov x11, x9
    mov x12, x10
    mov x13, x11
    mov x14, x12
    ret
END flow_late_registers
