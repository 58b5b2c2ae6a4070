// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Instructions that bear on memory without being an access of it: barriers that
// order stores, and flushes of the data cache. QEMU reports neither.

#include "record/qemu/plugin/plugin.h"

#include <elf.h>
#include <string.h>

static uint32_t word_of(const uint8_t *b, bool big)
{
    uint32_t little =
        (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    return big ? __builtin_bswap32(little) : little;
}

// An instruction word, and the bits of it that tell.
static const struct effect_row {
    unsigned machine;
    uint32_t mask, word;
    enum effect effect;
} rows[] = {
    // DMB and DSB, but those for loads alone (Arm ARM, C6.2): CRm of xx10 and xx11.
    {EM_AARCH64, 0xfffff2df, 0xd503329f, EFFECT_FENCE},
    // DC CVAC, CVAU, CVAP, CVADP and CIVAC.
    {EM_AARCH64, 0xfffffee0, 0xd50b7a20, EFFECT_FLUSH},
    {EM_AARCH64, 0xfffffee0, 0xd50b7c20, EFFECT_FLUSH},
    {EM_AARCH64, 0xffffffe0, 0xd50b7e20, EFFECT_FLUSH},
    // DSB and DMB in ARM and, as two halves in this order, Thumb; CP15's of ARMv6.
    {EM_ARM, 0xffffffd0, 0xf57ff040, EFFECT_FENCE},
    {EM_ARM, 0xffffffd0, 0xf57ff050, EFFECT_FENCE},
    {EM_ARM, 0xffe0ffff, 0x8f40f3bf, EFFECT_FENCE},
    {EM_ARM, 0xfff0ffff, 0x8f50f3bf, EFFECT_FENCE},
    {EM_ARM, 0xffff0fdf, 0xee070f9a, EFFECT_FENCE},
    // fence with stores or output before it (bits 24 and 26).
    {EM_RISCV, 0x0100707f, 0x0100000f, EFFECT_FENCE},
    {EM_RISCV, 0x0400707f, 0x0400000f, EFFECT_FENCE},
    // sync and lwsync; eieio; dcbf; dcbst.
    {EM_PPC, 0xfc0007fe, 0x7c0004ac, EFFECT_FENCE},
    {EM_PPC, 0xfc0007fe, 0x7c0006ac, EFFECT_FENCE},
    {EM_PPC, 0xfc0007fe, 0x7c0000ac, EFFECT_FLUSH},
    {EM_PPC, 0xfc0007fe, 0x7c00006c, EFFECT_FLUSH},
    {EM_MIPS, 0xfffff83f, 0x0000000f, EFFECT_FENCE},    // sync
    {EM_SPARCV9, 0xffffe000, 0x8143e000, EFFECT_FENCE}, // membar
    {EM_SPARCV9, 0xffffffff, 0x8143c000, EFFECT_FENCE}, // stbar
    {EM_ALPHA, 0xfc00fbff, 0x60004000, EFFECT_FENCE},   // mb, wmb
    {EM_PARISC, 0xfc001fff, 0x00000400, EFFECT_FENCE},  // sync
};

// sfence, mfence and lfence; clflush, clflushopt and clwb (Intel SDM vol. 2).
static enum effect effect_x86(const uint8_t *b, size_t length)
{
    while (length > 0 && (*b == 0x66 || (*b & 0xf0) == 0x40 || *b == 0x3e || *b == 0x2e))
        b++, length--;
    if (length < 3 || b[0] != 0x0f || b[1] != 0xae)
        return EFFECT_NONE;
    if (b[2] >= 0xe8)
        return EFFECT_FENCE;
    unsigned reg = b[2] >> 3 & 7;
    return b[2] < 0xc0 && reg >= 6 ? EFFECT_FLUSH : EFFECT_NONE;
}

enum effect effect_of(const struct qemu_shared *s, const uint8_t *bytes, size_t length)
{
    unsigned machine = s->machine == EM_PPC64 ? EM_PPC : s->machine;
    if (machine == EM_X86_64 || machine == EM_386)
        return effect_x86(bytes, length);
    // bcr 14,0 and 15,0 wait for stores (Principles of Operation, "Serialization").
    if (machine == EM_S390 && length == 2 && bytes[0] == 0x07)
        return bytes[1] == 0xe0 || bytes[1] == 0xf0 ? EFFECT_FENCE : EFFECT_NONE;
    uint32_t word = length == 4 ? word_of(bytes, s->big_endian) : 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && length == 4; i++)
        if (rows[i].machine == machine && (word & rows[i].mask) == rows[i].word)
            return rows[i].effect;
    return EFFECT_NONE;
}
