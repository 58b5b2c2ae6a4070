// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Routines for own.sh. A device's counter of writes is stood in for by a number at offset
// 0x40 of the destination's page, which they raise themselves.

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

enum { COUNTER = 0x40, PAGE = 4096 };

static void copy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((volatile uint8_t *)to)[i] = ((const volatile uint8_t *)from)[i];
}

static void count(void *to, size_t writes)
{
    *(volatile uint32_t *)((uintptr_t)to / PAGE * PAGE + COUNTER) += (uint32_t)writes;
}

void *counted(void *to, const void *from, size_t n)
{
    copy(to, from, n);
    count(to, n);
    return to;
}

void *counted_twice(void *to, const void *from, size_t n)
{
    copy(to, from, n);
    count(to, 2 * n);
    return to;
}

void *uncounted(void *to, const void *from, size_t n)
{
    copy(to, from, n);
    return to;
}

void *overruns(void *to, const void *from, size_t n)
{
    copy(to, from, n);
    ((volatile uint8_t *)to)[n + 2] = 0xe7;
    *(volatile uint8_t *)(uintptr_t)from ^= 0xff;
    return to;
}

void *forks(void *to, const void *from, size_t n)
{
    copy(to, from, n);
    fork();
    return to;
}

void *exits(void *to, const void *from, size_t n)
{
    copy(to, from, n);
    _exit(3);
}

void *traps(void *to, const void *from, size_t n)
{
    (void)from, (void)n;
    if (to != NULL)
        __builtin_trap();
    return to;
}

// Something that no recorder takes.
void *asks(void *to, const void *from, size_t n)
{
    copy(to, from, n * (getppid() > 0));
    return to;
}

void words(size_t count, const void *from, void *to)
{
    copy(to, from, 4 * count);
}

// For what the test does to the file.
void *waits(void *to, const void *from, size_t n)
{
    while (access("cut", F_OK) != 0)
        continue;
    for (size_t i = 0; i < n; i++)
        ((volatile uint8_t *)to)[i] = ((const volatile uint8_t *)from)[i];
    return to;
}
