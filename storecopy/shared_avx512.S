// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Shared RAM with AVX-512's byte masks (F, BW, VL and BMI2), in registers of 32
// bytes: 64-byte ones lower the clock of Skylake's kin, and the upper sixteen need
// no vzeroupper. In assembly, because the time of a copy below 256 bytes is the
// number of its instructions and of its taken branches.
//
// A store of up to 32 bytes is cut, if at all, at the end of a cache line, so a
// request of that size is one access at any address. Longer ones begin with as
// many bytes as reach a multiple of 8 (of 32 beyond 256 bytes), go on by whole
// vectors and end in two masked ones. Up to 128 bytes all loads come before all
// stores, so overlap does not matter; beyond, it is asked.
//
// In the range of sizes that storecopy_strings has, `rep movsq` is faster, since it need not read
// the lines it fills. Its stores may become visible out of order, a line at a
// time (Intel SDM vol. 3A, 9.2.4), which this memory allows: each aligned element
// of 8 bytes is stored as a whole, once.
//
// Masked-off bytes are neither read nor written, and cannot fault.
//
// rdi destination, rsi source, rdx bytes; rax destination, returned; r8 all ones.

// clang-format off

#include "assembly.h"

// Mask of the rdx lowest bytes, 1 to 64, in k1 and k2.
.macro MASKS_OF_REST
    bzhi r9, r8, rdx
    kmovq k1, r9
    kshiftrq k2, k1, 32
.endm

// The head of a copy is what one vector holds that begins at the last multiple of
// \align + 1 at or below rdi. Moves rdi and rsi down to there, by ecx; k3 becomes
// the head's mask, and rdx what is left after it.
.macro HEAD align
    mov ecx, edi
    and ecx, \align
    shrx r9d, r8d, ecx
    kmovd k3, r9d
    sub rsi, rcx
    sub rdi, rcx
    lea rdx, [rdx + rcx - 32]
.endm

.macro LOAD_4
    vmovdqu64 ymm16, [rsi]
    vmovdqu64 ymm17, [rsi + 32]
    vmovdqu64 ymm18, [rsi + 64]
    vmovdqu64 ymm19, [rsi + 96]
.endm

.macro STORE_4
    vmovdqu64 [rdi], ymm16
    vmovdqu64 [rdi + 32], ymm17
    vmovdqu64 [rdi + 64], ymm18
    vmovdqu64 [rdi + 96], ymm19
.endm

#if !defined(STORECOPY_PORTABLE_ONLY)
FUNCTION storecopy_shared_avx512
    mov rax, rdi
    lea rcx, [rdx - 33]
    cmp rcx, 31
    ja 1f
    // 33 to 64: the first vector, and of the one that ends with the request its
    // upper n - 32 bytes.
    test dil, 7
    jnz .Lmisaligned_64
    mov r8d, 0x80000000
    sarx r8d, r8d, ecx
    kmovd k1, r8d
    vmovdqu64 ymm16, [rsi]
    vmovdqu8 ymm17{k1}{z}, [rsi + rdx - 32]
    vmovdqu64 [rdi], ymm16
    vmovdqu8 [rdi + rdx - 32]{k1}, ymm17
    ret

    .p2align 4
1:  mov r8, -1
    jg 2f
    bzhi r9d, r8d, edx
    kmovd k1, r9d
    vmovdqu8 ymm16{k1}{z}, [rsi]
    vmovdqu8 [rdi]{k1}, ymm16
    ret

2:  cmp rdx, 128
    ja .Lover_128
    // 65 to 128
    test dil, 7
    jnz .Lmisaligned_128
    sub rdx, 64
    MASKS_OF_REST
    vmovdqu64 ymm16, [rsi]
    vmovdqu64 ymm17, [rsi + 32]
    vmovdqu8 ymm18{k1}{z}, [rsi + 64]
    vmovdqu8 ymm19{k2}{z}, [rsi + 96]
    vmovdqu64 [rdi], ymm16
    vmovdqu64 [rdi + 32], ymm17
    vmovdqu8 [rdi + 64]{k1}, ymm18
    vmovdqu8 [rdi + 96]{k2}, ymm19
    ret

    .p2align 4
.Lover_128:
    mov rcx, rdi
    sub rcx, rsi
    cmp rcx, rdx
    jb .Loverlap
    cmp rdx, 256
    ja .Llong
    // 129 to 256
    mov ecx, edi
    and ecx, 7
    jnz .Lmisaligned_256
.Lfour:
    LOAD_4
    STORE_4
    add rsi, 128
    add rdi, 128
    sub rdx, 128

    // Up to 128 that are left, at a multiple of 8.
.Lrest:
    cmp rdx, 64
    jbe 5f
    vmovdqu64 ymm16, [rsi]
    vmovdqu64 ymm17, [rsi + 32]
    sub rdx, 64
    MASKS_OF_REST
    vmovdqu8 ymm18{k1}{z}, [rsi + 64]
    vmovdqu8 ymm19{k2}{z}, [rsi + 96]
    vmovdqu64 [rdi], ymm16
    vmovdqu64 [rdi + 32], ymm17
    vmovdqu8 [rdi + 64]{k1}, ymm18
    vmovdqu8 [rdi + 96]{k2}, ymm19
    ret
5:  MASKS_OF_REST
    vmovdqu8 ymm18{k1}{z}, [rsi]
    vmovdqu8 ymm19{k2}{z}, [rsi + 32]
    vmovdqu8 [rdi]{k1}, ymm18
    vmovdqu8 [rdi + 32]{k2}, ymm19
    ret

    // 33 to 128: up to the last multiple of 8 that one vector reaches, and the
    // rest. All loads come first here, too.
    .p2align 4
.Lmisaligned_64:
    mov r8, -1
.Lmisaligned_128:
    HEAD 7
    vmovdqu8 ymm16{k3}{z}, [rsi + rcx]
    cmp rdx, 64
    ja 6f
    MASKS_OF_REST
    vmovdqu8 ymm17{k1}{z}, [rsi + 32]
    vmovdqu8 ymm18{k2}{z}, [rsi + 64]
    vmovdqu8 [rdi + rcx]{k3}, ymm16
    vmovdqu8 [rdi + 32]{k1}, ymm17
    vmovdqu8 [rdi + 64]{k2}, ymm18
    ret
6:  sub rdx, 64
    MASKS_OF_REST
    vmovdqu64 ymm17, [rsi + 32]
    vmovdqu64 ymm18, [rsi + 64]
    vmovdqu8 ymm19{k1}{z}, [rsi + 96]
    vmovdqu8 ymm20{k2}{z}, [rsi + 128]
    vmovdqu8 [rdi + rcx]{k3}, ymm16
    vmovdqu64 [rdi + 32], ymm17
    vmovdqu64 [rdi + 64], ymm18
    vmovdqu8 [rdi + 96]{k1}, ymm19
    vmovdqu8 [rdi + 128]{k2}, ymm20
    ret

    .p2align 4
.Lmisaligned_256:
    HEAD 7
    vmovdqu8 ymm16{k3}{z}, [rsi + rcx]
    vmovdqu8 [rdi + rcx]{k3}, ymm16
    add rsi, 32
    add rdi, 32
    cmp rdx, 128
    jbe .Lrest
    jmp .Lfour

    .p2align 4
.Llong:
    mov ecx, edi
    and ecx, 31
    jz 7f
    HEAD 31
    vmovdqu8 ymm16{k3}{z}, [rsi + rcx]
    vmovdqu8 [rdi + rcx]{k3}, ymm16
    add rsi, 32
    add rdi, 32
7:  cmp rdx, [rip + storecopy_strings + STRINGS_FROM]
    jae .Lvery_long
8:  sub rdx, 128
    .p2align 5
9:  LOAD_4
    STORE_4
    sub rsi, -128
    sub rdi, -128
    sub rdx, 128
    ja 9b
    add rdx, 128
    jmp .Lrest

.Lvery_long:
    cmp rdx, [rip + storecopy_strings + STRINGS_TO]
    jae 8b
    test [rip + storecopy_strings + STRINGS_ALIGN], esi
    jnz 8b
    // Whole elements of 8 bytes, but for the last 1 to 8 bytes.
    lea rcx, [rdx - 1]
    mov r9d, ecx
    and r9d, 7
    inc r9d
    shr rcx, 3
    rep movsq
    bzhi r9d, r8d, r9d
    kmovd k1, r9d
    vmovdqu8 ymm16{k1}{z}, [rsi]
    vmovdqu8 [rdi]{k1}, ymm16
    ret

    // The destination lies less than rdx above the source, or on it. Down from
    // the end, by vectors at multiples of 32. More than 128 bytes.
.Loverlap:
    lea rcx, [rdi + rdx - 1]
    and ecx, 31
    inc ecx
    sub rdx, rcx
    bzhi r9d, r8d, ecx
    kmovd k1, r9d
    vmovdqu8 ymm16{k1}{z}, [rsi + rdx]
    vmovdqu8 [rdi + rdx]{k1}, ymm16
10: vmovdqu64 ymm16, [rsi + rdx - 32]
    vmovdqu64 [rdi + rdx - 32], ymm16
    sub rdx, 32
    cmp rdx, 32
    ja 10b
    bzhi r9d, r8d, edx
    kmovd k1, r9d
    vmovdqu8 ymm16{k1}{z}, [rsi]
    vmovdqu8 [rdi]{k1}, ymm16
    ret
END storecopy_shared_avx512
#endif
