// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Hostile routines: each copies as the contract `shared` wants it, and does one
// thing more that would hurt a tool which trusts it. An act is that thing alone,
// without arguments, so that it can also be done while the object is loaded, by
// a thread, or by a timer's signal handler: see load.c.

#ifndef STORESCOPE_TEST_HOSTILE_H
#define STORESCOPE_TEST_HOSTILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ACT(name) void act_##name(void);
#include "acts.def"
#undef ACT

typedef uint16_t __attribute__((aligned(1), may_alias)) any_u16;
typedef uint32_t __attribute__((aligned(1), may_alias)) any_u32;
typedef uint64_t __attribute__((aligned(1), may_alias)) any_u64;

#define ROUTINE(name)                         \
    void *name(void *, const void *, size_t); \
    void *name(void *to, const void *from, size_t n)

// One part of a copy, as one load and one store.
#define COPY_PART(type)                                               \
    if (i + sizeof(type) <= n && (address + i) % sizeof(type) == 0) { \
        *(volatile type *)(d + i) = *(const volatile type *)(s + i);  \
        i += sizeof(type);                                            \
        continue;                                                     \
    }

// Each byte once, ascending, each aligned element whole.
static inline void *copy_exactly(void *to, const void *from, size_t n)
{
    uint8_t *d = to;
    const uint8_t *s = from;
    uintptr_t address = (uintptr_t)to;
    for (size_t i = 0; i < n;) {
        COPY_PART(any_u64)
        COPY_PART(any_u32)
        COPY_PART(any_u16)
        COPY_PART(uint8_t)
    }
    return to;
}

// Places in the process, found from /proc/self/maps when the object is loaded.
struct place {
    uint8_t *lo, *hi; // NULL: not found
};
extern struct place place_heap, place_tool_data, place_tool_text, place_stack, place_shared;
extern uint8_t *place_neighbour; // from malloc
extern uint8_t *place_jit;       // writable code that returns
extern uint8_t *place_alias;     // the bytes of `alias_code`, writable
extern uint8_t *place_alias_code;

#endif
