// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a file is that is no ELF, in words, so that a person knows what to do. Looks at
// its first bytes, which may be anything.

#ifndef STORESCOPE_FOREIGN_FILE_H
#define STORESCOPE_FOREIGN_FILE_H

#include <stdbool.h>
#include <stddef.h>

enum { FOREIGN_FILE_BYTES = 64 }; // that foreign_file_kind looks at

// A phrase after "is": "LLVM bitcode (clang -flto), no machine code; compile without
// -flto". NULL when nothing is known of the first LENGTH bytes.
const char *foreign_file_kind(const void *bytes, size_t length);

#endif
