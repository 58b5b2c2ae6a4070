// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
#include "ram_copy.h"

#include <string.h>

void *my_copy(void *destination, const void *source, size_t size)
{
    return ram_copy(destination, source, size);
}

// Two instructions of one text.
void *twice(void *destination, const void *source, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        *(volatile char *)destination = ((const char *)source)[i];
        __asm__ volatile("" ::: "memory");
        *(volatile char *)destination = ((const char *)source)[i];
        destination = (char *)destination + 1;
    }
    return (char *)destination - size;
}

// Stores nothing itself.
void *by_libc(void *destination, const void *source, size_t size)
{
    memcpy(destination, source, size);
    return destination;
}
