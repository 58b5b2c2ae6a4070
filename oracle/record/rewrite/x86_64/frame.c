// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/rewrite/rewrite.h"

#include <cpuid.h>
#include <string.h>

// k0 to k7 from the frame of a signal: in the xsave area behind the FPU's state,
// where the kernel says there is one (asm/sigcontext.h).
static void read_masks(const ucontext_t *uc, uint64_t masks[8])
{
    enum { SOFTWARE_BYTES = 464, XSAVE_HEADER = 512, MAGIC = 0x46505853, MASKS_LEAF = 5 };
    const uint8_t *state = (const uint8_t *)uc->uc_mcontext.fpregs;
    unsigned a, b = 0, c, d;
    uint32_t magic = 0;
    uint64_t present = 0;
    memset(masks, 0, 8 * sizeof *masks);
    if (state)
        memcpy(&magic, state + SOFTWARE_BYTES, sizeof magic);
    if (magic != MAGIC)
        return;
    memcpy(&present, state + XSAVE_HEADER, sizeof present);
    if (!(present >> MASKS_LEAF & 1))
        return;
    __cpuid_count(0xd, MASKS_LEAF, a, b, c, d);
    memcpy(masks, state + b, 8 * sizeof *masks);
}

// Of the registers in a signal's frame, by their numbers in instructions.
static const int greg_of[GPR_COUNT] = {REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
                                       REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
                                       REG_R12, REG_R13, REG_R14, REG_R15};

const uint8_t *frame_pc(const ucontext_t *uc)
{
    return (const uint8_t *)uc->uc_mcontext.gregs[REG_RIP];
}

uint64_t frame_register(const ucontext_t *uc, unsigned reg)
{
    return (uint64_t)uc->uc_mcontext.gregs[greg_of[reg]];
}

void frame_progress(const ucontext_t *uc, struct recorder *r)
{
    r->abort_counter = frame_register(uc, GPR_RCX);
    read_masks(uc, r->abort_masks);
}

void frame_leave(ucontext_t *uc, const uint8_t *pc, uint64_t sp)
{
    greg_t *regs = uc->uc_mcontext.gregs;
    regs[REG_RIP] = (greg_t)(uintptr_t)pc;
    regs[REG_RSP] = (greg_t)sp;
    regs[REG_EFL] &= ~(greg_t)0x40500; // alignment checks, direction, single steps
}
