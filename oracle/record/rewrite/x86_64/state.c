// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/entry_registers.h"
#include "record/rewrite/rewrite.h"

#include <asm/prctl.h>
#include <cpuid.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

size_t state_vector_bytes(void)
{
    unsigned a, b = 0, c = 0, d;
    __cpuid_count(0xd, 0, a, b, c, d);
    return (c > b ? c : b) + 64;
}

void state_open(struct recorder *r)
{
    uint64_t fs = 0, gs = 0;
    syscall(SYS_arch_prctl, ARCH_GET_FS, &fs);
    syscall(SYS_arch_prctl, ARCH_GET_GS, &gs);
    struct segment_rules *rules[] = {&r->plain.rules, &r->valued.rules};
    for (unsigned i = 0; i < 2; i++) {
        rules[i]->fs_base = fs;
        rules[i]->gs_base = gs;
    }
    r->context->left.host_mxcsr = __builtin_ia32_stmxcsr();
}

gpr_set state_callee_saved(const struct recorder *r)
{
    return 0xf028 & r->program.named; // rbx, rbp, r12 to r15
}

uint32_t state_clobbered(const struct recorder *r, const struct translation *t)
{
    enum { DIRECTION = 0x400, ALIGNMENT = 0x40000, MXCSR_CONTROL = 0xffc0 };
    enum { X87_CONTROL = 0x37f, X87_EMPTY = 0xffff };
    const struct context *c = r->context;
    gpr_set saved = c->exit == CONTEXT_CLOBBERED ? state_callee_saved(r) : 0;
    uint32_t found = 0;
    for (unsigned reg = 0; saved >> reg; reg++)
        if ((saved >> reg & 1) && c->save[reg] != ENTRY_REGISTER(reg))
            found |= 1u << reg;
    if (c->exit == CONTEXT_CLOBBERED && c->save[GPR_RSP] != r->native.rsp)
        found |= 1u << GPR_RSP;
    if (t->traits & TRAIT_SETS_FLAGS)
        found |= (c->left.flags & DIRECTION ? CLOBBERED_DIRECTION : 0u) |
                 (c->left.flags & ALIGNMENT ? CLOBBERED_ALIGNMENT : 0u);
    if ((t->traits & TRAIT_MXCSR) && ((c->left.mxcsr ^ c->left.host_mxcsr) & MXCSR_CONTROL))
        found |= CLOBBERED_MXCSR;
    if ((t->traits & TRAIT_X87) &&
        ((uint16_t)c->left.x87[0] != X87_CONTROL || (uint16_t)c->left.x87[2] != X87_EMPTY))
        found |= CLOBBERED_X87;
    return found;
}
