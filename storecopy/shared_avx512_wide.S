// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Shared RAM with AVX-512's byte masks in registers of 64 bytes, for CPUs whose clock
// they do not lower (choose.c). In assembly for the reasons of shared_avx512.S, whose
// words on masks, overlap and `rep movsq` hold here as well.
//
// A CPU may cut a store of 64 bytes in two halves (Zen 4 does). So each such store goes
// to a multiple of 8, if need be to the last one below the destination, its lowest bytes
// masked off; the load before it then lies up to 7 bytes below the source. A store of up
// to 32 bytes is whole at any address.
//
// rdi destination, rsi source, rdx bytes; rax destination, returned; r8 all ones.

// clang-format off

#include "assembly.h"

#if !defined(STORECOPY_PORTABLE_ONLY)
// Mask of the lowest bytes as INDEX says, all 64 of them from 64 to 255 on.
.macro MASK_OF_LOWEST mask index
    bzhi r9, r8, \index
    kmovq \mask, r9
.endm

// Up to 32 bytes, at any address.
.macro COPY_32_AND_RETURN
    bzhi r9d, r8d, edx
    kmovd k1, r9d
    vmovdqu8 ymm16{k1}{z}, [rsi]
    vmovdqu8 [rdi]{k1}, ymm16
    ret
.endm

// From rdi up to the next multiple of ALIGN + 1, at most 32 bytes: as one vector begins
// at the last one at or below rdi. Moves rdi and rsi to behind it, rdx to what is left.
.macro HEAD align
    mov ecx, edi
    and ecx, \align
    shrx r9d, r8d, ecx
    kmovd k3, r9d
    vmovdqu8 ymm16{k3}{z}, [rsi]
    vmovdqu8 [rdi]{k3}, ymm16
    sub rcx, 32
    sub rsi, rcx
    sub rdi, rcx
    add rdx, rcx
.endm

FUNCTION storecopy_shared_avx512_wide
    mov rax, rdi
    mov r8, -1
    cmp rdx, 32
    jbe .Lup_to_32
    cmp rdx, 128
    ja .Lover_128
    // 33 to 128, from the last multiple of 8: without a branch on the alignment, and
    // straight on for most. All loads come before all stores. rdx: beyond the first vector.
    mov ecx, edi
    and ecx, 7
    and rdi, -8
    sub rsi, rcx
    lea edx, [rdx + rcx - 64]
    shlx r9, r8, rcx
    test edx, edx
    jle 1f
    cmp edx, 64
    ja 2f
    kmovq k2, r9
    MASK_OF_LOWEST k1, rdx
    vmovdqu8 zmm16{k2}{z}, [rsi]
    vmovdqu8 zmm17{k1}{z}, [rsi + 64]
    vmovdqu8 [rdi]{k2}, zmm16
    vmovdqu8 [rdi + 64]{k1}, zmm17
    ret

    .p2align 4
1:  add edx, 64
    bzhi r9, r9, rdx
    kmovq k1, r9
    vmovdqu8 zmm16{k1}{z}, [rsi]
    vmovdqu8 [rdi]{k1}, zmm16
    ret

    .p2align 4
2:  kmovq k2, r9
    sub edx, 64
    MASK_OF_LOWEST k1, rdx
    vmovdqu8 zmm16{k2}{z}, [rsi]
    vmovdqu64 zmm17, [rsi + 64]
    vmovdqu8 zmm18{k1}{z}, [rsi + 128]
    vmovdqu8 [rdi]{k2}, zmm16
    vmovdqu64 [rdi + 64], zmm17
    vmovdqu8 [rdi + 128]{k1}, zmm18
    ret

    .p2align 4
.Lup_to_32:
    COPY_32_AND_RETURN

    .p2align 4
.Lover_128:
    mov rcx, rdi
    sub rcx, rsi
    cmp rcx, rdx
    jb .Loverlap
    cmp rdx, 512
    ja .Llong
    test dil, 7
    jnz .Lmisaligned_512
    // Any size, at a multiple of 8.
.Laligned:
    cmp rdx, 256
    jbe 4f
3:  vmovdqu64 zmm16, [rsi]
    vmovdqu64 zmm17, [rsi + 64]
    vmovdqu64 zmm18, [rsi + 128]
    vmovdqu64 zmm19, [rsi + 192]
    vmovdqu64 [rdi], zmm16
    vmovdqu64 [rdi + 64], zmm17
    vmovdqu64 [rdi + 128], zmm18
    vmovdqu64 [rdi + 192], zmm19
    add rsi, 256
    add rdi, 256
    sub rdx, 256
    cmp rdx, 256
    ja 3b
4:  cmp rdx, 128
    jbe 5f
    vmovdqu64 zmm16, [rsi]
    vmovdqu64 zmm17, [rsi + 64]
    vmovdqu64 [rdi], zmm16
    vmovdqu64 [rdi + 64], zmm17
    sub rsi, -128
    sub rdi, -128
    add rdx, -128
5:  sub rdx, 64
    jbe 6f
    MASK_OF_LOWEST k1, rdx
    vmovdqu64 zmm16, [rsi]
    vmovdqu8 zmm17{k1}{z}, [rsi + 64]
    vmovdqu64 [rdi], zmm16
    vmovdqu8 [rdi + 64]{k1}, zmm17
    ret
6:  neg edx
    shrx r9, r8, rdx
    kmovq k1, r9
    vmovdqu8 zmm16{k1}{z}, [rsi]
    vmovdqu8 [rdi]{k1}, zmm16
    ret

    .p2align 4
.Lmisaligned_512:
    HEAD 7
    jmp .Laligned

    // To a multiple of 64, by the next one of 32.
    .p2align 4
.Llong:
    test dil, 31
    jz 7f
    HEAD 31
7:  test dil, 32
    jz 8f
    vmovdqu64 ymm16, [rsi]
    vmovdqu64 [rdi], ymm16
    add rsi, 32
    add rdi, 32
    sub rdx, 32
8:  cmp rdx, [rip + storecopy_strings + STRINGS_FROM]
    jb 3b

.Lvery_long:
    cmp rdx, [rip + storecopy_strings + STRINGS_TO]
    jae 3b
    test [rip + storecopy_strings + STRINGS_ALIGN], esi
    jnz 3b
    // Whole elements of 8 bytes, but for the last 1 to 8 bytes.
    lea rcx, [rdx - 1]
    mov r9d, ecx
    and r9d, 7
    lea edx, [r9 + 1]
    shr rcx, 3
    rep movsq
    COPY_32_AND_RETURN

    // The destination lies less than rdx above the source, or on it. Down from the
    // end, by vectors at multiples of 64. More than 128 bytes.
.Loverlap:
    lea rcx, [rdi + rdx - 1]
    and ecx, 63
    inc ecx
    sub rdx, rcx
    MASK_OF_LOWEST k1, rcx
    vmovdqu8 zmm16{k1}{z}, [rsi + rdx]
    vmovdqu8 [rdi + rdx]{k1}, zmm16
13: vmovdqu64 zmm16, [rsi + rdx - 64]
    vmovdqu64 [rdi + rdx - 64], zmm16
    sub rdx, 64
    cmp rdx, 64
    ja 13b
    cmp rdx, 32
    jbe 14f
    vmovdqu64 ymm16, [rsi + rdx - 32]
    vmovdqu64 [rdi + rdx - 32], ymm16
    sub rdx, 32
14: COPY_32_AND_RETURN
END storecopy_shared_avx512_wide
#endif
