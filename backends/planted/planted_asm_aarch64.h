// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the planted routines in A64 assembly share: x0 destination, which is returned, x1
// source, x2 bytes. x3 runs over the destination, and x4 holds an element on its way. HEAD
// and TAIL copy whole aligned elements around words that a body copies its own way.

// clang-format off

    .arch armv8.5-a+sve
    .section .note.GNU-stack, "", %progbits
    .text

.macro ROUTINE name
    .balign 16
    .globl planted_\name
    .hidden planted_\name
    .type planted_\name, %function
planted_\name:
.endm

.macro END name
    .size planted_\name, . - planted_\name
.endm

.macro ADVANCE width
    add x1, x1, #\width
    add x3, x3, #\width
    sub x2, x2, #\width
.endm

// One element of WIDTH bytes.
.macro ELEMENT width
    .if \width == 1
    ldrb w4, [x1]
    strb w4, [x3]
    .elseif \width == 2
    ldrh w4, [x1]
    strh w4, [x3]
    .elseif \width == 4
    ldr w4, [x1]
    str w4, [x3]
    .else
    ldr x4, [x1]
    str x4, [x3]
    .endif
    ADVANCE \width
.endm

// Up to the first multiple of eight, as far as whole elements fit. Afterwards x3 is a
// multiple of eight, or x2 is less than four.
.macro HEAD
    mov x3, x0
    tbz w3, #0, 71f
    cbz x2, 71f
    ELEMENT 1
71: tbz w3, #1, 72f
    cmp x2, #2
    b.lo 72f
    ELEMENT 2
72: tbz w3, #2, 73f
    cmp x2, #4
    b.lo 73f
    ELEMENT 4
73:
.endm

// The last x2 modulo eight bytes.
.macro TAIL
    tbz w2, #2, 74f
    ELEMENT 4
74: tbz w2, #1, 75f
    ELEMENT 2
75: tbz w2, #0, 76f
    ELEMENT 1
76:
.endm

// BODY for each WIDTH bytes that are left; it moves nothing on.
.macro EACH width:req, body:req
78: cmp x2, #\width
    b.lo 79f
    \body
    ADVANCE \width
    b 78b
79:
.endm

// Between HEAD and TAIL, words as BODY copies them from x1 to x3.
.macro BY_WORDS body:req
    HEAD
    EACH 8, "\body"
    TAIL
.endm

// The same, WIDTH bytes at a time as long as there are as many, then plain words.
.macro ROUNDS width:req, body:req
    HEAD
    EACH \width, "\body"
    PLAIN_WORDS
    TAIL
.endm

.macro PLAIN_WORDS
    EACH 8, "ldr x4, [x1]; str x4, [x3]"
.endm
