// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Correct routines that leave a recorder few registers, and address memory and use the
// stack in every way; and read-modify-writes of the destination.

#include "backends/planted/planted_asm_aarch64.h"

.macro SAVE_CALLEES
    stp x29, x30, [sp, #-96]!
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
.endm

.macro RESTORE_CALLEES
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    ldp x29, x30, [sp], #96
.endm

// Twenty-three words in flight, two pointers, the count, the result and the return: 28.
ROUTINE regs_twenty_eight
    stp x19, x20, [sp, #-64]!
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    HEAD
1:  cmp x2, #184
    b.lo 2f
    .irp n, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26
    ldr x\n, [x1, #8 * (\n - 4)]
    .endr
    .irp n, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26
    str x\n, [x3, #8 * (\n - 4)]
    .endr
    ADVANCE 184
    b 1b
2:  PLAIN_WORDS
    TAIL
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x19, x20, [sp], #64
    ret
END regs_twenty_eight

// Words that go through the stack, moved before and after.
ROUTINE regs_stack
    BY_WORDS "ldr x4, [x1]; str x4, [sp, #-16]!; mov x4, #0; stp x4, x5, [sp, #-32]!; ldp x6, x7, [sp], #32; ldr x4, [sp], #16; str x4, [x3]"
    ret
END regs_stack

// A frame of 64 KiB, touched a page at a time.
ROUTINE regs_large_frame
    HEAD
    mov x9, sp
    mov w10, #16
1:  sub sp, sp, #4096
    str xzr, [sp]
    subs w10, w10, #1
    b.ne 1b
    mov x11, #40000
    EACH 8, "ldr x4, [x1]; str x4, [sp, x11]; ldr x4, [sp, x11]; str x4, [x3]"
    mov sp, x9
    TAIL
    ret
END regs_large_frame

// Addresses in every form.
ROUTINE regs_addresses
    SAVE_CALLEES
    mov x5, #1
    mov w6, #-8
    mov x7, #-0x100
    ROUNDS 64, "ldr x4, [x1]; str x4, [x3]; ldr x4, [x1, x5, lsl #3]; add x8, x3, #7; str x4, [x8, x5]; add x8, x1, #24; ldr x4, [x8, w6, sxtw]; add x8, x3, #24; str x4, [x8, w6, sxtw]; add x8, x1, #32; ldur x4, [x8, #-8]; add x8, x3, #0x118; str x4, [x8, x7]; add x8, x1, #24; ldr x4, [x8, w5, uxtw #3]; add x8, x3, #24; str x4, [x8, w5, uxtw #3]; add x8, x1, #40; ldr x4, [x8], #8; add x9, x3, #40; str x4, [x9], #8; ldr x4, [x8, #0]!; str x4, [x9, #0]!; sub x8, x1, #32768; sub x9, x3, #0x8000; add x8, x8, #64; add x9, x9, #64; ldr x4, [x8, #32760]; str x4, [x9, #32760]"
    RESTORE_CALLEES
    ret
END regs_addresses

ROUTINE regs_bswap
    BY_WORDS "ldr x4, [x1]; rev x4, x4; ror x4, x4, #56; ror x4, x4, #8; rev x4, x4; str x4, [x3]"
    ret
END regs_bswap

// The thread's own data are read.
ROUTINE regs_thread_pointer
    mrs x5, tpidr_el0
    BY_WORDS "ldr x4, [x1]; ldr x6, [x5]; eor x4, x4, x6; ldr x6, [x5]; eor x4, x4, x6; str x4, [x3]"
    ret
END regs_thread_pointer

ROUTINE regs_control_words
    mrs x5, fpcr
    mrs x6, fpsr
    BY_WORDS "ldr x4, [x1]; str x4, [x3]"
    msr fpcr, x5
    msr fpsr, x6
    ret
END regs_control_words

// Read-modify-writes: every one reads the destination too.
ROUTINE regs_swap
    BY_WORDS "ldr x4, [x1]; swpal x4, x5, [x3]"
    ret
END regs_swap

ROUTINE regs_exclusive
    BY_WORDS "ldr x4, [x1]; 5: ldxr x5, [x3]; stxr w6, x4, [x3]; cbnz w6, 5b"
    ret
END regs_exclusive

// The load alone, given up.
ROUTINE regs_exclusive_given_up
    BY_WORDS "ldr x4, [x1]; ldaxr x5, [x3]; clrex; str x4, [x3]"
    ret
END regs_exclusive_given_up

ROUTINE regs_compare
    BY_WORDS "ldr x4, [x1]; ldr x5, [x3]; casal x5, x4, [x3]"
    ret
END regs_compare

// Tries in vain, and stores nothing by it.
ROUTINE regs_compare_in_vain
    BY_WORDS "ldr x4, [x1]; ldr x5, [x3]; mvn x5, x5; cas x5, xzr, [x3]; str x4, [x3]"
    ret
END regs_compare_in_vain

// Sixteen bytes at a time where the destination is a multiple of sixteen.
ROUTINE regs_compare_pair
    HEAD
    tbz w3, #3, 1f
    cmp x2, #8
    b.lo 2f
    ELEMENT 8
1:  EACH 16, "ldp x4, x5, [x1]; ldp x6, x7, [x3]; casp x6, x7, x4, x5, [x3]"
2:  PLAIN_WORDS
    TAIL
    ret
END regs_compare_pair

ROUTINE regs_exclusive_pair
    HEAD
    tbz w3, #3, 1f
    cmp x2, #8
    b.lo 2f
    ELEMENT 8
1:  EACH 16, "ldp x4, x5, [x1]; 5: ldxp x6, x7, [x3]; stxp w8, x4, x5, [x3]; cbnz w8, 5b"
2:  PLAIN_WORDS
    TAIL
    ret
END regs_exclusive_pair
