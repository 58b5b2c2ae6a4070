// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Hostile machine code: state that is not given back, stacks that are not the
// caller's, instructions that leave user code, control flow that misleads a
// decoder, and loops without an end. rdi destination, rsi source, rdx bytes.

    .intel_syntax noprefix
    .section .note.GNU-stack, "", @progbits

    .bss
    .balign 16
other_stack:
    .skip 8192
other_stack_top:

    .text

// rax is the destination; rcx, r8, r9 and r10 change. Each byte once, ascending,
// each aligned element whole.
    .type copy, @function
copy:
    mov rax, rdi
    xor ecx, ecx
1:  cmp rcx, rdx
    jae 9f
    mov r8, rdx
    sub r8, rcx
    lea r9, [rdi + rcx]
    cmp r8, 8
    jb 2f
    test r9b, 7
    jnz 2f
    mov r10, [rsi + rcx]
    mov [r9], r10
    add rcx, 8
    jmp 1b
2:  cmp r8, 4
    jb 3f
    test r9b, 3
    jnz 3f
    mov r10d, [rsi + rcx]
    mov [r9], r10d
    add rcx, 4
    jmp 1b
3:  cmp r8, 2
    jb 4f
    test r9b, 1
    jnz 4f
    mov r10w, [rsi + rcx]
    mov [r9], r10w
    add rcx, 2
    jmp 1b
4:  mov r10b, [rsi + rcx]
    mov [r9], r10b
    inc rcx
    jmp 1b
9:  ret
    .size copy, . - copy

.macro ROUTINE name
    .balign 16
    .globl \name
    .type \name, @function
\name:
    endbr64
.endm

.macro END name
    .size \name, . - \name
.endm

// A copy, and then these lines.
.macro AFTER name, lines
ROUTINE \name
    call copy
    \lines
    ret
END \name
.endm

// ---- sane, but seldom seen ----

ROUTINE returns_by_jump
    call copy
    pop rcx
    jmp rcx
END returns_by_jump

// The immediate of the mov is a jump over it when it is entered in its middle:
// both ways of decoding these bytes run.
ROUTINE overlapping_code
    xor ecx, ecx
1:  .byte 0xb8                  // mov eax, imm32
2:  .byte 0xeb, 0x06, 0x90, 0x90 // jmp short, to the nops
    inc ecx
    jmp 2b
    nop
    nop
3:  jmp copy
END overlapping_code

AFTER reads_clock, "rdtsc; mov rax, rdi"

ROUTINE asks_cpuid
    call copy
    push rbx
    xor eax, eax
    cpuid
    pop rbx
    mov rax, rdi
    ret
END asks_cpuid

// ---- state that is the caller's ----

.macro CLOBBERS reg
ROUTINE clobbers_\reg
    call copy
    not \reg
    ret
END clobbers_\reg
.endm

CLOBBERS rbx
CLOBBERS rbp
CLOBBERS r12
CLOBBERS r13
CLOBBERS r14
CLOBBERS r15

AFTER leaves_direction, "std"
AFTER leaves_rounding, "stmxcsr [rsp - 8]; or dword ptr [rsp - 8], 0x6000; ldmxcsr [rsp - 8]"
AFTER leaves_unmasked, "stmxcsr [rsp - 8]; and dword ptr [rsp - 8], 0xffffe07f; ldmxcsr [rsp - 8]"
AFTER leaves_x87_rounding, "fnstcw [rsp - 8]; or word ptr [rsp - 8], 0xc00; fldcw [rsp - 8]"
AFTER leaves_x87_full, "fld1; fld1; fld1; fld1; fld1; fld1; fld1; fld1"

ROUTINE leaves_alignment_check
    call copy
    pushfq
    or dword ptr [rsp], 0x40000
    popfq
    ret
END leaves_alignment_check

ROUTINE leaves_single_step
    call copy
    pushfq
    or dword ptr [rsp], 0x100
    popfq
    ret
END leaves_single_step

ROUTINE returns_16_too_low
    call copy
    pop rcx
    sub rsp, 16
    push rcx
    ret
END returns_16_too_low

ROUTINE returns_8_too_high
    call copy
    ret 8
END returns_8_too_high

ROUTINE returns_on_static_stack
    call copy
    pop rcx
    lea rsp, other_stack_top[rip]
    push rcx
    ret
END returns_on_static_stack

// As a switch of contexts does: everything moves over and nothing comes back.
ROUTINE returns_on_malloced_stack
    push rdi
    push rsi
    push rdx
    mov edi, 65536
    call malloc@PLT
    pop rdx
    pop rsi
    pop rdi
    pop rcx
    lea rsp, [rax + 65536]
    push rcx
    jmp copy
END returns_on_malloced_stack

// The destination as the stack.
ROUTINE returns_on_destination
    call copy
    pop rcx
    mov rsp, rdi
    push rcx
    ret
END returns_on_destination

ROUTINE returns_into_caller
    call copy
    add rsp, 8
    ret
END returns_into_caller

// ---- instructions that leave user code ----

AFTER executes_int3, "int3"
AFTER executes_int1, ".byte 0xf1"
AFTER executes_ud2, "ud2"
AFTER executes_hlt, "hlt"
AFTER executes_cli, "cli"
AFTER executes_rdmsr, "rdmsr"
AFTER executes_rdpmc, "rdpmc"
AFTER executes_in, "in al, dx"
AFTER executes_lock_nop, ".byte 0xf0, 0x90"
AFTER executes_16_bytes, ".byte 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x90"
AFTER executes_invalid, ".byte 0x06"
AFTER executes_syscall, "mov eax, 39; syscall"
AFTER executes_sysenter, "sysenter"
AFTER executes_int80, "mov eax, 20; int 0x80"
AFTER executes_iretq, "iretq"
AFTER executes_xbegin, "xbegin 1f; 1: xend"
AFTER executes_wrfsbase, "wrfsbase rdi"
AFTER executes_wrgsbase, "wrgsbase rdi"
AFTER executes_rdpkru, "xor ecx, ecx; rdpkru; mov rax, rdi"
AFTER executes_wrpkru, "xor ecx, ecx; xor edx, edx; mov eax, 0x55555554; wrpkru"
AFTER executes_loads_fs, "xor ecx, ecx; mov fs, cx"
AFTER executes_divide_by_zero, "xor ecx, ecx; div ecx"

// To 32-bit code, which the segment selector 0x23 makes of these bytes.
ROUTINE far_return
    call copy
    lea rcx, 1f[rip]
    push 0x23
    push rcx
    retfq
1:  hlt
END far_return

ROUTINE far_jump
    call copy
    jmp fword ptr 1f[rip]
1:  .quad 0
    .word 0x23
END far_jump

AFTER stores_stack_protector, "mov fs:[0x28], rdi"
AFTER stores_gs, "mov gs:[0x28], rdi"

// ---- control flow ----

AFTER jumps_to_null, "xor ecx, ecx; jmp rcx"
AFTER jumps_noncanonical, "movabs rcx, 0x8000000000000000; jmp rcx"
AFTER jumps_to_stack, "sub rsp, 64; mov byte ptr [rsp], 0xc3; jmp rsp"
AFTER jumps_to_data, "lea rcx, other_stack[rip]; jmp rcx"
AFTER jumps_to_source, "jmp rsi"

// The code that the caller's return address names, not as its continuation but
// as a routine.
ROUTINE calls_return_address
    call copy
    mov rcx, [rsp]
    call rcx
    ret
END calls_return_address

// The store is inside of the immediate that the first pass runs through.
ROUTINE overlapping_store
    call copy
    xor ecx, ecx
1:  .byte 0x49, 0xb9                                     // mov r9, imm64
2:  .byte 0xc6, 0x44, 0x17, 0x01, 0x5a, 0x90, 0x90, 0xc3 // mov byte ptr [rdi + rdx + 1], 0x5a
    test ecx, ecx
    jnz 3f
    inc ecx
    jmp 2b
3:  ret
END overlapping_store

// No return at its end.
ROUTINE falls_off
    call copy
    .balign 16, 0xcc
END falls_off

// An entry of the kernel that is called, not entered by an instruction: it stores
// the time where rdi says.
ROUTINE calls_vsyscall
    call copy
    push rax
    xor esi, esi
    mov rax, 0xffffffffff600000
    call rax
    pop rax
    ret
END calls_vsyscall

// ---- accesses that an operand does not show ----

// The destination by an address relative to the thread's own.
ROUTINE copies_through_fs
    mov rax, rdi
    sub rdi, fs:[0]
    xor ecx, ecx
1:  cmp rcx, rdx
    jae 2f
    mov r8b, [rsi + rcx]
    mov fs:[rdi + rcx], r8b
    inc rcx
    jmp 1b
2:  ret
END copies_through_fs

// A bit string: the byte depends on the number of the bit.
AFTER sets_bit_far_away, "mov ecx, 8 * 4096 * 3; bts [rdi], rcx"
AFTER sets_bit_before, "mov rcx, -1; bts [rdi], rcx"

// A comparison that fails stores what it has found.
AFTER compares_and_fails, "mov r8, rax; mov al, [rsi]; not al; lock cmpxchg [rdi], dl; mov rax, r8"

// A return address passes through the destination.
ROUTINE calls_on_destination
    mov r11, rsp
    lea rsp, [rdi + 8]
    call 1f
1:  mov rsp, r11
    call copy
    ret
END calls_on_destination

// pop's destination is addressed by the stack pointer after the pop.
ROUTINE pops_beyond
    call copy
    mov r8, rsp
    mov rsp, rsi
    sub rdi, rsi
    add rdi, rdx
    pop qword ptr [rsp + rdi - 8]
    mov rsp, r8
    ret
END pops_beyond

// Two lanes of one scatter store to one place.
ROUTINE scatters_twice
    call copy
    mov ecx, 3
    kmovd k1, ecx
    vpxord xmm16, xmm16, xmm16
    vpbroadcastd xmm17, [rsi]
    vpscatterdd [rdi + xmm16]{k1}, xmm17
    ret
END scatters_twice

// AMD's store of a whole line, whatever the operands of others say.
AFTER clears_line, "clzero"

// What the kernel reads at the next switch of threads, and kills for.
ROUTINE breaks_restartable_sequence
    call copy
    mov rcx, __rseq_offset@GOTPCREL[rip]
    mov rcx, [rcx]
    add rcx, fs:[0]
    mov qword ptr [rcx + 8], 0x1234
    mov ecx, 400000000
1:  dec ecx
    jnz 1b
    ret
END breaks_restartable_sequence

// ---- without an end ----

AFTER spins_forever, "1: jmp 1b"
AFTER spins_with_pause, "1: pause; jmp 1b"
AFTER spins_storing, "1: mov [rdi], al; jmp 1b"
AFTER spins_loading, "1: mov cl, [rsi]; jmp 1b"
AFTER spins_calling, "1: call 2f; jmp 1b; 2: ret"
AFTER recurses, "1: call 1b"
AFTER pushes_forever, "1: push rax; jmp 1b"
AFTER takes_64_mib_of_stack, "sub rsp, 0x4000000; mov [rsp], rax; add rsp, 0x4000000"
AFTER counts_too_far, "mov rcx, -1; rep movsb"
AFTER jumps_everywhere, "lea rcx, 1f[rip]; 1: add rcx, 1; jmp rcx"

// ---- by what an earlier call left on the stack ----

// Counts its calls in its own frame, far down, which nobody clears.
ROUTINE counts_in_stack
    call copy
    inc qword ptr [rsp - 8192]
    movabs r8, 0x7fffffffffffff00
    and r8, [rsp - 8192]
    jnz 1f
    cmp qword ptr [rsp - 8192], 20
    jb 1f
    mov [rdi + rdx], cl
1:  ret
END counts_in_stack

// Misbehaves the first time it runs in a process, before it calls anything.
ROUTINE bad_when_new
    movabs r8, 0x1122334455667788
    cmp [rsp - 8192], r8
    je 1f
    mov [rsp - 8192], r8
    mov rcx, place_shared@GOTPCREL[rip]
    mov rcx, [rcx]
    mov byte ptr [rcx + 2048], 0x5a
1:  lea rcx, copy[rip]
    jmp rcx
END bad_when_new

// A store to the tool, and then an instruction that no recorder takes.
ROUTINE stores_and_is_refused
    call copy
    mov rcx, place_shared@GOTPCREL[rip]
    mov rcx, [rcx]
    mov byte ptr [rcx + 2048], 0x5a
    mov eax, 39
    syscall
    mov rax, rdi
    ret
END stores_and_is_refused
