// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Thread-local variables of an image. They lie in this program's own block, whose
// distance from the thread pointer is fixed, so that code can use them as it does
// when a linker makes a program of it (image_tls_CPU.c).

#include "backends/loader/linker.h"

#include <string.h>

enum { THREAD_BYTES = 16 << 10, THREAD_ALIGN = 64 };

static _Thread_local struct {
    _Alignas(THREAD_ALIGN) uint8_t bytes[THREAD_BYTES];
    size_t used;
} block __attribute__((tls_model("initial-exec")));

uint8_t *image_tls_take(size_t bytes)
{
    if (bytes > THREAD_BYTES - block.used) {
        return NULL;
    }
    uint8_t *taken = block.bytes + block.used;
    block.used += (bytes + THREAD_ALIGN - 1) & ~(size_t)(THREAD_ALIGN - 1);
    memset(taken, 0, bytes);
    return taken;
}

void image_tls_give_back(size_t bytes)
{
    block.used -= (bytes + THREAD_ALIGN - 1) & ~(size_t)(THREAD_ALIGN - 1);
}
