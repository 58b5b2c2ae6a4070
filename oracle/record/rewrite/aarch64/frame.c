// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/rewrite/rewrite.h"

const uint8_t *frame_pc(const ucontext_t *uc)
{
    return (const uint8_t *)(uintptr_t)uc->uc_mcontext.pc;
}

uint64_t frame_register(const ucontext_t *uc, unsigned reg)
{
    return reg == GPR_SP ? uc->uc_mcontext.sp : uc->uc_mcontext.regs[reg];
}

// No instruction that is recorded goes on where a fault has interrupted it.
void frame_progress(const ucontext_t *uc, struct recorder *r)
{
    (void)uc;
    (void)r;
}

void frame_leave(ucontext_t *uc, const uint8_t *pc, uint64_t sp)
{
    uc->uc_mcontext.pc = (uintptr_t)pc;
    uc->uc_mcontext.sp = sp;
}
