// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/rewrite/aarch64/state.h"

#include "record/a64_features.h"
#include "record/rewrite/rewrite.h"

#include <sys/auxv.h>
#include <sys/prctl.h>

const struct a64_cpu *state_cpu(void)
{
    static struct a64_cpu cpu;
    if (cpu.zero_bytes)
        return &cpu;
    uint64_t block;
    __asm__("mrs %0, dczid_el0" : "=r"(block));
    cpu.vector_bytes = a64_vector_bytes(getauxval(AT_HWCAP), prctl(PR_SVE_GET_VL));
    cpu.zero_bytes = a64_zero_bytes(block);
    return &cpu;
}

void insn_decode(uint64_t addr, const uint8_t *code, unsigned length, struct insn *out)
{
    a64_decode(state_cpu(), addr, code, length, out);
}

size_t state_vector_bytes(void)
{
    enum { REGISTERS = 32, PREDICATES = 16, PREDICATE_BITS = 8 };
    unsigned bytes = state_cpu()->vector_bytes;
    return bytes ? REGISTERS * bytes + PREDICATES * bytes / PREDICATE_BITS : REGISTERS * 16;
}

// Aligned pairs of registers are one access with FEAT_LSE2.
void state_open(struct recorder *r)
{
    r->plain.rules.whole_pairs = r->valued.rules.whole_pairs =
        a64_atomic_bytes(getauxval(AT_HWCAP)) == 16;
}

gpr_set state_callee_saved(const struct recorder *r)
{
    return 0x3ff80000 & r->program.named; // x19 to x29
}

uint32_t state_clobbered(const struct recorder *r, const struct translation *t)
{
    const struct context *c = r->context;
    gpr_set saved = state_callee_saved(r);
    bool lost = c->save[GPR_SP] != r->native.rsp;
    for (unsigned reg = 0; saved >> reg; reg++)
        lost |= (saved >> reg & 1) && c->save[reg] != ENTRY_REGISTER(reg);
    for (unsigned d = 8; d < 16 && (t->traits & TRAIT_SAVED_VECTORS); d++)
        lost |= c->left.vectors[d - 8] != ENTRY_VECTOR(d);
    if (t->traits & TRAIT_FPCR)
        lost |= c->left.fpcr != c->left.host_fpcr;
    return lost ? CLOBBERED_SAVED : 0;
}
