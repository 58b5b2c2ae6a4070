// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Correct routines with control flow of every kind, and values that survive
// their stores only in the flags.

#include "backends/planted/planted_asm_x86_64.h"

ROUTINE flow_loop
    mov rax, rdi
    HEAD
    mov rcx, rdx
    shr rcx, 3
    jrcxz 2f
1:  mov r8, [rsi]
    mov [rdi], r8
    lea rsi, [rsi + 8]
    lea rdi, [rdi + 8]
    loop 1b
2:  TAIL
    ret
END flow_loop

// The zero flag is set before the load and read by loopne after the store.
ROUTINE flow_loopne
    WORDS_FROM_HEAD
    test rsp, rsp
1:  mov r8, [rsi]
    mov [rdi], r8
    lea rsi, [rsi + 8]
    lea rdi, [rdi + 8]
    loopne 1b
    REST
END flow_loopne

ROUTINE flow_loope
    WORDS_FROM_HEAD
    cmp eax, eax
1:  mov r8, [rsi]
    mov [rdi], r8
    lea rsi, [rsi + 8]
    lea rdi, [rdi + 8]
    loope 1b
    REST
END flow_loope

ROUTINE flow_jecxz
    mov rax, rdi
    HEAD
    mov ecx, edx
    shr ecx, 3
1:  jecxz 2f
    mov r8, [rsi]
    mov [rdi], r8
    add rsi, 8
    add rdi, 8
    dec ecx
    jmp 1b
2:  TAIL
    ret
END flow_jecxz

// The carry that each add needs lives across a load, a store and a back edge.
ROUTINE flow_adc
    WORDS_FROM_HEAD
    stc
1:  mov r8, [rsi]
    adc rsi, 7
    cmc
    mov [rdi], r8
    adc rdi, 7
    cmc
    dec rcx
    jnz 1b
    REST
END flow_adc

ROUTINE flow_setcc
    WORDS_FROM_HEAD
    xor r10d, r10d
1:  lea r9, [rdi + 8]
    cmp rcx, 1
    mov r8, [rsi]
    lea rsi, [rsi + 8]
    mov [rdi], r8
    cmovne rdi, r9
    setne r10b
    lea rcx, [rcx - 1]
    jne 1b
    lea rdi, [rdi + r10 + 8]
    REST
END flow_setcc

// All six flags, checked after a load and a store.
ROUTINE flow_all_flags
    WORDS_FROM_HEAD
1:  mov r9, 0x7fffffffffffffff
    add r9, 1
    mov r8, [rsi]
    mov [rdi], r8
    jno 7f
    jns 7f
    jc 7f
    jnp 7f
    jz 7f
    mov r9, rax
    lahf
    shr eax, 8
    and al, 0xd5
    cmp al, 0x94
    mov rax, r9
    jne 7f
    stc
    mov r8, [rsi]
    jnc 7f
    add rsi, 8
    add rdi, 8
    dec rcx
    jnz 1b
    REST
7:  ud2
END flow_all_flags

ROUTINE flow_pushfq
    WORDS_FROM_HEAD
1:  dec rcx
    pushfq
    mov r8, [rsi]
    add rsi, 8
    mov [rdi], r8
    add rdi, 8
    popfq
    jnz 1b
    REST
END flow_pushfq

// One word, then itself for the others.
ROUTINE flow_recursion
    mov rax, rdi
    push rax
    HEAD
    call 3f
    TAIL
    pop rax
    ret
3:  cmp rdx, 8
    jb 4f
    mov r8, [rsi]
    mov [rdi], r8
    add rsi, 8
    add rdi, 8
    sub rdx, 8
    call 3b
4:  ret
END flow_recursion

// Goes a thousand frames down, copies there.
ROUTINE flow_recursion_deep
    mov r9d, 1000
    call 1f
    mov rax, rdi
    HEAD
    WORDS_AND_REST
1:  push r9
    dec r9
    jz 2f
    call 1b
2:  pop r9
    ret
END flow_recursion_deep

ROUTINE flow_calls
    WORDS_FROM_HEAD
1:  call 5f
    call 6f
    dec rcx
    jnz 1b
    REST
5:  mov r8, [rsi]
    add rsi, 8
    ret
6:  mov [rdi], r8
    add rdi, 8
    ret
END flow_calls

copy_word:
    mov r8, [rsi]
    add rsi, 8
    mov [rdi], r8
    add rdi, 8
    ret

copy_word_other:
    mov r11, [rsi]
    mov [rdi], r11
    lea rsi, [rsi + 8]
    lea rdi, [rdi + 8]
    ret

    .section .data.rel.ro, "aw", @progbits
    .balign 8
copy_word_table:
    .quad copy_word, copy_word_other
    .text

// A call through a table of addresses, a different entry each time.
ROUTINE flow_call_table
    WORDS_FROM_HEAD
    lea r9, [rip + copy_word_table]
1:  mov r10d, ecx
    and r10d, 1
    call [r9 + r10 * 8]
    dec rcx
    jnz 1b
    REST
END flow_call_table

ROUTINE flow_call_register
    WORDS_FROM_HEAD
    lea r9, [rip + copy_word_other]
1:  call r9
    dec rcx
    jnz 1b
    REST
END flow_call_register

rest_of_words:
    WORDS_AND_REST

ROUTINE flow_tail_call
    mov rax, rdi
    HEAD
    jmp rest_of_words
END flow_tail_call

    .section .data.rel.ro, "aw", @progbits
    .balign 8
rest_pointer:
    .quad rest_of_words
    .text

ROUTINE flow_tail_call_memory
    mov rax, rdi
    HEAD
    jmp [rip + rest_pointer]
END flow_tail_call_memory

ROUTINE flow_tail_call_register
    mov rax, rdi
    HEAD
    lea r9, [rip + rest_of_words]
    jmp r9
END flow_tail_call_register

    .section .data.rel.ro, "aw", @progbits
    .balign 8
.Ltail_addresses:
    .quad .Ltail_0, .Ltail_1, .Ltail_2, .Ltail_3, .Ltail_4, .Ltail_5, .Ltail_6, .Ltail_7
    .section .rodata
    .balign 4
.Ltail_offsets:
    .long .Ltail_0 - .Ltail_offsets, .Ltail_1 - .Ltail_offsets, .Ltail_2 - .Ltail_offsets
    .long .Ltail_3 - .Ltail_offsets, .Ltail_4 - .Ltail_offsets, .Ltail_5 - .Ltail_offsets
    .long .Ltail_6 - .Ltail_offsets, .Ltail_7 - .Ltail_offsets
    .text

// A switch on what is left, through a table of addresses.
ROUTINE flow_switch_addresses
    mov rax, rdi
    HEAD
1:  cmp rdx, 8
    jb 2f
    ELEMENT 8
    jmp 1b
2:  lea r9, [rip + .Ltail_addresses]
    jmp [r9 + rdx * 8]
.Ltail_7:
    ELEMENT 4
.Ltail_3:
    ELEMENT 2
.Ltail_1:
    ELEMENT 1
.Ltail_0:
    ret
.Ltail_6:
    ELEMENT 4
.Ltail_2:
    ELEMENT 2
    ret
.Ltail_5:
    ELEMENT 4
    ELEMENT 1
    ret
.Ltail_4:
    ELEMENT 4
    ret
END flow_switch_addresses

// The same through a table of offsets from itself, as compilers make it.
ROUTINE flow_switch_offsets
    mov rax, rdi
    HEAD
1:  cmp rdx, 8
    jb 2f
    ELEMENT 8
    jmp 1b
2:  lea r9, [rip + .Ltail_offsets]
    movsxd r10, dword ptr [r9 + rdx * 4]
    add r10, r9
    jmp r10
END flow_switch_offsets

// A return to an address that no call pushed.
ROUTINE flow_push_ret
    WORDS_FROM_HEAD
1:  lea r9, [rip + 2f]
    push r9
    mov r8, [rsi]
    mov [rdi], r8
    ret
    ud2
2:  add rsi, 8
    add rdi, 8
    dec rcx
    jnz 1b
    REST
END flow_push_ret

// Finds a constant of its own from the address that call pushed.
ROUTINE flow_get_pc
    WORDS_FROM_HEAD
1:  call .Lown_place
.Lown_place:
    pop r9
    mov r8, [rsi]
    lea r10, [r9 + .Lown_distance]
    xor r8, [r10]
    xor r8, [rip + .Lown_constant]
    mov [rdi], r8
    add rsi, 8
    add rdi, 8
    dec rcx
    jnz 1b
    REST
    .balign 8
.Lown_constant:
    .quad 0x0123456789abcdef
    .set .Lown_distance, .Lown_constant - .Lown_place
END flow_get_pc

// The callee moves its return address over an instruction that must not run.
ROUTINE flow_return_moved
    WORDS_FROM_HEAD
1:  call 5f
    ud2
    mov [rdi], r8
    add rdi, 8
    dec rcx
    jnz 1b
    REST
5:  mov r8, [rsi]
    add rsi, 8
    add qword ptr [rsp], 2
    ret
END flow_return_moved

// Runs once over a constant, then into it: its bytes are the load and the store.
ROUTINE flow_into_instruction
    WORDS_FROM_HEAD
    mov r10, rcx
1:  xor r9d, r9d
2:  .byte 0x48, 0xb9       // mov rcx, imm64
3:  .byte 0x4c, 0x8b, 0x06 // mov r8, [rsi]
    .byte 0x4c, 0x89, 0x07 // mov [rdi], r8
    .byte 0xeb, 0x00       // jmp to the next instruction
    test r9d, r9d
    jnz 4f
    inc r9d
    jmp 3b
4:  add rsi, 8
    add rdi, 8
    dec r10
    jnz 1b
    REST
END flow_into_instruction

// Operands that are named but never touched.
ROUTINE flow_untouched_operands
    WORDS_FROM_HEAD
    xor r9d, r9d
1:  nop dword ptr [r9 + 0x7fffff00]
    nop word ptr [r9 + r9 * 8]
    lea r10, [r9 - 1]
    prefetcht0 [r9]
    prefetchnta [rsi + 64]
    prefetchw [rdi + 64]
    mov r8, [rsi]
    mov [rdi], r8
    pause
    endbr64
    add rsi, 8
    add rdi, 8
    dec rcx
    jnz 1b
    REST
END flow_untouched_operands

ROUTINE flow_cpuid
    push rbx
    push rdi
    mov r8, rdx
    xor eax, eax
    cpuid
    mov rdx, r8
    pop rax
    pop rbx
    HEAD
    WORDS_AND_REST
END flow_cpuid

// Names most registers only in code that is found as it runs, and finds more
// code while they hold other values than the caller's.
ROUTINE flow_late_registers
    mov rax, rdi
    call 2f
    ret
2:  push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
    xor ebx, ebx
    mov rbp, -1
    mov r12, rbx
    mov r13, rbp
    mov r14, rbx
    mov r15, rbp
    call 3f
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
    ret
3:  HEAD
4:  cmp rdx, 8
    jb 5f
    ELEMENT 8
    jmp 4b
5:  TAIL
    ret
END flow_late_registers
