// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What single instructions compute and which flags they set: each routine stores a byte first where
// the lowest bits of r8 say, and then copies. prove/semantics compares each case with its path.
// One row a way in which a prover may have an instruction wrong.

.intel_syntax noprefix
.text

.macro begin name
.globl memcpy_\name
.type memcpy_\name, @function
memcpy_\name:
    mov rax, rdi
    xor r8d, r8d
.endm

.macro end name
    and r8d, 7
    cmp rdx, 8
    jb 9f
    mov byte ptr [rdi+r8], 0
9:  mov rcx, rdx
    rep movsb
    ret
.size memcpy_\name, . - memcpy_\name
.endm

// r8 is a flag that instructions leave.
#define FLAG(name, set, ...)   begin name; mov rcx, rdx; __VA_ARGS__; set r8b; end name
// ... or a number, of rcx.
#define NUMBER(name, ...)      begin name; mov rcx, rdx; mov r9, rdi; __VA_ARGS__; mov r8, rcx; end name

FLAG(shr1_carry, setc, shr rcx, 1)
FLAG(shr2_carry, setc, shr rcx, 2)
FLAG(shr3_carry, setc, shr rcx, 3)
FLAG(sar2_carry, setc, sar rcx, 2)
FLAG(shl_zero, setz, shl cl, 5)
FLAG(inc_keeps_carry, setc, cmp rdx, 9; inc rcx)
FLAG(dec_keeps_carry, setc, cmp rdx, 9; dec rcx)
FLAG(inc_zero, setz, sub rcx, 10; inc rcx)
FLAG(dec_zero, setz, nop; dec rcx)
FLAG(dec_less, setl, sub rcx, 9; dec rcx)
FLAG(neg_carry, setc, and ecx, 3; neg rcx)
FLAG(neg_sign, sets, sub rcx, 9; neg rcx)
FLAG(neg_less, setl, sub rcx, 9; neg rcx)
FLAG(below, setb, cmp rcx, 11)
FLAG(below_or_equal, setbe, cmp rcx, 11)
FLAG(above, seta, cmp rcx, 11)
FLAG(less, setl, sub rcx, 12; cmp rcx, -2)
FLAG(less_or_equal, setle, sub rcx, 12; cmp rcx, -2)
FLAG(greater, setg, sub rcx, 12; cmp rcx, -2)
FLAG(add_carry, setc, add cl, 0xf5)
FLAG(add_sign, sets, add cl, 0x75)
FLAG(bt_carry, setc, bt ecx, 1)
FLAG(bt_fourth, setc, bt rcx, 3)
FLAG(adc_carry, setc, cmp rdx, 11; adc cl, 0xf4)
FLAG(sbb_carry, setc, cmp rdx, 11; sbb rcx, 10)
FLAG(test_zero, setz, test cl, 6)
FLAG(lzcnt_carry, setc, lzcnt ecx, ecx)
NUMBER(adc, cmp rdx, 11; adc rcx, 1)
NUMBER(sbb, cmp rdx, 11; sbb rcx, 1)
NUMBER(lowest, neg rcx; and rcx, rdx)
NUMBER(without_lowest, lea r9, [rcx-1]; and rcx, r9)
NUMBER(or_number, and r9d, 3; or rcx, r9)
NUMBER(xor_number, xor rcx, 5)
NUMBER(not_number, not rcx)
NUMBER(bts, bts rcx, 1)
NUMBER(btr, btr rcx, 1)
NUMBER(btc, btc rcx, 1)
NUMBER(lzcnt32, lzcnt ecx, ecx)
NUMBER(lzcnt64, lzcnt rcx, rcx)
NUMBER(tzcnt, or rcx, 16; tzcnt rcx, rcx)
NUMBER(bsr, or rcx, 1; bsr rcx, rcx)
NUMBER(bsf, or rcx, 16; bsf rcx, rcx)
NUMBER(sar_negative, sub rcx, 13; sar rcx, 2)
NUMBER(sar_sign, sub rcx, 13; sar rcx, 62)
NUMBER(shr_negative, sub ecx, 13; shr ecx, 29)
NUMBER(of_word, mov ecx, r9d; shr rcx, 31)
NUMBER(of_word_high, mov rcx, -1; mov ecx, edx; shr rcx, 30)
NUMBER(part_of_word, mov rcx, -1; mov cl, dl; shr rcx, 2)
NUMBER(rest_of_word, mov rcx, -1; mov cl, dl; shr rcx, 6)
NUMBER(part_of_words, mov rcx, r9; mov cx, dx; shr rcx, 1)
NUMBER(second_byte, shl edx, 6; movzx ecx, dh; shr edx, 6)
NUMBER(second_byte_of, imul ecx, ecx, 0x81; movzx ecx, ch)
NUMBER(sign_of_byte, shl cl, 4; movsx ecx, cl; shr ecx, 5)
NUMBER(sign_of_word, sub ecx, 9; movsxd rcx, ecx; shr rcx, 61)
NUMBER(cdqe, lea eax, [rcx-9]; cdqe; mov rcx, rax; mov rax, rdi; shr rcx, 40)
NUMBER(cwde, lea eax, [rcx-9]; and eax, 0xffff; cwde; mov ecx, eax; mov rax, rdi; shr ecx, 29)
NUMBER(cmov_word, mov rcx, -1; cmp edx, 12; cmovb ecx, edx; shr rcx, 30)
NUMBER(cmov, cmp rdx, 13; cmovae rcx, r9)
NUMBER(set_above, cmp rdx, 13; seta cl)
NUMBER(bzhi, mov r9, -1; bzhi r9, r9, rdx; mov rcx, r9; shr rcx, 3)
NUMBER(scaled, lea rcx, [rdx+rdx*4+3])
NUMBER(scaled_two, lea rcx, [rcx*2+1])
NUMBER(multiplied, imul rcx, rcx, 11)
NUMBER(divided, mov eax, edx; mov r10, rdx; xor edx, edx; mov ecx, 4; div ecx; mov ecx, edx; mov rdx, r10; mov rax, rdi)
NUMBER(quotient, mov eax, edx; mov r10, rdx; xor edx, edx; mov ecx, 4; div ecx; mov ecx, eax; mov rdx, r10; mov rax, rdi)
NUMBER(pushed, push rcx; movzx ecx, byte ptr [rsp]; pop r10)
NUMBER(pushed_second, mov r10, rcx; shl r10, 7; push r10; movzx ecx, byte ptr [rsp+1]; pop r10)
NUMBER(pushed_twice, push rdi; push rcx; mov rcx, [rsp+8]; pop r10; pop r10)
NUMBER(exchanged, xchg rcx, r9)
NUMBER(left, mov ecx, 3; test rdx, rdx; je 1f; cmp rdx, 3; jb 1f; mov r10, rsi; rep movsb; mov rcx, rsi; sub rcx, r10; mov rsi, r10; mov rdi, rax; 1:)

.section .note.GNU-stack, "", @progbits
