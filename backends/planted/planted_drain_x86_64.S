// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Stores that have to be drained before the routine returns: non-temporal ones,
// those to write-combining memory, and those to persistent memory.

#include "backends/planted/planted_asm_x86_64.h"

// Words by movnti; DRAIN is what follows the last store.
.macro NONTEMPORAL drain:req
    mov rax, rdi
    HEAD
1:  cmp rdx, 8
    jb 2f
    mov r8, [rsi]
    movnti [rdi], r8
    add rsi, 8
    add rdi, 8
    sub rdx, 8
    jmp 1b
2:  TAIL
    \drain
    ret
.endm

ROUTINE drain_sfence
    NONTEMPORAL "sfence"
END drain_sfence

ROUTINE drain_mfence
    NONTEMPORAL "mfence"
END drain_mfence

ROUTINE drain_locked
    NONTEMPORAL "lock or dword ptr [rsp - 8], 0"
END drain_locked

ROUTINE drain_xchg
    NONTEMPORAL "mov ecx, 1; xchg [rsp - 8], ecx"
END drain_xchg

// Serialises, and so waits for all stores.
ROUTINE drain_cpuid
    NONTEMPORAL "mov r8, rax; mov r9, rbx; xor eax, eax; cpuid; mov rbx, r9; mov rax, r8"
END drain_cpuid

ROUTINE unfenced_store
    NONTEMPORAL "nop"
END unfenced_store

// Waits for loads alone.
ROUTINE unfenced_store_lfence
    NONTEMPORAL "lfence"
END unfenced_store_lfence

// The fence comes before the last bytes.
ROUTINE unfenced_store_early
    mov rax, rdi
    HEAD
1:  cmp rdx, 8
    jb 2f
    mov r8, [rsi]
    movnti [rdi], r8
    add rsi, 8
    add rdi, 8
    sub rdx, 8
    jmp 1b
2:  sfence
    TAIL
    ret
END unfenced_store_early

ROUTINE unfenced_store_plain
    mov rax, rdi
    HEAD
    WORDS_AND_REST
END unfenced_store_plain

ROUTINE unfenced_store_plain_ok
    mov rax, rdi
    HEAD
1:  cmp rdx, 8
    jb 2f
    ELEMENT 8
    jmp 1b
2:  TAIL
    sfence
    ret
END unfenced_store_plain_ok

// Aligned vectors past the caches, words around them.
ROUTINE drain_vector
    mov rax, rdi
    HEAD
1:  test edi, 31
    jz 2f
    cmp rdx, 8
    jb 4f
    ELEMENT 8
    jmp 1b
2:  cmp rdx, 32
    jb 3f
    vmovdqu ymm0, [rsi]
    vmovntdq [rdi], ymm0
    add rsi, 32
    add rdi, 32
    sub rdx, 32
    jmp 2b
3:  cmp rdx, 8
    jb 4f
    ELEMENT 8
    jmp 3b
4:  TAIL
    vzeroupper
    sfence
    ret
END drain_vector

// Plain words, then every line of the destination flushed by FLUSH, but for
// those that begin in the last SKIPPED bytes, then DRAIN.
.macro PERSISTENT flush:req, drain:req, skipped=0
    mov rax, rdi
    mov r9, rdx
    HEAD
1:  cmp rdx, 8
    jb 2f
    ELEMENT 8
    jmp 1b
2:  TAIL
    test r9, r9
    jz 4f
    mov r8, rax
    and r8, -64
    lea r10, [rax + r9 - \skipped]
3:  cmp r8, r10
    jae 4f
    \flush [r8]
    add r8, 64
    jmp 3b
4:  \drain
    ret
.endm

ROUTINE flush_clwb
    PERSISTENT clwb, "sfence"
END flush_clwb

ROUTINE flush_clflushopt
    PERSISTENT clflushopt, "sfence"
END flush_clflushopt

ROUTINE flush_clflush
    PERSISTENT clflush, "mfence"
END flush_clflush

ROUTINE unflushed_store
    PERSISTENT "lea r11,", "sfence"
END unflushed_store

// The line of the last bytes is left out where they begin a new one.
ROUTINE unflushed_store_last_line
    PERSISTENT clflush, "sfence", 8
END unflushed_store_last_line

ROUTINE unflushed_store_unfenced
    PERSISTENT clflushopt, "nop"
END unflushed_store_unfenced

// Words past the caches; only the first and the last line need a flush.
ROUTINE flush_around_nontemporal
    mov rax, rdi
    mov r9, rdx
    HEAD
1:  cmp rdx, 8
    jb 2f
    mov r8, [rsi]
    movnti [rdi], r8
    add rsi, 8
    add rdi, 8
    sub rdx, 8
    jmp 1b
2:  TAIL
    test r9, r9
    jz 3f
    clflush [rax]
    clflush [rax + r9 - 1]
3:  sfence
    ret
END flush_around_nontemporal

// Flushed before it is stored.
ROUTINE unflushed_store_too_early
    test rdx, rdx
    jz 1f
    clflush [rdi]
    clflush [rdi + rdx - 1]
1:  mov rax, rdi
    HEAD
2:  cmp rdx, 8
    jb 3f
    ELEMENT 8
    jmp 2b
3:  TAIL
    sfence
    ret
END unflushed_store_too_early
