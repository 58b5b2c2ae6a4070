// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Tells apart what differs by accident, not what somebody made to be taken for another:
// FNV-1a, 64 bits.

#ifndef STORESCOPE_BASE_DIGEST_H
#define STORESCOPE_BASE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#define DIGEST_START UINT64_C(0xcbf29ce484222325)

// Of what gave DIGEST, and BYTES behind it; of a text with its end.
uint64_t digest_bytes(uint64_t digest, const void *bytes, size_t length);
uint64_t digest_text(uint64_t digest, const char *text);
uint64_t digest_number(uint64_t digest, uint64_t number);

// What the file holds; 0 when it cannot be read.
uint64_t digest_file(const char *path);

#endif
