// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "check.h"
#include "lines.h"
#include "paths.h"

#if defined(__x86_64__)
#define END_COPY() fence_stores()
#elif defined(__aarch64__)
// A barrier that waits for the stores' completion: Normal Non-cacheable memory
// gathers them (Arm ARM, B2.3.12).
#define END_COPY() __asm__ volatile("dsb st" ::: "memory")
#else
#define END_COPY() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#endif

INLINE void *wc(void *dst, const void *src, size_t n, size_t widest)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    if (overwrites_ahead(dst, src, n))
        return NULL;
    size_t head = before_lines(to, n);
    steps_up(to, from, head, WHOLE_MAX);
    to += head, from += head, n -= head;
    for (; n >= LINE; to += LINE, from += LINE, n -= LINE)
        line(to, from, widest);
    steps_up(to, from, n, WHOLE_MAX);
    END_COPY();
    return dst;
}

void *storecopy_wc_portable(void *dst, const void *src, size_t n)
{
    return wc(dst, src, n, WHOLE_MAX);
}

#if STORECOPY_VECTORS
void *storecopy_wc_sse2(void *dst, const void *src, size_t n)
{
    return wc(dst, src, n, 16);
}

void *storecopy_wc_avx2(void *dst, const void *src, size_t n)
{
    void *result = wc(dst, src, n, 32);
    end_256();
    return result;
}

void *storecopy_wc_avx512(void *dst, const void *src, size_t n)
{
    return wc(dst, src, n, 64);
}
#endif

void *storecopy_set_wc(void *dst, int value, size_t n)
{
    const uint64_t pattern = pattern_of(value);
    uint8_t *to = dst;
    CHECK_BUFFER(dst, n);
    size_t head = before_lines(to, n);
    set_up(to, pattern, head, WHOLE_MAX);
    to += head, n -= head;
    for (; n >= LINE; to += LINE, n -= LINE)
        set_line(to, pattern);
    set_up(to, pattern, n, WHOLE_MAX);
    END_COPY();
    return dst;
}
