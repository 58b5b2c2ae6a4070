// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/plugin/rmw.h"

#include <elf.h>
#include <string.h>

// An instruction word, and the bits of it that tell.
static const struct rmw_row {
    unsigned machine;
    uint32_t mask, word;
    unsigned kind;
} rows[] = {
    // CAS and CASP; STXR and STLXR, STXP and STLXP (Arm ARM, C4.1.94).
    {EM_AARCH64, 0x3fa07c00, 0x08a07c00, RMW_COMPARES},
    {EM_AARCH64, 0xbfa07c00, 0x08207c00, RMW_COMPARES},
    {EM_AARCH64, 0x3fe00000, 0x08000000, RMW_COMPARES | RMW_RESERVES},
    {EM_AARCH64, 0xbfe00000, 0x88200000, RMW_COMPARES | RMW_RESERVES},
    // STREX and STLEX of any width, in ARM and, as two halves in this order, Thumb.
    {EM_ARM, 0x0f900ef0, 0x01800e90, RMW_COMPARES | RMW_RESERVES},
    {EM_ARM, 0x0000fff0, 0x0000e840, RMW_COMPARES | RMW_RESERVES},
    {EM_ARM, 0x00c0fff0, 0x0040e8c0, RMW_COMPARES | RMW_RESERVES},
    {EM_ARM, 0x00c0fff0, 0x00c0e8c0, RMW_COMPARES | RMW_RESERVES},
    // sc.w and sc.d; amocas of Zacas.
    {EM_RISCV, 0xf800607f, 0x1800202f, RMW_COMPARES | RMW_RESERVES},
    {EM_RISCV, 0xf800007f, 0x2800002f, RMW_COMPARES},
    // stwcx., stdcx., stbcx., sthcx., stqcx.
    {EM_PPC, 0xfc0007ff, 0x7c00012d, RMW_COMPARES | RMW_RESERVES},
    {EM_PPC, 0xfc0007ff, 0x7c0001ad, RMW_COMPARES | RMW_RESERVES},
    {EM_PPC, 0xfc0007ff, 0x7c00056d, RMW_COMPARES | RMW_RESERVES},
    {EM_PPC, 0xfc0007ff, 0x7c0005ad, RMW_COMPARES | RMW_RESERVES},
    {EM_PPC, 0xfc0007ff, 0x7c00016d, RMW_COMPARES | RMW_RESERVES},
    // sc and scd, before release 6 and from it on.
    {EM_MIPS, 0xfc000000, 0xe0000000, RMW_COMPARES | RMW_RESERVES},
    {EM_MIPS, 0xfc000000, 0xf0000000, RMW_COMPARES | RMW_RESERVES},
    {EM_MIPS, 0xfc00007e, 0x7c000026, RMW_COMPARES | RMW_RESERVES},
    // casa and casxa, which cas and casx are short for.
    {EM_SPARCV9, 0xc1f80000, 0xc1e00000, RMW_COMPARES},
    {EM_SPARCV9, 0xc1f80000, 0xc1f00000, RMW_COMPARES},
    // stl_c and stq_c.
    {EM_ALPHA, 0xfc000000, 0xb8000000, RMW_COMPARES | RMW_RESERVES},
    {EM_ALPHA, 0xfc000000, 0xbc000000, RMW_COMPARES | RMW_RESERVES},
    // sc.w and sc.d.
    {EM_LOONGARCH, 0xff000000, 0x21000000, RMW_COMPARES | RMW_RESERVES},
    {EM_LOONGARCH, 0xff000000, 0x23000000, RMW_COMPARES | RMW_RESERVES},
};

// cs and cds; csy, csg, cdsy and cdsg; csst (Principles of Operation, 7).
static unsigned kind_s390x(const uint8_t *b, size_t length)
{
    bool compares = (length == 4 && (b[0] == 0xba || b[0] == 0xbb)) ||
                    (length == 6 && b[0] == 0xeb &&
                     (b[5] == 0x14 || b[5] == 0x30 || b[5] == 0x31 || b[5] == 0x3e)) ||
                    (length == 6 && b[0] == 0xc8 && (b[1] & 0xf) == 2);
    return compares ? RMW_COMPARES : 0;
}

// cas and cas2 of bytes, words and long words (M68000 Family Programmer's
// Reference, 4-68): 0000 1ss0 11, but no bset, which has 00 there.
static unsigned kind_m68k(const uint8_t *b, size_t length)
{
    return length >= 4 && (b[0] & 0xf9) == 0x08 && (b[0] & 0x06) != 0 && (b[1] & 0xc0) == 0xc0
               ? RMW_COMPARES
               : 0;
}

unsigned rmw_kind(unsigned machine, bool big, const uint8_t *b, size_t length)
{
    uint32_t word;
    if (machine == EM_S390)
        return kind_s390x(b, length);
    if (machine == EM_68K)
        return kind_m68k(b, length);
    if (length != sizeof word)
        return 0;
    memcpy(&word, b, sizeof word);
    word = big ? __builtin_bswap32(word) : word;
    machine = machine == EM_PPC64 ? EM_PPC : machine;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].machine == machine && (word & rows[i].mask) == rows[i].word)
            return rows[i].kind;
    return 0;
}
