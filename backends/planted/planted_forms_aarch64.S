// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Forms of instructions that a hypervisor's syndrome does not tell, and others that no
// emulator asks, for requests of whole words.

#include "backends/planted/planted_asm_aarch64.h"

.macro WORDS body:req
    mov x3, x0
    EACH 8, "\body"
    ret
.endm

// Pairs of words as BODY copies them, and one that is left plainly.
.macro PAIRS body:req
    mov x3, x0
    EACH 16, "\body"
    cbz x2, 1f
    ldr x4, [x1]
    str x4, [x3]
1:  ret
.endm

ROUTINE plain_words
    WORDS "ldr x4, [x1]; str x4, [x3]"
END plain_words

ROUTINE plain_words_ordered
    WORDS "ldar x4, [x1]; stlr x4, [x3]"
END plain_words_ordered

ROUTINE plain_words_by_index
    WORDS "sub x5, x3, x0; ldr x4, [x1]; str x4, [x0, x5]"
END plain_words_by_index

ROUTINE atomic_store
    WORDS "ldr x4, [x1]; 7: ldxr x5, [x3]; stxr w6, x4, [x3]; cbnz w6, 7b"
END atomic_store

ROUTINE atomic_store_swap
    WORDS "ldr x4, [x1]; swp x4, x5, [x3]"
END atomic_store_swap

// What is there is cleared, then the word is added.
ROUTINE atomic_store_add
    WORDS "ldr x4, [x1]; ldr x5, [x3]; sub x4, x4, x5; stadd x4, [x3]"
END atomic_store_add

ROUTINE atomic_load
    WORDS "7: ldxr x4, [x1]; stxr w6, x4, [x1]; cbnz w6, 7b; str x4, [x3]"
END atomic_load

ROUTINE atomic_load_exclusive
    WORDS "ldaxr x4, [x1]; clrex; str x4, [x3]"
END atomic_load_exclusive

ROUTINE atomic_load_add
    WORDS "ldadd xzr, x4, [x1]; str x4, [x3]"
END atomic_load_add

ROUTINE paired_store
    PAIRS "ldr x4, [x1]; ldr x5, [x1, #8]; stp x4, x5, [x3]"
END paired_store

ROUTINE paired_store_exclusive
    PAIRS "ldr x4, [x1]; ldr x5, [x1, #8]; 7: ldxp x6, x7, [x3]; stxp w8, x4, x5, [x3]; cbnz w8, 7b"
END paired_store_exclusive

ROUTINE paired_load
    PAIRS "ldp x4, x5, [x1]; str x4, [x3]; str x5, [x3, #8]"
END paired_load

ROUTINE paired_load_signed
    WORDS "ldpsw x4, x5, [x1]; bfi x4, x5, #32, #32; str x4, [x3]"
END paired_load_signed

ROUTINE writeback_store
    WORDS "ldr x4, [x1]; mov x5, x3; str x4, [x5], #8"
END writeback_store

ROUTINE writeback_store_before
    WORDS "ldr x4, [x1]; sub x5, x3, #8; str x4, [x5, #8]!"
END writeback_store_before

ROUTINE writeback_load
    WORDS "mov x5, x1; ldr x4, [x5], #8; str x4, [x3]"
END writeback_load

ROUTINE writeback_load_before
    WORDS "add x5, x1, #16; ldr x4, [x5, #-16]!; str x4, [x3]"
END writeback_load_before

// Eight loads, then eight stores in a row.
ROUTINE burst_of_lines
    ROUNDS 64, "ldp x4, x5, [x1]; ldp x6, x7, [x1, #16]; ldp x8, x9, [x1, #32]; ldp x10, x11, [x1, #48]; stp x4, x5, [x3]; stp x6, x7, [x3, #16]; stp x8, x9, [x3, #32]; stp x10, x11, [x3, #48]"
    ret
END burst_of_lines

// Whole blocks of 64 bytes are cleared by DC ZVA, then copied over.
ROUTINE overlapping_store_zva
    and x5, x0, #63
    cbnz x5, 2f
    mov x6, x0
    lsr x7, x2, #6
1:  cbz x7, 2f
    dc zva, x6
    add x6, x6, #64
    sub x7, x7, #1
    b 1b
2:  BY_WORDS "ldr x4, [x1]; str x4, [x3]"
    ret
END overlapping_store_zva

// x1 is a value: x5 has eight of its byte.
.macro SPREAD
    and x5, x1, #255
    orr x5, x5, x5, lsl #8
    orr x5, x5, x5, lsl #16
    orr x5, x5, x5, lsl #32
    mov x3, x0
.endm

.macro SET_EACH width, store
7:  cmp x2, #\width
    b.lo 8f
    \store
    add x3, x3, #\width
    sub x2, x2, #\width
    b 7b
8:
.endm

// Elements of x5 up to a multiple of eight.
.macro SET_HEAD
    tbz w3, #0, 1f
    cbz x2, 1f
    strb w5, [x3], #1
    sub x2, x2, #1
1:  tbz w3, #1, 2f
    cmp x2, #2
    b.lo 2f
    strh w5, [x3], #2
    sub x2, x2, #2
2:  tbz w3, #2, 3f
    cmp x2, #4
    b.lo 3f
    str w5, [x3], #4
    sub x2, x2, #4
3:
.endm

.macro SET_TAIL
    tbz w2, #2, 1f
    str w5, [x3], #4
1:  tbz w2, #1, 2f
    strh w5, [x3], #2
2:  tbz w2, #0, 3f
    strb w5, [x3]
3:
.endm

// Zeros by DC ZVA from the first multiple of 64 on, as long as more than LEFT are left.
.macro SET_BY_BLOCKS left
    SPREAD
    SET_HEAD
    cbnz x5, 6f
4:  tst x3, #63
    b.eq 5f
    cmp x2, #8
    b.lo 6f
    str x5, [x3], #8
    sub x2, x2, #8
    b 4b
5:  cmp x2, #\left
    b.lo 6f
    dc zva, x3
    add x3, x3, #64
    subs x2, x2, #64
    b.hi 5b
    csel x2, x2, xzr, hs
6:  SET_EACH 8, "str x5, [x3]"
    SET_TAIL
    ret
.endm

ROUTINE set_zva
    SET_BY_BLOCKS 64
END set_zva

// The block of the last bytes is cleared whole.
ROUTINE set_zva_beyond
    SET_BY_BLOCKS 33
END set_zva_beyond
