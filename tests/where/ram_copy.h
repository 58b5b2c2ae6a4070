// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A copy as drivers have them: in a header, from the last byte down, a function in a
// function. The test names its lines.
#include <stddef.h>

static inline void put_byte(volatile char *to, const char *from)
{
    *to = *from;
}

static inline void *ram_copy(void *destination, const void *source, size_t size)
{
    for (size_t i = size; i-- > 0;)
        put_byte((volatile char *)destination + i, (const char *)source + i);
    return destination;
}
