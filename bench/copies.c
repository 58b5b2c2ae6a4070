// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// COUNT copies of SIZE bytes by the libc's memcpy: what a tool that traces
// whole programs is given to trace.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned char from[4096], to[4096];

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: %s SIZE COUNT\n", argv[0]);
        return 2;
    }
    const size_t size = strtoul(argv[1], NULL, 10);
    const unsigned long count = strtoul(argv[2], NULL, 10);
    if (size > sizeof from)
        return 2;
    // Volatile, so that the compiler makes the calls.
    void *(*volatile copy)(void *, const void *, size_t) = memcpy;
    for (unsigned long i = 0; i < count; i++)
        copy(to, from, size);
    return 0;
}
