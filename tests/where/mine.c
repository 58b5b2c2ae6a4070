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

// As g++ names hw::put(char volatile*, char), which lies before what calls it, and
// hw::Bar::copy(void*, void const*, unsigned long).
void put_twice(volatile char *to, char value) __asm__("_ZN2hw3putEPVcc");
void *method(void *destination, const void *source, size_t size) __asm__("_ZN2hw3Bar4copyEPvPKvm");

__attribute__((noinline)) void put_twice(volatile char *to, char value)
{
    *to = value;
    __asm__ volatile("" ::: "memory");
    *to = value;
}

void *method(void *destination, const void *source, size_t size)
{
    for (size_t i = 0; i < size; i++)
        put_twice((char *)destination + i, ((const char *)source)[i]);
    return destination;
}

// Stores nothing itself.
void *by_libc(void *destination, const void *source, size_t size)
{
    memcpy(destination, source, size);
    return destination;
}
