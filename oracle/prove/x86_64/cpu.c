// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// x86-64, as Zydis reads it; System V ABI, 3.2.1 to 3.2.3.

#include "prove/cpu.h"
#include "prove/x86_64/semantics.h"

#include <elf.h>
#include <string.h>

static const char *const names[] = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                    "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};

static unsigned store_bytes(const struct step *s)
{
    unsigned most = 0;
    for (unsigned i = 0; i < s->in.operand_count; i++) {
        const ZydisDecodedOperand *op = &s->ops[i];
        if (op->type == ZYDIS_OPERAND_TYPE_MEMORY && op->mem.type != ZYDIS_MEMOP_TYPE_AGEN &&
            op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE && op->size / 8 > most)
            most = op->size / 8;
    }
    return most;
}

static bool decode(struct step *s, const uint8_t *code, size_t count)
{
    static ZydisDecoder decoder;
    static bool ready;
    if (!ready)
        ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
    ready = true;
    if (ZYAN_FAILED(ZydisDecoderDecodeFull(&decoder, code, count, &s->in, s->ops)))
        return false;
    s->site = (struct site){.addr = s->at, .length = s->in.length};
    memcpy(s->site.bytes, code, s->in.length);
    site_describe(&s->site, store_bytes(s));
    s->run = semantics_of(s);
    return true;
}

const struct prove_cpu prove_x86_64 = {
    .machine = EM_X86_64,
    .insn_bytes = ZYDIS_MAX_INSTRUCTION_LENGTH,
    .decode = decode,
    .run = semantics_run,
    .names = names,
    .registers = sizeof names / sizeof *names,
    .arguments = {RDI, RSI, RDX, RCX},
    .result = RAX,
    .stack = RSP,
    .link = CPU_ON_STACK,
    .above = 8,
    .popped = 8,
    .keeps_order = true,
    .keeps_lines = true,
    .kept = 1u << RBX | 1u << RBP | 1u << 12 | 1u << 13 | 1u << 14 | 1u << 15,
};
