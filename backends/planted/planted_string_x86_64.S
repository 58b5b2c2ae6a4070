// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// String instructions, forwards and backwards, repeated and single.

#include "backends/planted/planted_asm_x86_64.h"

ROUTINE string_rep_movsq
    mov rax, rdi
    HEAD
    mov rcx, rdx
    shr rcx, 3
    rep movsq
    TAIL
    ret
END string_rep_movsq

ROUTINE string_rep_movsb
    mov rax, rdi
    mov rcx, rdx
    rep movsb
    ret
END string_rep_movsb

ROUTINE string_rep_movsd
    mov rax, rdi
    mov rcx, rdx
    shr rcx, 2
    rep movsd
    and edx, 3
    mov ecx, edx
    rep movsb
    ret
END string_rep_movsd

ROUTINE string_movsq
    WORDS_FROM_HEAD
1:  movsq
    dec rcx
    jnz 1b
    REST
END string_movsq

ROUTINE string_lods_stos
    WORDS_FROM_HEAD
    mov r8, rax
1:  lodsq
    stosq
    dec rcx
    jnz 1b
    mov rax, r8
    REST
END string_lods_stos

// One byte a round, repeated once: rep stosb with the count in ecx.
ROUTINE string_rep_stosb
    mov r8, rdi
    mov r9, rdx
1:  test r9, r9
    jz 2f
    lodsb
    mov ecx, 1
    rep stosb
    dec r9
    jmp 1b
2:  mov rax, r8
    ret
END string_rep_stosb

// Whole words from the last to the first.
ROUTINE string_backward_movsq
    WORDS_FROM_HEAD
    mov r8, rcx
    lea rsi, [rsi + rcx * 8 - 8]
    lea rdi, [rdi + rcx * 8 - 8]
    std
    rep movsq
    cld
    lea rsi, [rsi + r8 * 8 + 8]
    lea rdi, [rdi + r8 * 8 + 8]
    REST
END string_backward_movsq

// Bytes from the last to the first; EXTRA times one byte more below the first.
.macro BACKWARD_BYTES extra
    mov rax, rdi
    mov rcx, rdx
    lea rsi, [rsi + rdx - 1]
    lea rdi, [rdi + rdx - 1]
    std
    rep movsb
    .rept \extra
    stosb
    .endr
    cld
    ret
.endm

ROUTINE string_backward_movsb
    BACKWARD_BYTES 0
END string_backward_movsb

ROUTINE string_backward_movsb_over
    BACKWARD_BYTES 1
END string_backward_movsb_over

ROUTINE string_backward_movsb_order
    BACKWARD_BYTES 0
END string_backward_movsb_order

// memmove: forwards or backwards, as the overlap wants it.
ROUTINE string_move
    mov rax, rdi
    mov rcx, rdx
    mov r8, rdi
    sub r8, rsi
    cmp r8, rdx
    jb 1f
    rep movsb
    ret
1:  lea rsi, [rsi + rdx - 1]
    lea rdi, [rdi + rdx - 1]
    std
    rep movsb
    cld
    ret
END string_move

// memmove whose backward branch forgets the direction flag for one size.
ROUTINE string_move_forward_at_size_48
    cmp rdx, 48
    jne planted_string_move
    mov rax, rdi
    mov rcx, rdx
    rep movsb
    ret
END string_move_forward_at_size_48

// Looks for an end mark in the source, then copies it: two fetches of each byte.
ROUTINE string_scan_first
    mov r8, rdi
    mov rdi, rsi
    mov rcx, rdx
    test rcx, rcx
    jz 1f
    xor eax, eax
    repe scasb
1:  mov rdi, r8
    mov rax, r8
    HEAD
    WORDS_AND_REST
END string_scan_first
