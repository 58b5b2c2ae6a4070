// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/arch.h"

#include <elf.h>

const struct arch arch_native = {
    .name = "x86-64",
    .compiler = "gcc",
    .objcopy = "objcopy",
    .package = "gcc",
    .root = "/",
    .libc = "/usr/lib/x86_64-linux-gnu/libc.a",
    .libc_package = "libc6-dev",
    .qemu = "qemu-x86_64",
    .cpu = "max",
    .machine = EM_X86_64,
    .word_bytes = 8,
};
