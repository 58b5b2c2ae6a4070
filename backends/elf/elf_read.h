// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What elf_sound.c and elf_sound_load.c share. Nobody else includes this.

#ifndef STORESCOPE_ELF_READ_H
#define STORESCOPE_ELF_READ_H

#include "backends/elf/elf_sound.h"

#include <elf.h>

// Bytes of the file from `at` on. An archive's members are small and looked at in
// order: without it, the libc's takes five thousand system calls each time that a
// worker starts.
enum { ELF_WINDOW_BYTES = 1 << 16 };
struct elf_window {
    uint64_t at;
    size_t length;
    uint8_t bytes[ELF_WINDOW_BYTES];
};

// All of LENGTH bytes at OFFSET of the file, or false.
bool elf_read(const struct elf_source *source, uint64_t offset, void *out, size_t length);

#endif
