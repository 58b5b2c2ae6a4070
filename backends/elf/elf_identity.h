// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a file of machine code says it is: its build-id, and the compilers that made it.
// For readers of reports; nothing is decided by it. Of any CPU.

#ifndef STORESCOPE_ELF_IDENTITY_H
#define STORESCOPE_ELF_IDENTITY_H

#include <stdbool.h>

enum { ELF_BUILD_ID_MAX = 129, ELF_COMPILER_MAX = 96 };

struct elf_identity {
    char build_id[ELF_BUILD_ID_MAX]; // lower-case digits; "": it has none, as objects
    char compiler[ELF_COMPILER_MAX]; // "GCC: (Debian 12.2.0-14) 12.2.0", the first that it
                                     // names; "": none is named, or members differ
};

// False: the file cannot be read, or it says nothing.
bool elf_identity(const char *path, struct elf_identity *out);

#endif
