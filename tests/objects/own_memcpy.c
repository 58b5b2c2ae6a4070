// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A library that brings its own memcpy and calls it by its public name, as one does
// that is bound by a program which is linked with the library. This one stores each
// byte twice.

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ((volatile char *)to)[i] = ((const volatile char *)from)[i];
        ((volatile char *)to)[i] = ((volatile char *)to)[i];
    }
    return to;
}

void *through_own(void *to, const void *from, size_t n)
{
    return memcpy(to, from, n);
}
