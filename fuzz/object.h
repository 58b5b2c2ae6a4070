// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the targets that take object files share: a file made of the input, and
// everything the tool does with such a file short of running its code.

#ifndef STORESCOPE_FUZZ_OBJECT_H
#define STORESCOPE_FUZZ_OBJECT_H

#include <stddef.h>
#include <stdint.h>

void object_take(const uint8_t *data, size_t size);

#endif
