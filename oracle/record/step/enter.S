// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// uint64_t step_enter(const struct step_start *start)
//
// Calls a routine on its own stack with the trap flag set, so that a SIGTRAP
// comes before its first instruction and after each. The handler ends that at
// step_returned, or anywhere by going to step_left.

#include "record/entry_registers.h"
#include "record/step/start.h"

        .intel_syntax noprefix
        .text
        .globl step_enter, step_returned, step_left
        .type step_enter, @function
step_enter:
        .cfi_startproc
        push rbx
        push rbp
        push r12
        push r13
        push r14
        push r15
        sub rsp, 8
        stmxcsr [rsp]
        fnstcw [rsp + 4]
        mov [rip + host_rsp], rsp
        mov rax, [rdi + START_ENTRY]
        mov [rip + entry], rax
        mov rsp, [rdi + START_RSP]
        mov r9, [rdi + START_WORDS + 40]
        mov r8, [rdi + START_WORDS + 32]
        mov rcx, [rdi + START_WORDS + 24]
        mov rdx, [rdi + START_WORDS + 16]
        mov rsi, [rdi + START_WORDS + 8]
        mov rdi, [rdi + START_WORDS]
        // What carries no argument holds what the rewriter puts there too.
        movabs rax, ENTRY_REGISTER(0)
        movabs rbx, ENTRY_REGISTER(3)
        movabs rbp, ENTRY_REGISTER(5)
        movabs r10, ENTRY_REGISTER(10)
        movabs r11, ENTRY_REGISTER(11)
        movabs r12, ENTRY_REGISTER(12)
        movabs r13, ENTRY_REGISTER(13)
        movabs r14, ENTRY_REGISTER(14)
        movabs r15, ENTRY_REGISTER(15)
        push 0x102              // the trap flag, and the bit that is always set
        popfq
        call [rip + entry]
step_returned:
        mov [rip + result], rax
step_left:
        mov rsp, [rip + host_rsp]
        cld
        fninit
        ldmxcsr [rsp]
        fldcw [rsp + 4]
        mov rax, [rip + result]
        add rsp, 8
        pop r15
        pop r14
        pop r13
        pop r12
        pop rbp
        pop rbx
        ret
        .cfi_endproc
        .size step_enter, . - step_enter

        .local host_rsp, entry, result
        .comm host_rsp, 8, 8
        .comm entry, 8, 8
        .comm result, 8, 8

        .section .note.GNU-stack, "", @progbits
