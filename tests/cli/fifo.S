// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Ways to take from a FIFO, right and wrong, for x86-64: by each kind of instruction that a
// recorder has to follow. The test records each by two recorders.
	.intel_syntax noprefix
	.text
.macro F name
	.globl \name
	.type \name,@function
\name:
.endm
F lods4
	mov rax, rdi
	mov rcx, rdx
	shr rcx, 2
1:	jrcxz 2f
	push rsi
	push rax
	lodsd
	mov [rdi], eax
	add rdi, 4
	pop rax
	pop rsi
	dec rcx
	jmp 1b
2:	ret
F movs4
	mov rax, rdi
	mov r8, rdx
1:	cmp r8, 4
	jb 2f
	movsd
	sub rsi, 4
	sub r8, 4
	jmp 1b
2:	ret
F rep_movs
	mov rax, rdi
	mov rcx, rdx
	rep movsb
	ret
F gather
	mov rax, rdi
	mov r8, rdx
	vpxor ymm1, ymm1, ymm1
1:	cmp r8, 4
	jb 2f
	vpcmpeqd ymm2, ymm2, ymm2
	vpgatherdd ymm0, [rsi+ymm1*4], ymm2
	vmovd [rdi], xmm0
	add rdi, 4
	sub r8, 4
	jmp 1b
2:	vzeroupper
	ret
F by_push
	mov rax, rdi
	mov r8, rdx
1:	cmp r8, 8
	jb 2f
	push qword ptr [rsi]
	pop qword ptr [rdi]
	add rdi, 8
	sub r8, 8
	jmp 1b
2:	ret
F by_add
	mov rax, rdi
	mov r8, rdx
1:	cmp r8, 4
	jb 2f
	xor ecx, ecx
	add ecx, dword ptr [rsi]
	mov [rdi], ecx
	add rdi, 4
	sub r8, 4
	jmp 1b
2:	ret
F vector
	mov rax, rdi
	mov r8, rdx
1:	cmp r8, 8
	jb 2f
	movq xmm0, qword ptr [rsi]
	movq qword ptr [rdi], xmm0
	add rdi, 8
	sub r8, 8
	jmp 1b
2:	ret
F wide
	mov rax, rdi
	vmovdqu ymm5, [rsi]
	vmovdqu xmm0, [rsi]
	vmovdqu [rdi], xmm0
	vzeroupper
	ret
F keeps_flags
	mov rax, rdi
	mov r8, rdx
	shr r8, 2
	test r8, r8
1:	jz 2f
	mov ecx, [rsi]
	mov [rdi], ecx
	lea rdi, [rdi+4]
	dec r8
	mov ecx, [rax]
	jmp 1b
2:	ret
F stores_back
	mov rax, rdi
	mov r8, rdx
1:	cmp r8, 4
	jb 2f
	mov ecx, [rsi]
	mov [rdi], ecx
	mov dword ptr [rsi], 7
	add rdi, 4
	sub r8, 4
	jmp 1b
2:	ret
F stored_twice
	mov rax, rdi
	mov r8, rdx
1:	cmp r8, 4
	jb 2f
	mov ecx, [rsi]
	mov [rdi], cl
	mov [rdi], ecx
	add rdi, 4
	sub r8, 4
	jmp 1b
2:	ret
F by_call
	mov rax, rdi
	push rax
	sub rsp, 8
	call keeps_flags
	add rsp, 8
	pop rax
	ret
F compares
	mov rax, rdi
	push rsi
	mov rcx, 3
	repe cmpsb
	pop rsi
	jmp keeps_flags
F backwards
	mov rax, rdi
	mov r8, rdx
	mov rcx, 2
	lea rsi, [rsi+1]
	std
	rep lodsb
	cld
	ret
	.section .note.GNU-stack,"",@progbits
