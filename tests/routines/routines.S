// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Test routines in assembly: the same ideas as the planted ones, in other
// shapes. rdi destination, rsi source, rdx bytes.

    .intel_syntax noprefix
    .section .note.GNU-stack, "", @progbits

    .bss
    .balign 16
own_stack:
    .skip 8192
own_stack_top:

    .text
.macro ROUTINE name
    .balign 16
    .globl \name
    .type \name, @function
\name:
    endbr64
.endm

.macro END name
    .size \name, . - \name
.endm

// Bytes until the destination is a multiple of eight, or none are left: r8 is
// where it ends, rax the destination.
.macro ALIGN_BY_ELEMENTS
    mov rax, rdi
    lea r8, [rdi + rdx]
    test dil, 1
    je 91f
    cmp rdi, r8
    je 93f
    movsb
91: lea r9, [rdi + 2]
    test dil, 2
    je 92f
    cmp r9, r8
    ja 93f
    movsw
92: lea r9, [rdi + 4]
    test dil, 4
    je 93f
    cmp r9, r8
    ja 93f
    movsd
93: mov rdx, r8
    sub rdx, rdi
.endm

// The rest of up to seven bytes, by string instructions.
.macro FINISH
    test dl, 4
    je 94f
    movsd
94: test dl, 2
    je 95f
    movsw
95: test dl, 1
    je 96f
    movsb
96: ret
.endm

ROUTINE raw_syscall
    mov rcx, rdx
    mov r8, rdi
    rep movsb
    mov eax, 39
    syscall
    mov rax, r8
    ret
END raw_syscall

// Counts up from minus n, with both pointers at their ends.
ROUTINE negative_index
    ALIGN_BY_ELEMENTS
    mov rcx, rdx
    and rcx, -8
    je 2f
    lea rsi, [rsi + rcx]
    lea rdi, [rdi + rcx]
    neg rcx
1:  mov r9, [rsi + rcx]
    mov [rdi + rcx], r9
    add rcx, 8
    jne 1b
2:  FINISH
END negative_index

// Eight words at a time with no register left and the stack pointer in the source.
ROUTINE every_register
    ALIGN_BY_ELEMENTS
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    push rax
1:  cmp rdx, 96
    jb 2f
    sub rdx, 96
    movq xmm4, rsp
    mov rsp, rsi
    pop rax
    pop rbx
    pop rcx
    pop rbp
    pop r8
    pop r9
    pop r10
    pop r11
    pop r12
    pop r13
    pop r14
    pop r15
    mov rsi, rsp
    movq rsp, xmm4
    mov [rdi], rax
    mov [rdi + 8], rbx
    mov [rdi + 16], rcx
    mov [rdi + 24], rbp
    mov [rdi + 32], r8
    mov [rdi + 40], r9
    mov [rdi + 48], r10
    mov [rdi + 56], r11
    mov [rdi + 64], r12
    mov [rdi + 72], r13
    mov [rdi + 80], r14
    mov [rdi + 88], r15
    add rdi, 96
    jmp 1b
2:  mov rcx, rdx
    shr rcx, 3
    rep movsq
    pop rax
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    FINISH
END every_register

// A queue of four words in the red zone between load and store.
ROUTINE red_zone_queue
    ALIGN_BY_ELEMENTS
1:  cmp rdx, 32
    jb 2f
    movups xmm0, [rsi]
    movups xmm1, [rsi + 16]
    movups [rsp - 128], xmm0
    movups [rsp - 24], xmm1
    mov r9, [rsp - 128]
    mov [rdi], r9
    mov r9, [rsp - 120]
    mov [rdi + 8], r9
    push qword ptr [rsp - 16]
    mov r9, [rsp - 16]
    mov [rdi + 16], r9
    pop r9
    mov [rdi + 24], r9
    add rsi, 32
    add rdi, 32
    sub rdx, 32
    jmp 1b
2:  mov rcx, rdx
    shr rcx, 3
    rep movsq
    FINISH
END red_zone_queue

// Each top bit waits in the carry flag while the others go through the red zone.
ROUTINE carried
    ALIGN_BY_ELEMENTS
1:  cmp rdx, 8
    jb 2f
    mov r9, [rsi]
    add rsi, 8
    rcl r9, 1
    mov [rsp - 8], r9
    mov r10, [rsp - 8]
    rcr r10, 1
    mov [rdi], r10
    lea rdi, [rdi + 8]
    sub rdx, 8
    jmp 1b
2:  FINISH
END carried

// Two words a round by push; when EXTRA is 1, one more for 72 bytes at a multiple
// of eight.
.macro PUSHED extra
    mov r10, rdx
    ALIGN_BY_ELEMENTS
    mov r11, rdx
    and r11, -8
    je 4f
    lea rdi, [rdi + r11]
    lea rsi, [rsi + r11]
    mov r9, rsp
    mov rsp, rdi
    mov rcx, r11
    neg rcx
    test cl, 8
    je 1f
    push qword ptr [rsi - 8]
    lea rsi, [rsi - 8]
    add rcx, 8
    je 2f
1:  push qword ptr [rsi - 8]
    push qword ptr [rsi - 16]
    lea rsi, [rsi - 16]
    add rcx, 16
    jne 1b
2:  .if \extra
    cmp r10, 72
    jne 3f
    cmp r11, 72
    jne 3f
    push rax
    .endif
3:  mov rsp, r9
    lea rsi, [rsi + r11]
4:  FINISH
.endm

ROUTINE pushed
    PUSHED 0
END pushed

ROUTINE pushed_too_far_at_72
    PUSHED 1
END pushed_too_far_at_72

// Backwards by doublewords, then by bytes.
ROUTINE backward_words
    mov rax, rdi
    lea rsi, [rsi + rdx - 4]
    lea rdi, [rdi + rdx - 4]
    mov rcx, rdx
    shr rcx, 2
    std
    rep movsd
    add rsi, 3
    add rdi, 3
    mov ecx, edx
    and ecx, 3
    rep movsb
    cld
    ret
END backward_words

// The same, one doubleword too many at the start of a request of 60 bytes.
ROUTINE backward_too_far_at_60
    cmp rdx, 60
    jne backward_words
    mov rax, rdi
    lea rsi, [rsi + 56]
    lea rdi, [rdi + 56]
    mov ecx, 15
    std
    rep movsd
    stosd
    cld
    ret
END backward_too_far_at_60

.macro MASKED_YMM extra
    mov rax, rdi
    mov ecx, 32
1:  cmp rdx, rcx
    jbe 2f
    vmovdqu ymm0, [rsi]
    vmovdqu [rdi], ymm0
    add rsi, rcx
    add rdi, rcx
    sub rdx, rcx
    jmp 1b
2:  mov ecx, edx
    mov r9, 1
    shl r9, cl
    lea r10, [r9 - 1]
    kmovd k5, r10d
    vmovdqu8 ymm16 {k5}{z}, [rsi]
    .rept \extra
    lea r10, [r10 + r10 + 1]
    .endr
    kmovd k6, r10d
    vmovdqu8 [rdi] {k6}, ymm16
    vzeroupper
    ret
.endm

ROUTINE masked_ymm
    MASKED_YMM 0
END masked_ymm

ROUTINE masked_ymm_too_long
    MASKED_YMM 1
END masked_ymm_too_long

// maskmovq: eight bytes, all of them or one too few.
.macro MASKED_MMX mask
    ALIGN_BY_ELEMENTS
    movabs r9, \mask
    movq mm1, r9
1:  cmp rdx, 8
    jb 2f
    movq mm0, [rsi]
    maskmovq mm0, mm1
    add rsi, 8
    add rdi, 8
    sub rdx, 8
    jmp 1b
2:  emms
    FINISH
.endm

ROUTINE masked_mmx
    MASKED_MMX 0xffffffffffffffff
END masked_mmx

ROUTINE masked_mmx_too_short
    MASKED_MMX 0x00ffffffffffffff
END masked_mmx_too_short

ROUTINE faults_at_50
    cmp rdx, 50
    jne exact_by_strings
    mov r9, [rsi]
    mov [rdi], r9
    mov rcx, -4096
    shl rcx, 40
    mov [rcx], r9
    ret
END faults_at_50

ROUTINE exact_by_strings
    ALIGN_BY_ELEMENTS
    mov rcx, rdx
    shr rcx, 3
    rep movsq
    FINISH
END exact_by_strings

// Fills the destination again and again.
ROUTINE never_done_at_40
    cmp rdx, 40
    jne exact_by_strings
1:  mov rcx, 5
2:  mov [rdi + rcx * 8 - 8], rcx
    loop 2b
    jmp 1b
END never_done_at_40

ROUTINE idle_at_40
    cmp rdx, 40
    jne exact_by_strings
1:  pause
    call 2f
    jmp 1b
2:  ret
END idle_at_40

// Goes round five million times, and then does its work.
ROUTINE waits_at_40
    cmp rdx, 40
    jne exact_by_strings
    mov ecx, 5000000
1:  dec ecx
    jnz 1b
    jmp exact_by_strings
END waits_at_40

// loop with a 32-bit count.
ROUTINE short_loop
    ALIGN_BY_ELEMENTS
    mov ecx, edx
    shr ecx, 3
    .byte 0x67, 0xe3, 0x02 // jecxz over the next jump
    jmp 1f
    jmp 2f
1:  mov r9, [rsi]
    mov [rdi], r9
    add rsi, 8
    add rdi, 8
    addr32 loop 1b
2:  FINISH
END short_loop

// Runs on a stack of its own that is no stack to anyone else.
ROUTINE other_stack
    mov r11, rsp
    lea rsp, [rip + own_stack_top]
    call exact_by_strings
    mov rsp, r11
    ret
END other_stack
