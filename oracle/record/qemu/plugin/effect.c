// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Instructions that bear on memory without being an access of it: barriers, and
// flushes of the data cache. QEMU reports neither.

#include "record/qemu/plugin/effect.h"

#include "trace/barrier.h"

#include <elf.h>
#include <string.h>

static uint32_t word_of(const uint8_t *b, bool big)
{
    uint32_t little =
        (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
    return big ? __builtin_bswap32(little) : little;
}

// An instruction word that flushes, and the bits of it that tell.
static const struct flush_row {
    unsigned machine;
    uint32_t mask, word;
} rows[] = {
    // DC CVAC, CVAP, CVADP and CIVAC; CVAU cleans for instructions alone.
    {EM_AARCH64, 0xffffffe0, 0xd50b7a20},
    {EM_AARCH64, 0xfffffee0, 0xd50b7c20},
    {EM_AARCH64, 0xffffffe0, 0xd50b7e20},
    // cbo.clean, cbo.flush.
    {EM_RISCV, 0xfff07fff, 0x0010200f},
    {EM_RISCV, 0xfff07fff, 0x0020200f},
    // dcbf; dcbst.
    {EM_PPC, 0xfc0007fe, 0x7c0000ac},
    {EM_PPC, 0xfc0007fe, 0x7c00006c},
};

// clflush, clflushopt and clwb (Intel SDM vol. 2).
static bool flushes_x86(const uint8_t *b, size_t length)
{
    while (length > 0 && (*b == 0x66 || (*b & 0xf0) == 0x40 || *b == 0x3e || *b == 0x2e))
        b++, length--;
    if (length < 3 || b[0] != 0x0f || b[1] != 0xae)
        return false;
    return b[2] < 0xc0 && (b[2] >> 3 & 7) >= 6;
}

uint32_t effect_load_like(const struct qemu_shared *s, uint32_t word)
{
    uint32_t t = word & 31, rs1 = word >> 15 & 31;
    if (s->machine == EM_AARCH64 && t != 31)
        return 0x3940001f | t << 5; // ldrb wzr, [xT]
    if (s->machine == EM_RISCV)
        return 0x00004003 | rs1 << 15; // lbu x0, 0(rs1)
    return 0;
}

enum effect effect_of(const struct qemu_shared *s, const uint8_t *bytes, size_t length)
{
    unsigned machine = s->machine == EM_PPC64 ? EM_PPC : s->machine;
    if (ordering_is_fence(ordering_of(machine, s->big_endian != 0, bytes, length)))
        return EFFECT_FENCE;
    if (machine == EM_X86_64 || machine == EM_386)
        return flushes_x86(bytes, length) ? EFFECT_FLUSH : EFFECT_NONE;
    uint32_t word = length == 4 ? word_of(bytes, s->big_endian) : 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows && length == 4; i++)
        if (rows[i].machine == machine && (word & rows[i].mask) == rows[i].word)
            return EFFECT_FLUSH;
    return EFFECT_NONE;
}
