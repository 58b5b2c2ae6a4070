// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// AArch64; its procedure call standard (AAPCS64), 6.1.

#include "prove/cpu.h"

#include "backends/arch.h"
#include "prove/aarch64/semantics.h"
#include "record/qemu/qemu.h"

#include <elf.h>
#include <string.h>

static const char *const names[] = {"x0",  "x1",  "x2",  "x3",  "x4",  "x5",  "x6",  "x7",
                                    "x8",  "x9",  "x10", "x11", "x12", "x13", "x14", "x15",
                                    "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23",
                                    "x24", "x25", "x26", "x27", "x28", "x29", "x30", "sp"};

static bool decode(struct step *s, const uint8_t *code, size_t count)
{
    struct qemu_site in = {.addr = s->at, .length = sizeof s->word};
    uint8_t element;
    if (count < sizeof s->word || s->at % sizeof s->word != 0)
        return false;
    memcpy(in.bytes, code, sizeof s->word);
    memcpy(&s->word, code, sizeof s->word);
    qemu_describe_site(arch_find("aarch64"), &in, &s->site, &element);
    s->run = a64_semantics_of(s->word);
    return true;
}

static void run(struct execution *x)
{
    x->m->pc = x->step->next;
    if (x->step->run)
        x->step->run(x);
    else
        execution_unknown(x, "is not modelled");
    if (pool_trouble(x->pool))
        execution_unknown(x, pool_trouble(x->pool));
}

const struct prove_cpu prove_aarch64 = {
    .machine = EM_AARCH64,
    .insn_bytes = 4,
    .decode = decode,
    .run = run,
    .names = names,
    .registers = sizeof names / sizeof *names,
    .arguments = {0, 1, 2, 3},
    .result = 0,
    .stack = SP,
    .link = LINK,
    .kept = 0x3ff80000, // x19 to x29
    .kept_vector = 8,
    .kept_vectors = 8,
};
