// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A defect behind a chain of branches: each looks at one bit of the size, then of
// the destination's and of the source's place in a cache line. None of them
// touches memory.

#include "backends/planted/planted_asm_x86_64.h"

// On with the chain if the bit of REG is as in VALUE, else an ordinary copy.
.macro GATE reg, value, bit
    bt \reg, \bit
    .if (\value >> \bit) & 1
    jnc planted_copy_words
    .else
    jc planted_copy_words
    .endif
.endm

.macro CHAIN
    GATE rdx, 717, 0
    GATE rdx, 717, 1
    GATE rdx, 717, 2
    GATE rdx, 717, 3
    GATE rdx, 717, 4
    GATE rdx, 717, 5
    GATE rdx, 717, 6
    GATE rdx, 717, 7
    GATE rdx, 717, 8
    GATE rdx, 717, 9
    GATE rdi, 37, 0
    GATE rdi, 37, 1
    GATE rdi, 37, 2
    GATE rdi, 37, 3
    GATE rdi, 37, 4
    GATE rdi, 37, 5
    GATE rsi, 21, 0
    GATE rsi, 21, 1
    GATE rsi, 21, 2
    GATE rsi, 21, 3
    GATE rsi, 21, 4
    GATE rsi, 21, 5
.endm

ROUTINE duplicate_store_behind_chain
    CHAIN
    mov cl, [rsi]
    mov [rdi], cl
    mov [rdi], cl
    lea rax, [rdi]
    lea rdi, [rdi + 1]
    lea rsi, [rsi + 1]
    sub rdx, 1
    HEAD
    WORDS_AND_REST
END duplicate_store_behind_chain

ROUTINE duplicate_store_behind_chain_ok
    CHAIN
    jmp planted_copy_words
END duplicate_store_behind_chain_ok
