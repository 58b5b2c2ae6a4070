// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The guest (guest_cpu.h) for x86-64: starts in real mode at an address that real mode's
// base is subtracted from, and goes through protected mode to long mode. In real mode a few
// bytes below 0x7000 are its stack.

    .set IDT, 0x1e000 // from the start
    .set STACK_END, 0x60000
    .set SKEW, 0x10000
    .text
    .code16
start:
    cli
    movl $0x7000, %esp
    calll here
here:
    popl %ebx
    subl $(here - start + SKEW), %ebx
    leal (gdt - start)(%ebx), %eax
    pushl %eax
    pushw $(gdt_end - gdt - 1)
    lgdtl (%esp)
    movl %cr0, %eax
    orl $1, %eax // PE
    movl %eax, %cr0
    leal (protected - start)(%ebx), %eax
    pushl $8
    pushl %eax
    lretl
    .code32
protected:
    movl $16, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    leal STACK_END(%ebx), %esp
    movl %cr4, %eax
    orl $0x620, %eax // PAE, OSFXSR, OSXMMEXCPT
    movl %eax, %cr4
    movl 0x1000(%ebx), %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx
    rdmsr
    orl $0x100, %eax // LME
    wrmsr
    movl %cr0, %eax
    andl $~0xc, %eax // EM, TS
    orl $0x80000002, %eax // PG, MP
    movl %eax, %cr0
    leal (mapped - start)(%ebx), %eax
    pushl $24
    pushl %eax
    lretl

    .code64
begin_call:
    jmp begin
mapped:
    leaq start(%rip), %rbx
    leaq 0x1000(%rbx), %r12
    movl $1, %eax
    xorl %ecx, %ecx
    cpuid
    btl $26, %ecx // XSAVE
    jnc no_vectors
    movq %cr4, %rax
    orl $0x40000, %eax // OSXSAVE
    movq %rax, %cr4
    movl $13, %eax
    xorl %ecx, %ecx
    cpuid
    andl $0xe7, %eax // x87, SSE, AVX, AVX-512
    xorl %edx, %edx
    xorl %ecx, %ecx
    xsetbv
no_vectors:
    leaq start(%rip), %rbx // cpuid's
    leaq IDT(%rbx), %rdi
    leaq vectors(%rip), %rax
    movl $32, %ecx
1:
    movw %ax, (%rdi)
    movw $24, 2(%rdi)
    movw $0x8e00, 4(%rdi)
    movq %rax, %rdx
    shrq $16, %rdx
    movw %dx, 6(%rdi)
    shrq $16, %rdx
    movq %rdx, 8(%rdi)
    addq $16, %rdi
    decl %ecx
    jnz 1b
    movq %r12, %rsp
    leaq IDT(%rbx), %rax
    movq %rax, -8(%rsp)
    movw $(32 * 16 - 1), -10(%rsp)
    lidt -10(%rsp)
    movl $0xc0000100, %ecx // FS's base
    movq 48(%r12), %rax
    xorl %edx, %edx
    wrmsr
    movq 24(%r12), %r13
    leaq 64(%r12), %r14
next:
    movq %r13, 32(%r12) // for who faults
    movq %r14, 40(%r12)
    testq %r13, %r13
    jz done
    movq (%r14), %rax
    movq 8(%r14), %rdi
    movq 16(%r14), %rsi
    movq 24(%r14), %rdx
    movq 32(%r14), %rcx
    movq 40(%r14), %r8
    movq 48(%r14), %r9
    movq 72(%r14), %rsp
    xorl %ebp, %ebp
    cld
    jmp begin_call

    .org 0x200
begin:
    nop
    call *%rax
    .org 0x208, 0x90
end:
    nop
after:
    leaq start(%rip), %r12
    addq $0x1000, %r12
    movq 32(%r12), %r13
    movq 40(%r12), %r14
    subq $-128, %r14
    decq %r13
    jmp next

    .org 0x300
done:
    nop
stop:
    hlt
    jmp stop

    .balign 16
gdt:
    .quad 0
    .quad 0x00cf9b000000ffff // 8: 32-bit code
    .quad 0x00cf93000000ffff // 16: data
    .quad 0x00af9b000000ffff // 24: 64-bit code
gdt_end:

    .org 0x800
vectors:
    jmp after
    .org 0x1000
