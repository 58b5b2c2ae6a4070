// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "check.h"
#include "storecopy.h"

#include <string.h>

void *storecopy_qemu_ram(void *dst, const void *src, size_t n)
{
    CHECK_BUFFERS(dst, src, n);
    uintptr_t both = (uintptr_t)dst | (uintptr_t)src;
    if (n > WHOLE_MAX || (n & (n - 1)) != 0 || (both & (n - 1)) != 0 || n == 0)
        return memmove(dst, src, n);
    if (n == 1)
        store_aligned_8(dst, load_aligned_8(src));
    else if (n == 2)
        store_aligned_16(dst, load_aligned_16(src));
    else if (n == 4)
        store_aligned_32(dst, load_aligned_32(src));
    else
        store_aligned_64(dst, load_aligned_64(src));
    return dst;
}
