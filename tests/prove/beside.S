// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Copies for check and compare, which sweep them and prove what they can beside that: beside.sh.

#if defined(__x86_64__)
#include "routine.h"

// From rcx on byte by byte, and back.
    .macro bytes
1:  cmp rcx, rdx
    jae 2f
    mov r8b, [rsi+rcx]
    mov [rdi+rcx], r8b
    inc rcx
    jmp 1b
2:  ret
    .endm

// Byte by byte.
    routine plain_ok
    mov rax, rdi
    xor ecx, ecx
    bytes

// The last byte is forgotten where the destination lies at one place in a page and the
// source at one: no sweep has both, unless it has all of a page twice.
    routine rare
    mov rax, rdi
    xor ecx, ecx
    mov r9, rdi
    and r9d, 4095
    cmp r9d, 2777
    jne 1f
    mov r9, rsi
    and r9d, 4095
    cmp r9d, 1333
    jne 1f
    cmp rdx, 21
    jne 1f
    dec rdx
    bytes

// What follows the first jump is never executed, nor where it goes to.
    routine unreachable_ok
    mov rax, rdi
    xor ecx, ecx
    cmp rcx, 1
    je 3f
    bytes
3:  mov byte ptr [rdi], 0
    mov byte ptr [rdi], 1
    jmp 1b

// The way to the end is for the largest sizes alone, which no sweep has.
    routine large_ok
    mov rax, rdi
    xor ecx, ecx
    mov r9, 0x80000000
    cmp rdx, r9
    ja 3f
    bytes
3:  nop
    jmp 1b

// What the prover does not model.
    routine string_ok
    mov rax, rdi
    mov rcx, rdx
    rep movsb
    ret

    routine string_not_modelled
    mov rcx, rdx
    rdtsc
    mov rax, rdi
    rep movsb
    ret

    routine not_modelled
    mov rax, rdi
    mov rcx, rdx
    pushfq
    popfq
    rdtsc
    mov rax, rdi
    mov rdx, rcx
    xor ecx, ecx
    bytes
#endif
    .section .note.GNU-stack, "", %progbits
