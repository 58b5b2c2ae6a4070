// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Forms of instructions that emulators ask, for requests of whole words.

#include "backends/planted/planted_asm_x86_64.h"

// LOAD takes a word of [rsi] to where STORE takes it from.
.macro WORDS load, store
    mov rax, rdi
8:  cmp rdx, 8
    jb 9f
    \load
    \store
    add rsi, 8
    add rdi, 8
    sub rdx, 8
    jmp 8b
    REST
.endm

ROUTINE plain_words
    WORDS "mov rcx, [rsi]", "mov [rdi], rcx"
END plain_words

ROUTINE atomic_store
    WORDS "mov rcx, [rsi]", "xchg [rdi], rcx"
END atomic_store

ROUTINE atomic_load
    WORDS "xor ecx, ecx; lock xadd [rsi], rcx", "mov [rdi], rcx"
END atomic_load

ROUTINE x87_store
    WORDS "push qword ptr [rsi]; fild qword ptr [rsp]; pop rcx", "fistp qword ptr [rdi]"
END x87_store

ROUTINE x87_load
    WORDS "fild qword ptr [rsi]", "push rcx; fistp qword ptr [rsp]; pop qword ptr [rdi]"
END x87_load

ROUTINE string_load
    WORDS "mov r8, rax; lodsq; mov rcx, rax; mov rax, r8; sub rsi, 8", "mov [rdi], rcx"
END string_load

// Eight loads, then eight stores in a row.
ROUTINE burst_of_lines
    mov rax, rdi
    push rbx
7:  cmp rdx, 64
    jb 8f
    mov r8, [rsi]
    mov r9, [rsi + 8]
    mov r10, [rsi + 16]
    mov r11, [rsi + 24]
    mov rbx, [rsi + 32]
    movq xmm0, [rsi + 40]
    movdqu xmm1, [rsi + 48]
    mov [rdi], r8
    mov [rdi + 8], r9
    mov [rdi + 16], r10
    mov [rdi + 24], r11
    mov [rdi + 32], rbx
    movq [rdi + 40], xmm0
    movdqu [rdi + 48], xmm1
    add rsi, 64
    add rdi, 64
    sub rdx, 64
    jmp 7b
8:  pop rbx
    WORDS_AND_REST
END burst_of_lines
