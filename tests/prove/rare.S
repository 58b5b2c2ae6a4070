// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Right copies but for one rare input, by what a prover is likely to have wrong: rare.tsv has
// what becomes of each.

#if defined(__x86_64__)
#include "routine.h"

// Nothing is copied for a caller that lies at some addresses.
    routine by_caller
    mov rax, rdi
    cmp byte ptr [rsp], 5
    je 1f
    mov rcx, rdx
    rep movsb
1:  ret

// Nothing is copied of 14 bytes and more: loopne goes by the zero flag and by rcx.
    routine loopne
    mov rax, rdi
    lea rcx, [rdx-12]
    cmp rdx, 13
    jb 1f
    test rdx, rdx
    loopne 2f
1:  mov rcx, rdx
    rep movsb
2:  ret

    routine loope_ok
    mov rax, rdi
    mov rcx, rdx
    jrcxz 2f
    mov r8, rdi
1:  mov r10b, [rsi]
    mov [r8], r10b
    inc r8
    inc rsi
    xor r11d, r11d
    loope 1b
2:  ret

// A flush faults on a page that is not there.
    routine flush_behind
    mov rax, rdi
    mov rcx, rdx
    rep movsb
    clflush [rdi+64]
    ret

    routine flush_below
    mov rax, rdi
    mov rcx, rdx
    rep movsb
    cmp rdx, 9
    jne 1f
    clflush [rax-1]
1:  ret

    routine flush_source_behind
    mov rax, rdi
    mov rcx, rdx
    rep movsb
    cmp rdx, 9
    jne 1f
    clflush [rsi+7]
1:  ret

    routine flush_lines_ok
    mov rax, rdi
    mov rcx, rdx
    rep movsb
    test rdx, rdx
    jz 1f
    mov rcx, rax
    and rcx, -64
    clflush [rcx]
    clflush [rdi-1]
1:  ret

// 32 bytes in a vector register: each of these at one size, where all others are right.
    .macro at_32
    mov rax, rdi
    cmp rdx, 32
    je 1f
    mov rcx, rdx
    rep movsb
    ret
1:
    .endm

    routine upper_zeroed
    at_32
    vmovdqu ymm0, [rsi]
    vzeroupper
    vmovdqu [rdi], ymm0
    vzeroupper
    ret

    routine upper_cleared
    at_32
    vmovdqu ymm0, [rsi]
    vmovdqu xmm0, [rsi]
    vmovdqu [rdi], ymm0
    vzeroupper
    ret

    routine upper_kept_ok
    at_32
    vmovdqu ymm0, [rsi]
    movups xmm0, [rsi]
    vmovdqu [rdi], ymm0
    vzeroupper
    ret

    routine align_ok
    at_32
    movups xmm0, [rsi]
    movups xmm1, [rsi+16]
    movups [rdi], xmm0
    movups [rdi+16], xmm1
    palignr xmm1, xmm0, 8
    movups [rdi+8], xmm1
    ret

    routine align_wrong
    at_32
    movups xmm0, [rsi]
    movups xmm1, [rsi+16]
    movups [rdi], xmm0
    movups [rdi+16], xmm1
    palignr xmm1, xmm0, 9
    movups [rdi+8], xmm1
    ret

    routine aligned_move
    at_32
    mov ecx, esi
    and ecx, 0xfff
    cmp ecx, 0x7e8
    jne 1f
    movdqa xmm0, [rsi]
1:  mov ecx, 32
    rep movsb
    ret

// The last byte is forgotten where both lie alike in eight, 24 bytes apart.
    routine alike
    mov rax, rdi
    mov rcx, rdx
    mov r8, rdi
    xor r8, rsi
    test r8d, 7
    jnz 1f
    mov r9, rdi
    sub r9, rsi
    cmp r9, 24
    jne 1f
    dec rcx
1:  rep movsb
    ret

// ... which never is.
    routine alike_ok
    mov rax, rdi
    mov rcx, rdx
    mov r8, rdi
    xor r8, rsi
    test r8d, 7
    jnz 1f
    mov r9, rdi
    sub r9, rsi
    and r9d, 7
    jz 1f
    dec rcx
1:  rep movsb
    ret

// Faults where a destination of 32 bytes is not aligned.
    routine aligned_store
    mov rax, rdi
    cmp rdx, 32
    jne 1f
    movdqu xmm0, [rsi]
    movdqu xmm1, [rsi+16]
    movdqa [rdi], xmm0
    movdqa [rdi+16], xmm1
    ret
1:  mov rcx, rdx
    rep movsb
    ret

    routine direction
    at_32
    mov ecx, 32
    rep movsb
    std
    ret

    routine rbp_changed
    at_32
    mov ecx, 32
    rep movsb
    lea ebp, [rbp]
    ret

    routine rsi_not_moved
    at_32
    mov ecx, 2
    rep movsq
    mov ecx, 16
    sub rsi, 16
    rep movsb
    ret

// An aligned move faults under a mask, too: at one size, where the address is no multiple of 64.
    routine aligned_mask
    mov rax, rdi
    mov r11, rsi
    mov rcx, rdx
    rep movsb
    cmp rdx, 16
    jne 1f
    mov r8, -1
    mov ecx, 4
    bzhi r8, r8, rcx
    kmovq k1, r8
    vmovdqa32 zmm0{k1}{z}, [r11]
    vzeroupper
1:  ret
#endif

    .section .note.GNU-stack, "", %progbits
