// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The guest (guest_cpu.h) for RISC-V: starts in M-mode, and goes to S-mode for its MMU. What
// traps there comes back to M-mode, whose handler lies where the guest does.

    .option norvc
    .option norelax
    .text
start:
    lla s4, start
    li t0, 4096
    add s4, s4, t0
    csrr t0, misa
    srli t0, t0, 18 // S
    andi t0, t0, 1
    beqz t0, stop
    lla t0, protected // where there is no PMP, its registers trap
    csrw mtvec, t0
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f // all of memory, for all modes
    csrw pmpcfg0, t0
    .balign 4
protected:
    lla t0, vectors
    csrw mtvec, t0
    csrw medeleg, zero
    csrw mie, zero
    ld t0, 0(s4)
    csrw satp, t0
    sfence.vma
    li t0, 0x1800 // MPP
    csrc mstatus, t0
    li t0, 0x6e00 // FS and VS on, MPP: S-mode
    csrs mstatus, t0
    lla t0, mapped
    csrw mepc, t0
    mret
mapped:
    ld s5, 24(s4)
    addi s6, s4, 64
next:
    sd s5, 32(s4) // for who faults
    sd s6, 40(s4)
    beqz s5, done
    ld t1, 0(s6)
    ld a0, 8(s6)
    ld a1, 16(s6)
    ld a2, 24(s6)
    ld a3, 32(s6)
    ld a4, 40(s6)
    ld a5, 48(s6)
    ld a6, 56(s6)
    ld a7, 64(s6)
    ld sp, 72(s6)
    ld tp, 48(s4)
    ld gp, 56(s4)
    li s0, 0
    j begin

    .org 0x200
begin:
    nop
    jalr t1
    .org 0x208
end:
    nop
after:
    lla s4, start
    li t0, 4096
    add s4, s4, t0
    ld s5, 32(s4)
    ld s6, 40(s4)
    addi s6, s6, 128
    addi s5, s5, -1
    j next

    .org 0x300
done:
    nop
stop:
    wfi
    j stop

    .org 0x800
vectors:
    lla t0, after
    csrw mepc, t0
    mret
    .org 0x1000
