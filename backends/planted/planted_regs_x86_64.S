// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Correct routines that leave a recorder no register, no stack pointer and no
// red zone to use; and stores by push, right and eight bytes too far.

#include "backends/planted/planted_asm_x86_64.h"

.macro SAVE_CALLEES
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
.endm

.macro RESTORE_CALLEES
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
.endm

.macro BLOCK_FROM source, registers:vararg
    .set .Lplace, 0
    .irp reg, \registers
    mov \reg, [\source + .Lplace]
    .set .Lplace, .Lplace + 8
    .endr
    .set .Lplace, 0
    .irp reg, \registers
    mov [rdi + .Lplace], \reg
    .set .Lplace, .Lplace + 8
    .endr
.endm

// Twelve words in flight, two pointers and the count: fifteen registers.
ROUTINE regs_fifteen
    SAVE_CALLEES
    push rdi
    HEAD
1:  cmp rdx, 96
    jb 2f
    BLOCK_FROM rsi, rax, rbx, rcx, rbp, r8, r9, r10, r11, r12, r13, r14, r15
    add rsi, 96
    add rdi, 96
    sub rdx, 96
    jmp 1b
2:  cmp rdx, 8
    jb 3f
    ELEMENT 8
    jmp 2b
3:  TAIL
    pop rax
    RESTORE_CALLEES
    ret
END regs_fifteen

// The stack pointer is one more: it points to the source, and waits in a vector register
// meanwhile. Data it had better not hold: with an address in it that is none, some kernels
// end a process as soon as a signal comes.
ROUTINE regs_sixteen
    SAVE_CALLEES
    push rdi
    movq xmm0, rsp
    HEAD
1:  cmp rdx, 104
    jb 2f
    mov rsp, rsi
    BLOCK_FROM rsp, rax, rbx, rcx, rbp, rsi, r8, r9, r10, r11, r12, r13, r14, r15
    lea rsi, [rsp + 104]
    add rdi, 104
    sub rdx, 104
    jmp 1b
2:  cmp rdx, 8
    jb 3f
    ELEMENT 8
    jmp 2b
3:  TAIL
    movq rsp, xmm0
    pop rax
    RESTORE_CALLEES
    ret
END regs_sixteen

// Loads the source by pop, with the stack pointer in it.
ROUTINE regs_pop
    WORDS_FROM_HEAD
    mov r9, rsp
    mov rsp, rsi
1:  pop r8
    mov [rdi], r8
    add rdi, 8
    dec rcx
    jnz 1b
    mov rsi, rsp
    mov rsp, r9
    REST
END regs_pop

// Load and store in one instruction.
ROUTINE regs_pop_memory
    WORDS_FROM_HEAD
    mov r9, rsp
    mov rsp, rsi
1:  pop qword ptr [rdi]
    add rdi, 8
    dec rcx
    jnz 1b
    mov rsi, rsp
    mov rsp, r9
    REST
END regs_pop_memory

// Stores whole words from the last to the first by push, then the rest; EXTRA
// pushes more go below the first.
.macro PUSH_WORDS extra
    WORDS_FROM_HEAD
    mov r9, rsp
    lea rsp, [rdi + rcx * 8]
    mov r10, rcx
1:  mov r8, [rsi + r10 * 8 - 8]
    push r8
    dec r10
    jnz 1b
    .rept \extra
    push r8
    .endr
    mov rsp, r9
    lea rdi, [rdi + rcx * 8]
    lea rsi, [rsi + rcx * 8]
    REST
.endm

ROUTINE regs_push
    PUSH_WORDS 0
END regs_push

ROUTINE regs_push_over
    PUSH_WORDS 1
END regs_push_over

ROUTINE regs_push_memory
    WORDS_FROM_HEAD
    mov r9, rsp
    lea rsp, [rdi + rcx * 8]
    mov r10, rcx
1:  push qword ptr [rsi + r10 * 8 - 8]
    dec r10
    jnz 1b
    mov rsp, r9
    lea rdi, [rdi + rcx * 8]
    lea rsi, [rsi + rcx * 8]
    REST
END regs_push_memory

// Each word goes through both ends of the red zone.
ROUTINE regs_red_zone
    WORDS_FROM_HEAD
    mov [rsp - 16], rax
1:  mov r8, [rsi]
    mov [rsp - 8], r8
    mov [rsp - 128], rcx
    xor ecx, ecx
    mov r9, [rsp - 8]
    mov [rdi], r9
    mov rcx, [rsp - 128]
    add rsi, 8
    add rdi, 8
    dec rcx
    jnz 1b
    mov rax, [rsp - 16]
    REST
END regs_red_zone

// enter and leave, with words parked in the frame.
ROUTINE regs_enter
    mov rax, rdi
    enter 64, 0
    HEAD
1:  cmp rdx, 8
    jb 2f
    mov r8, [rsi]
    mov [rbp - 8], r8
    push qword ptr [rbp - 8]
    pop qword ptr [rdi]
    add rsi, 8
    add rdi, 8
    sub rdx, 8
    jmp 1b
2:  leave
    TAIL
    ret
END regs_enter

// A frame of 64 KiB, touched a page at a time.
ROUTINE regs_large_frame
    mov rax, rdi
    HEAD
    mov r9, rsp
    mov r10d, 16
1:  sub rsp, 4096
    or qword ptr [rsp], 0
    dec r10d
    jnz 1b
2:  cmp rdx, 8
    jb 3f
    mov r8, [rsi]
    mov [rsp + 40000], r8
    mov r8, [rsp + 40000]
    mov [rdi], r8
    add rsi, 8
    add rdi, 8
    sub rdx, 8
    jmp 2b
3:  mov rsp, r9
    TAIL
    ret
END regs_large_frame

// Bytes through ah, bh, ch, dh, which a prefixed instruction cannot name.
ROUTINE regs_high_bytes
    push rbx
    mov r8, rdi
    mov r9, rdx
    xor r10d, r10d
1:  cmp r10, r9
    jae 2f
    mov ah, [rsi]
    mov bh, ah
    mov ch, bh
    mov dh, ch
    mov [rdi], dh
    inc rsi
    inc rdi
    inc r10
    jmp 1b
2:  mov rax, r8
    pop rbx
    ret
END regs_high_bytes

// Addresses in every form: no base, special bases, scaled and negative.
ROUTINE regs_addresses
    mov rax, rdi
    SAVE_CALLEES
    HEAD
1:  cmp rdx, 32
    jb 2f
    mov r12, rsi
    mov r13, rdi
    mov rbp, 1
    mov r9, rdi
    shr r9, 3
    mov rcx, [r12]
    mov [r13], rcx
    mov rcx, [r12 + rbp * 8]
    mov [r9 * 8 + 8], rcx
    mov rcx, [rsi + rbp * 8 + 8]
    mov [r13 + rbp * 4 + 12], rcx
    lea r12, [rsi + 0x1000]
    lea r13, [rdi - 0x7fffff]
    mov rcx, [r12 - 0x1000 + 24]
    mov [r13 + rbp + 0x7fffff + 23], rcx
    add rsi, 32
    add rdi, 32
    sub rdx, 32
    jmp 1b
2:  cmp rdx, 8
    jb 3f
    ELEMENT 8
    jmp 2b
3:  RESTORE_CALLEES
    TAIL
    ret
END regs_addresses

// Memory operands of arithmetic; only plain loads reach the source.
ROUTINE regs_arithmetic
    WORDS_FROM_HEAD
1:  xor r8d, r8d
    add r8, [rsi]
    mov [rdi], r8
    dec rcx
    jz 2f
    mov r8, -1
    and r8, [rsi + 8]
    mov [rdi + 8], r8
    lea rsi, [rsi + 8]
    lea rdi, [rdi + 8]
    dec rcx
    jz 2f
    lea rsi, [rsi + 8]
    lea rdi, [rdi + 8]
    jmp 1b
2:  lea rsi, [rsi + 8]
    lea rdi, [rdi + 8]
    REST
END regs_arithmetic

ROUTINE regs_bswap
    WORDS_FROM_HEAD
1:  mov r8, [rsi]
    bswap r8
    rol r8, 8
    ror r8, 8
    bswap r8
    mov [rdi], r8
    add rsi, 8
    add rdi, 8
    dec rcx
    jnz 1b
    REST
END regs_bswap

ROUTINE regs_movbe
    WORDS_FROM_HEAD
1:  movbe r8, [rsi]
    movbe [rdi], r8
    add rsi, 8
    add rdi, 8
    dec rcx
    jnz 1b
    REST
END regs_movbe

// The thread's own canary is read: fs: is not the destination.
ROUTINE regs_thread_pointer
    WORDS_FROM_HEAD
1:  mov r8, [rsi]
    xor r8, fs:[0x28]
    xor r8, fs:[0x28]
    mov [rdi], r8
    add rsi, 8
    add rdi, 8
    dec rcx
    jnz 1b
    REST
END regs_thread_pointer

ROUTINE regs_control_words
    mov rax, rdi
    stmxcsr [rsp - 4]
    fnstcw [rsp - 8]
    HEAD
1:  cmp rdx, 8
    jb 2f
    ELEMENT 8
    jmp 1b
2:  TAIL
    ldmxcsr [rsp - 4]
    fldcw [rsp - 8]
    ret
END regs_control_words

// Stores by locked and unlocked exchange: every one reads the destination too.
ROUTINE regs_xchg
    WORDS_FROM_HEAD
1:  mov r8, [rsi]
    xchg [rdi], r8
    add rsi, 8
    add rdi, 8
    dec rcx
    jnz 1b
    REST
END regs_xchg

ROUTINE regs_cmpxchg
    WORDS_FROM_HEAD
    mov r9, rax
1:  mov r8, [rsi]
    mov rax, [rdi]
2:  lock cmpxchg [rdi], r8
    jne 2b
    add rsi, 8
    add rdi, 8
    dec rcx
    jnz 1b
    mov rax, r9
    REST
END regs_cmpxchg

// Sixteen bytes at a time where the destination is a multiple of sixteen.
ROUTINE regs_cmpxchg16b
    push rbx
    mov r9, rdi
    mov r10, rdx
    mov r8, rdi
1:  test r8b, 15
    jz 2f
    test r10, r10
    jz 5f
    mov al, [rsi]
    mov [r8], al
    inc rsi
    inc r8
    dec r10
    jmp 1b
2:  cmp r10, 16
    jb 4f
    mov rbx, [rsi]
    mov rcx, [rsi + 8]
    mov rax, [r8]
    mov rdx, [r8 + 8]
3:  lock cmpxchg16b [r8]
    jne 3b
    add rsi, 16
    add r8, 16
    sub r10, 16
    jmp 2b
4:  test r10, r10
    jz 5f
    mov al, [rsi]
    mov [r8], al
    inc rsi
    inc r8
    dec r10
    jmp 4b
5:  mov rax, r9
    pop rbx
    ret
END regs_cmpxchg16b

// The byte behind the source, through a segment whose base is 0.
ROUTINE over_read_by_segment
    mov rax, rdi
    movzx ecx, byte ptr gs:[rsi + rdx]
    HEAD
    WORDS_AND_REST
END over_read_by_segment

// As a stack protector reads its canary.
ROUTINE over_read_by_segment_ok
    mov rax, rdi
    mov rcx, fs:[0x28]
    HEAD
    WORDS_AND_REST
END over_read_by_segment_ok
