// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// State that belongs to the caller, given back and not given back.

#include "backends/planted/planted_asm_x86_64.h"

ROUTINE clobbered_rbx
    WORDS_FROM_HEAD
1:  mov rbx, [rsi]
    mov [rdi], rbx
    add rsi, 8
    add rdi, 8
    dec rcx
    jnz 1b
    REST
END clobbered_rbx

ROUTINE clobbered_rbx_ok
    mov [rsp - 8], rbx
    WORDS_FROM_HEAD
1:  mov rbx, [rsi]
    mov [rdi], rbx
    add rsi, 8
    add rdi, 8
    dec rcx
    jnz 1b
    mov rbx, [rsp - 8]
    REST
END clobbered_rbx_ok

// Given back, but for the upper half.
ROUTINE clobbered_rbx_half
    mov [rsp - 8], ebx
    WORDS_FROM_HEAD
1:  mov rbx, [rsi]
    mov [rdi], rbx
    add rsi, 8
    add rdi, 8
    dec rcx
    jnz 1b
    mov ebx, [rsp - 8]
    REST
END clobbered_rbx_half

// Given back as 16 bits, with their sign.
ROUTINE clobbered_r12_word
    mov [rsp - 8], r12w
    WORDS_FROM_HEAD
1:  mov r12, [rsi]
    mov [rdi], r12
    add rsi, 8
    add rdi, 8
    dec rcx
    jnz 1b
    movsx r12, word ptr [rsp - 8]
    REST
END clobbered_r12_word

// Returns, but leaves the stack eight bytes too high.
ROUTINE clobbered_rsp
    mov rax, rdi
    mov rcx, rdx
    rep movsb
    ret 8
END clobbered_rsp

// From the last byte down.
.macro BACKWARD
    mov rax, rdi
    mov rcx, rdx
    lea rdi, [rdi + rdx - 1]
    lea rsi, [rsi + rdx - 1]
    std
    rep movsb
.endm

ROUTINE clobbered_direction
    BACKWARD
    ret
END clobbered_direction

ROUTINE clobbered_direction_ok
    BACKWARD
    cld
    ret
END clobbered_direction_ok

.macro FORWARD
    mov rax, rdi
    mov rcx, rdx
    rep movsb
.endm

// Rounds towards zero from now on.
ROUTINE clobbered_mxcsr
    FORWARD
    stmxcsr [rsp - 8]
    or dword ptr [rsp - 8], 0x6000
    ldmxcsr [rsp - 8]
    ret
END clobbered_mxcsr

ROUTINE clobbered_mxcsr_ok
    stmxcsr [rsp - 8]
    mov ecx, [rsp - 8]
    or ecx, 0x6000
    mov [rsp - 4], ecx
    ldmxcsr [rsp - 4]
    FORWARD
    ldmxcsr [rsp - 8]
    ret
END clobbered_mxcsr_ok

// The same for x87.
ROUTINE clobbered_x87
    FORWARD
    fnstcw [rsp - 8]
    or word ptr [rsp - 8], 0x0c00
    fldcw [rsp - 8]
    ret
END clobbered_x87

ROUTINE clobbered_x87_ok
    fnstcw [rsp - 8]
    movzx ecx, word ptr [rsp - 8]
    or ecx, 0x0c00
    mov [rsp - 4], cx
    fldcw [rsp - 4]
    FORWARD
    fldcw [rsp - 8]
    ret
END clobbered_x87_ok

// Eight bytes at a time through MMX, and no emms.
.macro BY_MMX
    mov rax, rdi
    lea rcx, [rdi + rdx]
1:  lea r8, [rdi + 8]
    cmp r8, rcx
    ja 2f
    movq mm0, [rsi]
    movq [rdi], mm0
    add rsi, 8
    mov rdi, r8
    jmp 1b
2:  sub rcx, rdi
    rep movsb
.endm

ROUTINE clobbered_mmx
    BY_MMX
    movq mm0, rax
    ret
END clobbered_mmx

ROUTINE clobbered_mmx_ok
    BY_MMX
    emms
    ret
END clobbered_mmx_ok
