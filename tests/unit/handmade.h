// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// For tests of reports: recordings written by hand. No routine runs, and no
// pointer of the layout is followed.

#ifndef STORESCOPE_TEST_HANDMADE_H
#define STORESCOPE_TEST_HANDMADE_H

#include "trace/trace.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HANDMADE_ACCESSES = 64, HANDMADE_VALUES = 1024, HANDMADE_STACK = 0x700000 };

struct handmade {
    struct copy_case c;
    struct recording r;
    struct access accesses[HANDMADE_ACCESSES];
    struct site sites[SITE_CLASS_COUNT]; // one a class
    uint8_t values[HANDMADE_VALUES];
};

// One site a class: the index is the class, and its text the class's name.
static inline void handmade_sites(struct site sites[SITE_CLASS_COUNT], uint64_t addr)
{
    for (unsigned i = 0; i < SITE_CLASS_COUNT; i++) {
        sites[i] = (struct site){.addr = addr + i, .length = 1};
        site_set_classes(&sites[i], 1u << i);
        snprintf(sites[i].text, sizeof sites[i].text, "%s", site_class_name[i]);
    }
}

// One access by the site of class scalar, added to a trace that has room for it.
static inline struct access *handmade_access(struct trace *t, enum access_kind kind, uint64_t addr,
                                             unsigned width)
{
    struct access *a = &t->accesses[t->count++];
    *a = (struct access){.addr = addr,
                         .count = 1,
                         .value = TRACE_NO_VALUE,
                         .site = CLASS_SCALAR,
                         .width = (uint16_t)width,
                         .kind = (uint8_t)kind};
    return a;
}

// A recording of SIZE bytes to a destination DST bytes into its page, without
// accesses, that returned.
static inline void handmade_init(struct handmade *h, uint64_t size, uint32_t dst)
{
    memset(h, 0, sizeof *h);
    h->c = (struct copy_case){.op = OP_MEMCPY, .size = size, .dst_off = dst, .fill = 1};
    h->r.layout = (struct layout){
        .dst = (uint8_t *)(uintptr_t)(0x100000 + dst),
        .src = (uint8_t *)(uintptr_t)0x200000,
        .size = size,
        .dst_size = size,
        .src_size = size,
        .dst_lane = {0x100000, 0x110000},
        .src_lane = {0x200000, 0x210000},
    };
    h->r.trace = (struct trace){.accesses = h->accesses,
                                .capacity = HANDMADE_ACCESSES,
                                .values = h->values,
                                .value_capacity = HANDMADE_VALUES,
                                .sites = h->sites,
                                .site_count = SITE_CLASS_COUNT,
                                .machine = EM_X86_64,
                                .word_bytes = 8,
                                .stack_entry = HANDMADE_STACK,
                                .stack = {HANDMADE_STACK - 0x1000, HANDMADE_STACK + 8}};
    handmade_sites(h->sites, 0x400000);
}

static inline struct access *handmade_add(struct handmade *h, enum access_kind kind, uint64_t addr,
                                          unsigned width)
{
    return handmade_access(&h->r.trace, kind, addr, width);
}

// A store OFFSET bytes from the destination.
static inline struct access *handmade_store(struct handmade *h, int64_t offset, unsigned width)
{
    return handmade_add(h, ACCESS_STORE, (uintptr_t)h->r.layout.dst + (uint64_t)offset, width);
}

static inline struct access *handmade_load(struct handmade *h, int64_t offset, unsigned width)
{
    return handmade_add(h, ACCESS_LOAD, (uintptr_t)h->r.layout.src + (uint64_t)offset, width);
}

// Gives a store the captured values FIRST, FIRST+1, ..., in the order of its
// elements.
static inline void handmade_values(struct handmade *h, struct access *a, uint8_t first)
{
    a->value = (uint32_t)h->r.trace.value_bytes;
    for (uint64_t i = 0; i < a->width * a->count; i++)
        h->values[h->r.trace.value_bytes++] = (uint8_t)(first + i);
}

// What PRINT writes for the recording, as text that the caller frees.
#define HANDMADE_TEXT(text, file, ...)                       \
    do {                                                     \
        size_t text_length_;                                 \
        FILE *file = open_memstream(&(text), &text_length_); \
        __VA_ARGS__;                                         \
        fclose(file);                                        \
    } while (0)

#endif
