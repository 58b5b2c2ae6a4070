// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/qemu/plugin/rmw.h"
#include "record/qemu/plugin/rmw_swap.h"

enum { ZERO_FLAG = 1 << 6 };

// A locked cmpxchg, cmpxchg8b or cmpxchg16b (Intel SDM vol. 2).
struct cas {
    unsigned width, length; // bytes: of the operand, of the instruction
    bool pair;              // 8b, 16b: of registers that the instruction does not name
    unsigned new;           // the register whose value it stores, where no pair does
};

// How long an operand in memory is encoded, from ModRM on (SDM vol. 2, 2.1.5).
static unsigned operand_bytes(const uint8_t *modrm)
{
    unsigned mod = modrm[0] >> 6, base = modrm[0] & 7, bytes = 1;
    if (base == 4) {
        base = modrm[1] & 7;
        bytes++;
    }
    return bytes + (mod == 1 ? 1 : mod == 2 || base == 5 ? 4 : 0);
}

static bool read_cas(const uint8_t *at, struct cas *out)
{
    const uint8_t *b = at;
    bool locked = false, half = false;
    for (; *b == 0xf0 || *b == 0x66 || *b == 0x64 || *b == 0x65; b++) {
        locked |= *b == 0xf0;
        half |= *b == 0x66;
    }
    unsigned rex = (*b & 0xf0) == 0x40 ? *b++ : 0;
    bool bytes = b[1] == 0xb0, pair = b[1] == 0xc7 && (b[2] >> 3 & 7) == 1;
    if (!locked || b[0] != 0x0f || b[2] >> 6 == 3 || (!bytes && !pair && b[1] != 0xb1))
        return false;
    unsigned wide = rex & 8 ? 8 : half ? 2 : 4;
    out->pair = pair;
    out->width = bytes ? 1 : pair ? (rex & 8 ? 16 : 8) : wide;
    out->new = (b[2] >> 3 & 7) | (rex & 4) << 1;
    out->length = (unsigned)(b + 2 - at) + operand_bytes(b + 2);
    // Without a REX prefix the byte registers 4 to 7 are ah, ch, dh and bh.
    return !(bytes && !rex && out->new >= 4);
}

// The general registers by their number in an instruction.
static const int numbered[16] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                 REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                 REG_R12, REG_R13, REG_R14, REG_R15};

// Writes WIDTH bytes to a register, which clears its upper half where they are four.
static void set_register(greg_t *regs, int reg, uint64_t value, unsigned width)
{
    uint64_t keep = width >= 4 ? 0 : ~UINT64_C(0) << 8 * width;
    uint64_t mask = width >= 8 ? ~UINT64_C(0) : (UINT64_C(1) << 8 * width) - 1;
    regs[reg] = (greg_t)(((uint64_t)regs[reg] & keep) | (value & mask));
}

static bool swap_pair(void *at, uint64_t expected[2], const uint64_t value[2])
{
    bool same;
    __asm__ volatile("lock cmpxchg16b %1"
                     : "=@ccz"(same), "+m"(*(__uint128_t *)at), "+a"(expected[0]), "+d"(expected[1])
                     : "b"(value[0]), "c"(value[1])
                     : "memory");
    return same;
}

bool rmw_do(ucontext_t *context, void *at, bool *stored)
{
    greg_t *regs = context->uc_mcontext.gregs;
    struct cas cas;
    if (!read_cas((const uint8_t *)regs[REG_RIP], &cas) || (uintptr_t)at % cas.width != 0)
        return false;
    uint64_t expected[2] = {(uint64_t)regs[REG_RAX], (uint64_t)regs[REG_RDX]};
    const uint64_t pair[2] = {(uint64_t)regs[REG_RBX], (uint64_t)regs[REG_RCX]};
    if (!cas.pair)
        *stored = swap_single(at, expected, (uint64_t)regs[numbered[cas.new]], cas.width);
    else if (cas.width == 16)
        *stored = swap_pair(at, expected, pair);
    else
        *stored = swap_halves(at, expected, pair);
    if (!*stored) {
        set_register(regs, REG_RAX, expected[0], cas.pair ? cas.width / 2 : cas.width);
        if (cas.pair)
            set_register(regs, REG_RDX, expected[1], cas.width / 2);
    }
    regs[REG_EFL] = *stored ? regs[REG_EFL] | ZERO_FLAG : regs[REG_EFL] & ~(greg_t)ZERO_FLAG;
    regs[REG_RIP] += cas.length;
    return true;
}
