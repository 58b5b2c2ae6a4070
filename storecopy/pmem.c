// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Persistent memory on x86-64. Whole lines of long copies by non-temporal stores,
// which go past the caches; all else by cached stores and a flush of each line. A
// fence after both.

#include "choose.h"
#include "lines.h"
#include "paths.h"

#if STORECOPY_VECTORS

// From here on the stores around the caches cost less than flushing (libpmem's
// threshold, src/libpmem2/x86_64/init.c).
enum { NONTEMPORAL_FROM = 256 };

INLINE void flush_line(void *at, enum storecopy_flush flush)
{
    if (flush == STORECOPY_CLWB)
        __asm__ volatile("clwb (%0)" ::"r"(at) : "memory");
    else if (flush == STORECOPY_CLFLUSHOPT)
        __asm__ volatile("clflushopt (%0)" ::"r"(at) : "memory");
    else
        __asm__ volatile("clflush (%0)" ::"r"(at) : "memory");
}

// Of the N bytes at TO.
INLINE void flush_lines(uint8_t *to, size_t n, enum storecopy_flush flush)
{
    if (n == 0)
        return;
    uint8_t *last = to + n - 1;
    for (uint8_t *at = to - (uintptr_t)to % LINE; at <= last; at += LINE)
        flush_line(at, flush);
}

INLINE void copy_and_flush(uint8_t *to, const uint8_t *from, size_t n, enum storecopy_flush flush)
{
    steps_up(to, from, n, 16);
    flush_lines(to, n, flush);
}

INLINE void *pmem(void *dst, const void *src, size_t n, enum storecopy_flush flush)
{
    uint8_t *to = dst;
    const uint8_t *from = src;
    if (overwrites_ahead(dst, src, n))
        return NULL;
    if (n >= NONTEMPORAL_FROM) {
        size_t head = before_lines(to, n);
        copy_and_flush(to, from, head, flush);
        to += head, from += head, n -= head;
        for (; n >= LINE; to += LINE, from += LINE, n -= LINE)
            line(to, from, 16);
    }
    copy_and_flush(to, from, n, flush);
    fence_stores();
    return dst;
}

INLINE void *set_pmem(void *dst, int value, size_t n, enum storecopy_flush flush)
{
    const uint64_t pattern = pattern_of(value);
    uint8_t *to = dst;
    if (n >= NONTEMPORAL_FROM) {
        size_t head = before_lines(to, n);
        set_up(to, pattern, head, 16);
        flush_lines(to, head, flush);
        to += head, n -= head;
        for (; n >= LINE; to += LINE, n -= LINE)
            set_line(to, pattern);
    }
    set_up(to, pattern, n, 16);
    flush_lines(to, n, flush);
    fence_stores();
    return dst;
}

void *storecopy_pmem_clflush(void *dst, const void *src, size_t n)
{
    return pmem(dst, src, n, STORECOPY_CLFLUSH);
}

void *storecopy_pmem_clflushopt(void *dst, const void *src, size_t n)
{
    return pmem(dst, src, n, STORECOPY_CLFLUSHOPT);
}

void *storecopy_pmem_clwb(void *dst, const void *src, size_t n)
{
    return pmem(dst, src, n, STORECOPY_CLWB);
}

void *storecopy_set_pmem_clflush(void *dst, int value, size_t n)
{
    return set_pmem(dst, value, n, STORECOPY_CLFLUSH);
}

void *storecopy_set_pmem_clflushopt(void *dst, int value, size_t n)
{
    return set_pmem(dst, value, n, STORECOPY_CLFLUSHOPT);
}

void *storecopy_set_pmem_clwb(void *dst, int value, size_t n)
{
    return set_pmem(dst, value, n, STORECOPY_CLWB);
}
#endif
