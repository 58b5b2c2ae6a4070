// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the two files of the builder share: x86_builder.c writes instructions and
// sets registers, x86_insn.c makes one instruction of a form.

#ifndef STORESCOPE_FUZZ_X86_BUILDER_PARTS_H
#define STORESCOPE_FUZZ_X86_BUILDER_PARTS_H

#include "fuzz/x86/x86_builder.h"

#include <string.h>

static inline uint16_t bit(unsigned reg)
{
    return reg < 16 ? (uint16_t)(1u << reg) : 0;
}

static inline bool is_s32(int64_t v)
{
    return v == (int32_t)v;
}

static inline void put32(uint8_t *at, int64_t value)
{
    int32_t v = (int32_t)value;
    memcpy(at, &v, sizeof v);
}

static inline unsigned rex(bool wide, unsigned reg, unsigned index, unsigned base)
{
    return 0x40u | (wide ? 8u : 0) | (reg >> 3 & 1u) << 2 | (index >> 3 & 1u) << 1 |
           (base >> 3 & 1u);
}

// Registers that an instruction names, and general ones that it writes.
struct touched {
    uint16_t named, written;
    uint32_t vectors;
    uint8_t masks;
    bool x87;
};
struct touched builder_touched(const struct x86_decoded *d);

// Writes an instruction that was decoded, and forgets what it overwrites.
void builder_append(struct builder *b, const void *bytes, size_t length,
                    const struct x86_decoded *d);

// builder_set, less the fs base if MINUS_FS.
void builder_set_less(struct builder *b, unsigned reg, enum place place, bool minus_fs, int64_t at);

#endif
