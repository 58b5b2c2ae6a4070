// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// CAS and its kin (FEAT_LSE), which QEMU's helpers are made of where the CPU has them.
// One that loops over exclusive loads and stores is not done here: what it came to is
// unknown, and said to be.

#include "record/qemu/plugin/rmw.h"
#include "record/qemu/plugin/rmw_swap.h"

#include <string.h>

// A compare-and-swap (Arm ARM, C6.2.40 to 44).
struct cas {
    unsigned width; // bytes of one register's part
    unsigned expected, desired;
    bool pair; // and the registers behind these two
};

static bool read_cas(uintptr_t pc, struct cas *out)
{
    uint32_t word;
    memcpy(&word, (const void *)pc, sizeof word);
    bool single = (word & 0x3fa07c00) == 0x08a07c00, pair = (word & 0xbfa07c00) == 0x08207c00;
    *out = (struct cas){pair ? 4u << (word >> 30 & 1) : 1u << (word >> 30), word >> 16 & 31,
                        word & 31, pair};
    return single || pair;
}

static uint64_t read_register(const mcontext_t *m, unsigned reg)
{
    return reg == 31 ? 0 : m->regs[reg];
}

// Writes of less than 8 bytes clear the rest.
static void write_register(mcontext_t *m, unsigned reg, uint64_t value)
{
    if (reg != 31)
        m->regs[reg] = value;
}

static bool swap_words(void *at, uint64_t expected[2], const uint64_t value[2])
{
    register uint64_t x0 __asm__("x0") = expected[0], x1 __asm__("x1") = expected[1];
    register uint64_t x2 __asm__("x2") = value[0], x3 __asm__("x3") = value[1];
    __asm__ volatile(".arch_extension lse\n\tcaspal x0, x1, x2, x3, [%4]"
                     : "+r"(x0), "+r"(x1)
                     : "r"(x2), "r"(x3), "r"(at)
                     : "memory");
    bool same = x0 == expected[0] && x1 == expected[1];
    expected[0] = x0;
    expected[1] = x1;
    return same;
}

bool rmw_do(ucontext_t *context, void *at, bool *stored)
{
    mcontext_t *m = &context->uc_mcontext;
    struct cas cas;
    if (!read_cas(m->pc, &cas) || (uintptr_t)at % (cas.width << cas.pair) != 0)
        return false;
    uint64_t expected[2], value[2];
    for (unsigned i = 0; i < 1u + cas.pair; i++) {
        expected[i] = read_register(m, cas.expected + i);
        value[i] = read_register(m, cas.desired + i);
    }
    if (!cas.pair)
        *stored = swap_single(at, expected, value[0], cas.width);
    else
        *stored =
            cas.width == 8 ? swap_words(at, expected, value) : swap_halves(at, expected, value);
    for (unsigned i = 0; i < 1u + cas.pair; i++)
        write_register(m, cas.expected + i, expected[i]);
    m->pc += sizeof(uint32_t);
    return true;
}
