// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/arch.h"

#include <elf.h>

const struct arch arch_native = {
    .name = "aarch64",
    .compiler = "gcc",
    .objcopy = "objcopy",
    .package = "gcc",
    .root = "/",
    .libc = "/usr/lib/aarch64-linux-gnu/libc.a",
    .libc_package = "libc6-dev",
    .qemu = "qemu-aarch64",
    .cpu = "max",
    .machine = EM_AARCH64,
    .word_bytes = 8,
};
