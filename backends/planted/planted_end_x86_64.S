// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Routines that do not come back: faults of every kind and endless loops, each
// for one size alone; and twins that do come back.

#include "backends/planted/planted_asm_x86_64.h"

// Any other size than N is copied as it should be.
.macro EXCEPT_AT n
    cmp rdx, \n
    jne planted_copy_words
.endm

ROUTINE copy_words
    mov rax, rdi
    HEAD
    WORDS_AND_REST
END copy_words

ROUTINE crash_null_store
    EXCEPT_AT 100
    xor r8d, r8d
    mov byte ptr [r8], 1
    jmp planted_copy_words
END crash_null_store

ROUTINE crash_null_load
    EXCEPT_AT 100
    mov r8, [rsi]
    mov [rdi], r8
    xor r8d, r8d
    mov r8, [r8 + 8]
    ret
END crash_null_load

ROUTINE crash_non_canonical
    EXCEPT_AT 100
    mov r8, 0x8000000000000000
    mov r8, [r8]
    ret
END crash_non_canonical

ROUTINE crash_undefined
    EXCEPT_AT 100
    ud2
END crash_undefined

ROUTINE crash_divide_by_zero
    EXCEPT_AT 100
    xor edx, edx
    xor ecx, ecx
    div rcx
    ret
END crash_divide_by_zero

ROUTINE crash_privileged
    EXCEPT_AT 100
    hlt
    ret
END crash_privileged

// movaps to what is no multiple of sixteen.
ROUTINE crash_alignment
    cmp rdx, 16
    jne planted_copy_words
    mov rax, rdi
    movups xmm0, [rsi]
    movaps [rdi], xmm0
    ret
END crash_alignment

ROUTINE crash_jump_to_null
    EXCEPT_AT 100
    xor r8d, r8d
    jmp r8
END crash_jump_to_null

ROUTINE crash_stack_overflow
    EXCEPT_AT 100
1:  sub rsp, 4000
    call 1b
END crash_stack_overflow

// Loads on from the source until a page without access.
ROUTINE crash_load_past_page
    EXCEPT_AT 100
1:  mov r8b, [rsi]
    inc rsi
    jmp 1b
END crash_load_past_page

// Stores on from the destination until a page without access.
ROUTINE crash_store_past_page
    EXCEPT_AT 100
1:  mov byte ptr [rdi], 0
    inc rdi
    jmp 1b
END crash_store_past_page

// A stray byte first; both are to be told.
ROUTINE crash_after_stray_store
    EXCEPT_AT 100
    mov byte ptr [rdi + rdx], 0
    ud2
END crash_after_stray_store

// What is stored twice before a fault is no finding of its own.
ROUTINE crash_after_duplicate
    EXCEPT_AT 100
    mov byte ptr [rdi], 0
    mov byte ptr [rdi], 0
    ud2
END crash_after_duplicate

ROUTINE timeout_storing
    EXCEPT_AT 24
1:  mov r8, [rsi]
    mov [rdi], r8
    jmp 1b
END timeout_storing

ROUTINE timeout_loading
    EXCEPT_AT 24
1:  mov r8, [rsi]
    jmp 1b
END timeout_loading

ROUTINE timeout_spinning
    EXCEPT_AT 24
1:  jmp 1b
END timeout_spinning

ROUTINE timeout_string
    EXCEPT_AT 24
1:  mov ecx, 24
    rep stosb
    sub rdi, 24
    jmp 1b
END timeout_string

// Waits for a while, and then does its work.
ROUTINE timeout_ok
    mov ecx, 2000
1:  dec ecx
    jnz 1b
    jmp planted_copy_words
END timeout_ok
