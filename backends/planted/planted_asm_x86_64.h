// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the planted routines in assembly share: Intel syntax; rdi destination,
// rsi source, rdx bytes. WORDS_FROM_HEAD and REST copy whole aligned elements
// around a body that copies eight-byte words its own way.

// clang-format off

    .intel_syntax noprefix
    .section .note.GNU-stack, "", @progbits
    .text

.macro ROUTINE name
    .balign 16
    .globl planted_\name
    .hidden planted_\name
    .type planted_\name, @function
planted_\name:
.endm

.macro END name
    .size planted_\name, . - planted_\name
.endm

// One element of WIDTH bytes through rcx; rsi, rdi and rdx move on.
.macro ELEMENT width
    .if \width == 1
    mov cl, [rsi]
    mov [rdi], cl
    .elseif \width == 2
    mov cx, [rsi]
    mov [rdi], cx
    .elseif \width == 4
    mov ecx, [rsi]
    mov [rdi], ecx
    .else
    mov rcx, [rsi]
    mov [rdi], rcx
    .endif
    lea rsi, [rsi + \width]
    lea rdi, [rdi + \width]
    sub rdx, \width
.endm

// Up to the first multiple of eight, as far as whole elements fit. Afterwards
// rdi is a multiple of eight, or rdx is less than four. Uses rcx.
.macro HEAD
    test edi, 1
    jz 71f
    cmp rdx, 1
    jb 71f
    ELEMENT 1
71: test edi, 2
    jz 72f
    cmp rdx, 2
    jb 72f
    ELEMENT 2
72: test edi, 4
    jz 73f
    cmp rdx, 4
    jb 73f
    ELEMENT 4
73:
.endm

// The last rdx modulo eight bytes. Uses rcx.
.macro TAIL
    test edx, 4
    jz 74f
    ELEMENT 4
74: test edx, 2
    jz 75f
    ELEMENT 2
75: test edx, 1
    jz 76f
    ELEMENT 1
76:
.endm

// HEAD, then the number of whole words in rcx; jumps to label 9 when there are none.
.macro WORDS_FROM_HEAD
    mov rax, rdi
    HEAD
    mov rcx, rdx
    shr rcx, 3
    jz 9f
.endm

// The rest, with rax still the destination; label 9 is where no words go.
.macro REST
9:  TAIL
    ret
.endm

// Whole words through rcx as long as there are any, then the rest.
.macro WORDS_AND_REST
8:  cmp rdx, 8
    jb 9f
    ELEMENT 8
    jmp 8b
    REST
.endm
