// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "board/guest/guest_cpu.h"

#include <elf.h>
#include <stddef.h>

static const uint32_t aarch64[GUEST_BYTES / 4] = {
#include "board/guest/aarch64.inc"
};

static const uint32_t riscv64[GUEST_BYTES / 4] = {
#include "board/guest/riscv64.inc"
};

static const uint32_t x86_64[GUEST_BYTES / 4] = {
#include "board/guest/x86_64.inc"
};

static const struct emulator_option no_options[] = {{NULL, NULL}};
static const struct emulator_option no_firmware[] = {{"-bios", "none"}, {NULL, NULL}};

static const struct guest_cpu cpus[] = {
    // Descriptors of the Arm ARM's D8.3: AF, inner shareable, write-back by attribute 1 of MAIR,
    // Device-nGnRnE by attribute 0. TCR: 39 bits; write-back, inner shareable walks; no TTBR1;
    // 40 physical bits.
    {.machine = EM_AARCH64,
     .name = "AArch64",
     .target = "aarch64",
     .starts = "whose AArch64 CPU starts at EL1, such as `qemu-system-aarch64 -M virt'",
     .code = aarch64,
     .words_max = 8,
     .words = {0xff00, UINT64_C(25) | 1 << 8 | 1 << 10 | 3 << 12 | 1 << 23 | UINT64_C(2) << 32},
     .paging = {.table = 3, .memory = 1 << 10 | 3 << 8 | 1 << 2 | 1, .device = 1 << 10 | 1},
     .options = no_options},
    // The privileged specification's 4.4 (Sv39): D, A, X, W, R, V. satp's mode is 8. What memory
    // is a device's, the machine says.
    {.machine = EM_RISCV,
     .name = "RISC-V of 64 bits",
     .target = "riscv64",
     .starts = "whose first CPU has S-mode and Sv39, such as `qemu-system-riscv64 -M virt'",
     .code = riscv64,
     .words_max = 8,
     .root = 12,
     .root_or = UINT64_C(8) << 60,
     .paging = {.shift = 2, .table = 1, .memory = 0xcf, .device = 0xcf},
     .options = no_firmware},
    // SDM vol. 3A, 4.5: P, R/W; A, D, PS; PCD and PWT for devices. In real mode the CPU adds
    // 0xffff0000 to the loader's address, and drops what is above 32 bits.
    {.machine = EM_X86_64,
     .name = "x86-64",
     .target = "x86_64",
     .starts = "of x86-64 with RAM from address 0 on, such as `qemu-system-x86_64 -M pc'",
     .code = x86_64,
     .words_max = 6,
     .start = 0x10000,
     .paging = {.table = 3, .memory = 0xe3, .device = 0xfb, .top = true},
     .model = "max",
     .options = no_options},
};

enum { CPU_COUNT = sizeof cpus / sizeof *cpus };

const struct guest_cpu *guest_cpu_of(uint16_t machine)
{
    for (size_t i = 0; i < CPU_COUNT; i++)
        if (cpus[i].machine == machine)
            return &cpus[i];
    return NULL;
}

const char *guest_cpu_names(void)
{
    return "AArch64, RISC-V of 64 bits and x86-64";
}
