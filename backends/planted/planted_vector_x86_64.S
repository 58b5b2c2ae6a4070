// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Copies through every other register file: x87, MMX, xmm, ymm, zmm, masks;
// gathers and scatters, masked and compressed stores, right and one lane wrong.

#include "backends/planted/planted_asm_x86_64.h"

// Bodies of WIDTH bytes a round; what is left goes by words.
.macro ROUNDS width, load:req, store:req
    mov rax, rdi
    HEAD
1:  cmp rdx, \width
    jb 8f
    \load
    \store
    add rsi, \width
    add rdi, \width
    sub rdx, \width
    jmp 1b
    WORDS_AND_REST
.endm

ROUTINE vector_xmm
    ROUNDS 16, "movups xmm0, [rsi]", "movaps xmm15, xmm0; movups [rdi], xmm15"
END vector_xmm

ROUTINE vector_xmm_lddqu
    ROUNDS 16, "lddqu xmm7, [rsi]", "movdqu [rdi], xmm7"
END vector_xmm_lddqu

ROUTINE vector_xmm_halves
    ROUNDS 16, "movlps xmm1, [rsi]; movhps xmm1, [rsi + 8]", \
        "movhps [rdi + 8], xmm1; movlps [rdi], xmm1"
END vector_xmm_halves

ROUTINE vector_ymm
    ROUNDS 32, "vmovdqu ymm0, [rsi]", "vmovdqu [rdi], ymm0; vzeroupper"
END vector_ymm

ROUTINE vector_ymm_extract
    ROUNDS 32, "vmovups ymm1, [rsi]", \
        "vextracti128 [rdi + 16], ymm1, 1; vmovlps [rdi], xmm1; vpextrq [rdi + 8], xmm1, 1"
END vector_ymm_extract

ROUTINE vector_zmm
    ROUNDS 64, "vmovdqu64 zmm31, [rsi]", "vmovdqu64 [rdi], zmm31"
END vector_zmm

ROUTINE vector_zmm_extract
    ROUNDS 64, "vmovdqu64 zmm1, [rsi]", \
        "vextracti64x4 [rdi + 32], zmm1, 1; vmovdqu [rdi], ymm1; vzeroupper"
END vector_zmm_extract

// disp8 of EVEX counts in units of the operand's width.
ROUTINE vector_zmm_displacement
    ROUNDS 128, "vmovdqu64 zmm16, [rsi + 64]; vmovdqu64 zmm17, [rsi]", \
        "vmovdqu64 [rdi + 64], zmm16; vmovdqu64 [rdi], zmm17"
END vector_zmm_displacement

ROUTINE vector_opmask
    ROUNDS 8, "kmovq k3, [rsi]", "kmovq [rdi], k3"
END vector_opmask

ROUTINE vector_x87
    ROUNDS 8, "fild qword ptr [rsi]", "fistp qword ptr [rdi]"
END vector_x87

ROUTINE vector_x87_pair
    ROUNDS 16, "fild qword ptr [rsi]; fild qword ptr [rsi + 8]", \
        "fistp qword ptr [rdi + 8]; fistp qword ptr [rdi]"
END vector_x87_pair

// Ten bytes at a time: tears words, so it is for private memory.
ROUTINE vector_x87_ten
    mov rax, rdi
1:  cmp rdx, 10
    jb 2f
    fld tbyte ptr [rsi]
    fstp tbyte ptr [rdi]
    add rsi, 10
    add rdi, 10
    sub rdx, 10
    jmp 1b
2:  test rdx, rdx
    jz 3f
    ELEMENT 1
    jmp 2b
3:  ret
END vector_x87_ten

ROUTINE vector_mmx
    mov rax, rdi
    HEAD
1:  cmp rdx, 8
    jb 2f
    movq mm0, [rsi]
    movq mm7, mm0
    movq [rdi], mm7
    add rsi, 8
    add rdi, 8
    sub rdx, 8
    jmp 1b
2:  emms
    TAIL
    ret
END vector_mmx

    .section .rodata
    .balign 64
.Llanes:
    .quad 0, 8, 16, 24, 32, 40, 48, 56
.Lmask_bytes:
    .fill 16, 1, 0xff
    .fill 16, 1, 0
.Lmask_dwords:
    .fill 8, 4, 0xffffffff
    .fill 8, 4, 0
    .text

// Four words by their indices.
ROUTINE vector_gather
    vmovdqu ymm2, [rip + .Llanes]
    ROUNDS 32, "vpcmpeqd ymm1, ymm1, ymm1; vpgatherqq ymm0, [rsi + ymm2 * 1], ymm1", \
        "vmovdqu [rdi], ymm0"
END vector_gather

// Up to eight words a scatter; EXTRA lanes more when fewer are left.
.macro SCATTER extra
    mov rax, rdi
    HEAD
    vmovdqu64 zmm1, [rip + .Llanes]
    mov r9d, 8
1:  mov rcx, rdx
    shr rcx, 3
    jz 9f
    cmp rcx, 8
    cmova rcx, r9
    mov r8d, -1
    bzhi r10d, r8d, ecx
    kmovw k1, r10d
    vmovdqu64 zmm0 {k1}{z}, [rsi]
    lea r10d, [ecx + \extra]
    bzhi r10d, r8d, r10d
    kmovw k1, r10d
    vpscatterqq [rdi + zmm1 * 1] {k1}, zmm0
    lea rsi, [rsi + rcx * 8]
    lea rdi, [rdi + rcx * 8]
    shl rcx, 3
    sub rdx, rcx
    jmp 1b
9:  vzeroupper
    TAIL
    ret
.endm

ROUTINE vector_scatter
    SCATTER 0
END vector_scatter

ROUTINE vector_scatter_over
    SCATTER 1
END vector_scatter_over

// Eight doublewords spread out and packed again while they are stored; LAST is
// the mask that packs them where exactly 32 bytes are left.
.macro COMPRESS last
    mov r8d, 0x5555
    kmovw k1, r8d
    mov rax, rdi
    HEAD
1:  cmp rdx, 32
    jb 8f
    vpexpandd zmm0 {k1}{z}, [rsi]
    jne 2f
    mov r8d, \last
    kmovw k1, r8d
2:  vpcompressd [rdi] {k1}, zmm0
    add rsi, 32
    add rdi, 32
    sub rdx, 32
    jmp 1b
    WORDS_AND_REST
.endm

ROUTINE vector_compress
    COMPRESS 0x5555
END vector_compress

ROUTINE vector_compress_over
    COMPRESS 0xd555
END vector_compress_over

// What is left of 64 bytes, none included, under a byte mask; EXTRA bytes more.
.macro MASKED_BYTES extra
    mov rax, rdi
    cmp rdx, 64
    jb 2f
    HEAD
1:  cmp rdx, 64
    jb 2f
    vmovdqu8 zmm0, [rsi]
    vmovdqu8 [rdi], zmm0
    add rsi, 64
    add rdi, 64
    sub rdx, 64
    jmp 1b
2:  mov r8, -1
    bzhi r9, r8, rdx
    kmovq k1, r9
    vmovdqu8 zmm0 {k1}{z}, [rsi]
    lea r10, [rdx + \extra]
    bzhi r9, r8, r10
    kmovq k1, r9
    vmovdqu8 [rdi] {k1}, zmm0
    vzeroupper
    ret
.endm

ROUTINE vector_masked_bytes
    MASKED_BYTES 0
END vector_masked_bytes

ROUTINE masked_store
    MASKED_BYTES 0
END masked_store

ROUTINE vector_masked_bytes_over
    MASKED_BYTES 1
END vector_masked_bytes_over

// Doublewords under a vector mask; EXTRA lanes more when some are left.
.macro MASKED_DWORDS extra
    mov rax, rdi
    HEAD
1:  cmp rdx, 32
    jb 2f
    vmovdqu ymm0, [rsi]
    vmovdqu [rdi], ymm0
    add rsi, 32
    add rdi, 32
    sub rdx, 32
    jmp 1b
2:  mov rcx, rdx
    and rcx, -4
    jz 3f
    lea r8, [rip + .Lmask_dwords + 32]
    sub r8, rcx
    vmovdqu ymm1, [r8]
    vpmaskmovd ymm0, ymm1, [rsi]
    vmovdqu ymm1, [r8 - 4 * \extra]
    vpmaskmovd [rdi], ymm1, ymm0
    add rsi, rcx
    add rdi, rcx
    and edx, 3
3:  vzeroupper
    TAIL
    ret
.endm

ROUTINE vector_masked_dwords
    MASKED_DWORDS 0
END vector_masked_dwords

ROUTINE vector_masked_dwords_over
    MASKED_DWORDS 1
END vector_masked_dwords_over

// Sixteen bytes a round, from the first multiple of sixteen on, since a masked-out
// byte in a page without access faults all the same. What is left goes through
// the red zone and is stored under a mask that is EXTRA bytes too long.
.macro MASKED_XMM extra
    mov rax, rdi
    HEAD
    test edi, 8
    jz 8f
    cmp rdx, 8
    jb 8f
    ELEMENT 8
8:  test edi, 15
    jnz 9f
    pcmpeqd xmm1, xmm1
1:  cmp rdx, 16
    jb 2f
    movdqu xmm0, [rsi]
    maskmovdqu xmm0, xmm1
    add rsi, 16
    add rdi, 16
    sub rdx, 16
    jmp 1b
2:  test edx, edx
    jz 6f
    lea r9, [rsp - 40]
    xor r10d, r10d
    test edx, 8
    jz 3f
    mov r8, [rsi]
    mov [r9], r8
    mov r10d, 8
3:  test edx, 4
    jz 4f
    mov r8d, [rsi + r10]
    mov [r9 + r10], r8d
    add r10d, 4
4:  test edx, 2
    jz 5f
    mov r8w, [rsi + r10]
    mov [r9 + r10], r8w
    add r10d, 2
5:  test edx, 1
    jz 7f
    mov r8b, [rsi + r10]
    mov [r9 + r10], r8b
7:  movdqu xmm0, [r9]
    lea r8, [rip + .Lmask_bytes + 16 - \extra]
    sub r8, rdx
    movdqu xmm1, [r8]
    maskmovdqu xmm0, xmm1
6:  ret
9:  TAIL
    ret
.endm

ROUTINE vector_maskmovdqu
    MASKED_XMM 0
END vector_maskmovdqu

ROUTINE vector_maskmovdqu_over
    MASKED_XMM 1
END vector_maskmovdqu_over

// The aligned sixteen bytes that hold the source's last byte: never another
// page, often bytes that nobody asked for.
.macro OVER_READ
    mov rax, rdi
    test rdx, rdx
    jz 1f
    lea r8, [rsi + rdx - 1]
    and r8, -16
    movdqa xmm0, [r8]
1:  HEAD
    WORDS_AND_REST
.endm

ROUTINE over_read_aligned
    OVER_READ
END over_read_aligned

ROUTINE over_read_aligned_allowed
    OVER_READ
END over_read_aligned_allowed

// A request of 2, 4 or 8 bytes in one plain access, wherever it lies.
.macro REQUEST_WHOLE
    mov rax, rdi
    cmp rdx, 8
    je 61f
    cmp rdx, 4
    je 62f
    cmp rdx, 2
    jne 63f
    ELEMENT 2
    ret
61: ELEMENT 8
    ret
62: ELEMENT 4
    ret
63:
.endm

ROUTINE vector_store
    REQUEST_WHOLE
    ROUNDS 8, "movq xmm0, [rsi]", "movq [rdi], xmm0"
END vector_store

ROUTINE vector_store_wide
    REQUEST_WHOLE
    ROUNDS 16, "movups xmm0, [rsi]", "movups [rdi], xmm0"
END vector_store_wide

ROUTINE vector_load
    REQUEST_WHOLE
    ROUNDS 8, "movq xmm0, [rsi]; movq r8, xmm0", "mov [rdi], r8"
END vector_load

ROUTINE string_store
    REQUEST_WHOLE
    HEAD
    mov rcx, rdx
    shr rcx, 3
    rep movsq
    TAIL
    ret
END string_store

ROUTINE nontemporal_store
    REQUEST_WHOLE
    ROUNDS 8, "mov r8, [rsi]", "movnti [rdi], r8; sfence"
END nontemporal_store
