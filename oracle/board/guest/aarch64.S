// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The guest (guest_cpu.h) for AArch64: runs at EL1. aarch64.inc has what this assembles to;
// the test board/words compares them.

    .text
start:
    adr x20, start
    add x20, x20, #4096
    mrs x0, CurrentEL
    cmp x0, #4
    b.ne stop
    mov x0, #3 << 20 // floating point does not trap
    msr cpacr_el1, x0
    ldp x0, x1, [x20]
    msr ttbr0_el1, x0
    msr mair_el1, x1
    ldp x0, x21, [x20, #16]
    msr tcr_el1, x0
    adr x0, vectors
    msr vbar_el1, x0
    isb
    mrs x0, sctlr_el1
    mov x1, #0x1005 // M, C, I
    orr x0, x0, x1
    bic x0, x0, #2 // A: an access need not be aligned
    msr sctlr_el1, x0
    isb
    ldr x0, [x20, #48]
    msr tpidr_el0, x0
    add x22, x20, #64
next:
    stp x21, x22, [x20, #32] // for who faults
    cbz x21, done
    ldr x9, [x22]
    ldp x0, x1, [x22, #8]
    ldp x2, x3, [x22, #24]
    ldp x4, x5, [x22, #40]
    ldp x6, x7, [x22, #56]
    ldr x10, [x22, #72]
    mov sp, x10
    mov x29, #0
    b begin

    .org 0x200
begin:
    nop
    blr x9
    .org 0x208
end:
    nop
after:
    adr x20, start
    add x20, x20, #4096
    ldp x21, x22, [x20, #32]
    add x22, x22, #128
    sub x21, x21, #1
    b next

    .org 0x300
done:
    nop
stop:
    wfi
    b stop

    .org 0x800
vectors:
    .rept 16
    .balign 128, 0
    adr x0, after
    msr elr_el1, x0
    eret
    .endr
    .org 0x1000
