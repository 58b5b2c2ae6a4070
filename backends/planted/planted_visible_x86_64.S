// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// In the program all of these store in order; what differs is what another CPU may
// see first. And a ring's entry, whose last word tells that the rest is there.

#include "backends/planted/planted_asm_x86_64.h"

// Words by movnti, BETWEEN before each store but the first.
.macro NONTEMPORAL_WORDS between:req
    mov rax, rdi
    mov rcx, rdx
    shr rcx, 3
    jz 9f
    jmp 2f
1:  \between
2:  mov r8, [rsi]
    movnti [rdi], r8
    add rsi, 8
    add rdi, 8
    dec rcx
    jnz 1b
9:  ret
.endm

ROUTINE visible_sfence
    NONTEMPORAL_WORDS "sfence"
END visible_sfence

ROUTINE visible_mfence
    NONTEMPORAL_WORDS "mfence"
END visible_mfence

ROUTINE visible_locked
    NONTEMPORAL_WORDS "lock or dword ptr [rsp - 8], 0"
END visible_locked

ROUTINE unordered_store
    NONTEMPORAL_WORDS "nop"
END unordered_store

// Waits for loads alone.
ROUTINE unordered_store_lfence
    NONTEMPORAL_WORDS "lfence"
END unordered_store_lfence

ROUTINE visible_plain
    mov rax, rdi
    HEAD
    WORDS_AND_REST
END visible_plain

ROUTINE unordered_store_string
    mov rax, rdi
    mov rcx, rdx
    shr rcx, 3
    rep movsq
    ret
END unordered_store_string

// Each is an instruction of its own, and they are in order.
ROUTINE visible_string
    mov rax, rdi
    mov rcx, rdx
    shr rcx, 3
    jz 2f
1:  movsq
    dec rcx
    jnz 1b
2:  ret
END visible_string

// Multiples of 32 bytes.
ROUTINE unordered_store_vector
    mov rax, rdi
1:  vmovdqu ymm0, [rsi]
    vmovdqa [rdi], ymm0
    add rsi, 32
    add rdi, 32
    sub rdx, 32
    jnz 1b
    vzeroupper
    ret
END unordered_store_vector

ROUTINE visible_vector
    mov rax, rdi
1:  vmovdqu xmm0, [rsi]
    vmovdqa [rdi], xmm0
    add rsi, 16
    add rdi, 16
    sub rdx, 16
    jnz 1b
    ret
END visible_vector

// A request of 8 bytes by one store, also where it lies across a cache line.
ROUTINE unordered_store_across_line
    mov rax, rdi
    mov rcx, [rsi]
    mov [rdi], rcx
    ret
END unordered_store_across_line

ROUTINE visible_within_line
    mov rax, rdi
    mov rcx, [rsi]
    mov [rdi], rcx
    ret
END visible_within_line

// ---- a ring's entry, of words ----

// All but the last word by rep movsb, which may be seen in any order.
.macro PAYLOAD
    mov rax, rdi
    lea rcx, [rdx - 8]
    rep movsb
.endm

ROUTINE ring_string
    PAYLOAD
    mov rcx, [rsi]
    mov [rdi], rcx
    ret
END ring_string

ROUTINE ring_in_pairs
    PAYLOAD
    mov rcx, [rsi]
    mov [rdi], ecx
    shr rcx, 32
    mov [rdi + 4], cx
    shr rcx, 16
    mov [rdi + 6], cx
    ret
END ring_in_pairs

ROUTINE unordered_store_ring_in_bytes
    PAYLOAD
    mov rcx, [rsi]
    mov [rdi], ecx
    shr rcx, 32
    mov [rdi + 4], cx
    shr rcx, 16
    mov [rdi + 6], cl
    mov [rdi + 7], ch
    ret
END unordered_store_ring_in_bytes

ROUTINE unordered_store_ring_first
    mov rcx, [rsi + rdx - 8]
    mov [rdi + rdx - 8], rcx
    PAYLOAD
    ret
END unordered_store_ring_first

ROUTINE unordered_store_ring
    mov rax, rdi
    lea rcx, [rdx - 8]
1:  mov r8, [rsi]
    movnti [rdi], r8
    add rsi, 8
    add rdi, 8
    sub rcx, 8
    jnz 1b
    mov r8, [rsi]
    mov [rdi], r8
    ret
END unordered_store_ring

ROUTINE ring_sfence
    mov rax, rdi
    lea rcx, [rdx - 8]
1:  mov r8, [rsi]
    movnti [rdi], r8
    add rsi, 8
    add rdi, 8
    sub rcx, 8
    jnz 1b
    sfence
    mov r8, [rsi]
    mov [rdi], r8
    ret
END ring_sfence

// A reader has to look at the last word before the rest.
ROUTINE ring_reader
    mov r8, [rsi + rdx - 8]
    mov [rdi + rdx - 8], r8
    PAYLOAD
    ret
END ring_reader

ROUTINE unordered_load_ring
    PAYLOAD
    mov rcx, [rsi]
    mov [rdi], rcx
    ret
END unordered_load_ring

// The loads of one string operation are in no promised order.
ROUTINE unordered_load
    mov rax, rdi
    mov rcx, rdx
    shr rcx, 3
    rep movsq
    ret
END unordered_load

ROUTINE loads_in_order
    mov rax, rdi
    mov rcx, rdx
    shr rcx, 3
    jz 2f
1:  mov r8, [rsi]
    mov [rdi], r8
    add rsi, 8
    add rdi, 8
    dec rcx
    jnz 1b
2:  ret
END loads_in_order
