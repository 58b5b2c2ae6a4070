// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include <stddef.h>

namespace board {
void *copy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        static_cast<volatile char *>(to)[i] = static_cast<const volatile char *>(from)[i];
    return to;
}
} // namespace board
