// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the files of x86_routine.h share: x86_routine.c and x86_flow.c make the body,
// x86_entry.c the way in and out, x86_supported_forms.c tells which forms run here.

#ifndef STORESCOPE_FUZZ_X86_ROUTINE_PARTS_H
#define STORESCOPE_FUZZ_X86_ROUTINE_PARTS_H

#include "fuzz/x86/x86_builder_parts.h"
#include "fuzz/x86/x86_routine.h"

enum {
    STACK_START = SANDBOX_STACK + PAGE_BYTES,
    FLAGS_ALLOWED = 0xcd5, // carry, parity, adjust, zero, sign, direction, overflow
};

#define PUT(b, ...) builder_put(b, (const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__}))
#define LE32(v)                                                                  \
    (uint8_t)(v), (uint8_t)((uint32_t)(v) >> 8), (uint8_t)((uint32_t)(v) >> 16), \
        (uint8_t)((uint32_t)(v) >> 24)

static inline uint8_t rex_b(unsigned reg)
{
    return reg >= 8 ? 0x41 : 0x40;
}

static inline uint8_t rex_w(unsigned reg, unsigned rm)
{
    return (uint8_t)(0x48 | (reg >= 8 ? 4 : 0) | (rm >= 8 ? 1 : 0));
}

// Between the two the routine may change the flags that C relies on: SETS_FLAGS.
void routine_prologue(struct builder *b, bool *sets_flags);
void routine_epilogue(struct builder *b, bool sets_flags);

#endif
