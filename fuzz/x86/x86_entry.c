// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The way into a routine, which sets all registers that it names, and out of it,
// which leaves them in the frame.

#include "fuzz/x86/x86_routine_parts.h"

#include "backends/cpu.h"

static const uint8_t callee_saved[] = {3, 5, 12, 13, 14, 15};

// mov [frame+off], reg or mov reg, [frame+off]
static void put_slot(struct builder *b, unsigned opcode, unsigned reg, unsigned off)
{
    PUT(b, rex_w(reg, 0), (uint8_t)opcode, (uint8_t)(0x04 | (reg & 7) << 3), 0x25,
        LE32(SANDBOX_FRAME + off));
}

// [frame+off] as the operand of what PUT began; /reg.
#define SLOT(reg, off) (uint8_t)(0x04 | ((reg)&7) << 3), 0x25, LE32(SANDBOX_FRAME + (off))

static void put_vector(struct builder *b, bool store, unsigned v, unsigned off)
{
    uint8_t opcode = store ? 0x7f : 0x6f, r = v & 8 ? 0 : 0x80;
    if (cpu_really_has("avx512f"))
        PUT(b, 0x62, (uint8_t)(r | 0x61 | (v & 16 ? 0 : 0x10)), 0xfe, 0x48, opcode, SLOT(v, off));
    else if (cpu_really_has("avx"))
        PUT(b, 0xc4, (uint8_t)(r | 0x61), 0x7e, opcode, SLOT(v, off));
    else
        PUT(b, 0xf3, (uint8_t)(v & 8 ? 0x44 : 0x40), 0x0f, opcode, SLOT(v, off));
}

static void put_mask(struct builder *b, bool store, unsigned k, unsigned off)
{
    // kmovq, or kmovw without AVX512BW
    uint8_t w = cpu_really_has("avx512bw") ? 0xf8 : 0x78;
    PUT(b, 0xc4, 0xe1, w, store ? 0x91 : 0x90, SLOT(k, off));
}

static uint64_t first_value(uint64_t *state)
{
    uint64_t value = sandbox_random(state), kind = sandbox_random(state) % 4;
    return kind == 0 ? value & 0xff : kind == 1 ? (uint64_t)(int64_t)(int32_t)value : value;
}

void routine_prologue(struct builder *b, bool *sets_flags)
{
    uint16_t gprs = b->gprs;
    uint64_t state = b->r->seed;
    put_slot(b, 0x89, RSP, FRAME_RSP);
    for (unsigned i = 0; i < sizeof callee_saved; i++)
        if (gprs & bit(callee_saved[i]))
            put_slot(b, 0x89, callee_saved[i], FRAME_SAVED + 8 * i);
    PUT(b, 0x48, 0xff, SLOT(0, FRAME_RUNS));     // inc qword
    PUT(b, 0x48, 0xc7, 0xc4, LE32(STACK_START)); // mov rsp, imm
    for (unsigned v = 0; v < 32; v++)
        if (b->vectors >> v & 1)
            put_vector(b, false, v, FRAME_FIRST_VECTORS + 64 * v);
    for (unsigned k = 0; k < 8; k++)
        if (b->masks >> k & 1)
            put_mask(b, false, k, FRAME_FIRST_MASKS + 8 * k);
    uint32_t mxcsr = 0x1f80u | (uint32_t)(sandbox_random(&state) & 0xe040); // rounding, denormals
    unsigned pool = builder_pool(b, &mxcsr, sizeof mxcsr);
    PUT(b, 0x0f, 0xae, 0x15, LE32((int)pool - (b->r->code_bytes + 7))); // ldmxcsr
    if (b->x87) {
        PUT(b, 0xdb, 0xe3); // fninit
        for (unsigned i = 0; i < 8; i++)
            PUT(b, 0xdb, SLOT(5, FRAME_FIRST_X87 + 16 * i)); // fld tbyte
        for (unsigned i = 3; i < 8; i++)
            PUT(b, 0xdd, (uint8_t)(0xc0 | i)); // ffree: room for what the body loads
    }
    if (sandbox_random(&state) & 1) {
        uint32_t value = (uint32_t)sandbox_random(&state) & FLAGS_ALLOWED;
        PUT(b, 0x68, LE32(value | 2));
        PUT(b, 0x9d);
        *sets_flags = true;
    }
    for (unsigned reg = 0; reg < 16; reg++) {
        if (reg == RSP || !(gprs & bit(reg)))
            continue;
        uint64_t value = first_value(&state);
        uint8_t code[10] = {rex_w(0, reg), (uint8_t)(0xb8 | (reg & 7))};
        memcpy(code + 2, &value, sizeof value);
        builder_put(b, code, sizeof code);
    }
}

void routine_epilogue(struct builder *b, bool sets_flags)
{
    uint32_t mxcsr = 0x1f80;
    unsigned pool = builder_pool(b, &mxcsr, sizeof mxcsr);
    uint16_t gprs = b->gprs | bit(RSP);
    for (unsigned reg = 0; reg < 16; reg++)
        if (gprs & bit(reg))
            put_slot(b, 0x89, reg, FRAME_GPRS + 8 * reg);
    PUT(b, 0x48, 0xc7, 0xc4, LE32(SANDBOX_FRAME + SANDBOX_FRAME_BYTES - 64)); // mov rsp, imm
    PUT(b, 0x9c);                                                             // pushfq
    PUT(b, 0x8f, SLOT(0, FRAME_FLAGS));                                       // pop
    PUT(b, 0xfc);                                                             // cld
    if (sets_flags) {
        PUT(b, 0x68, LE32(0x202));
        PUT(b, 0x9d);
    }
    for (unsigned v = 0; v < 32; v++)
        if (b->vectors >> v & 1)
            put_vector(b, true, v, FRAME_VECTORS + 64 * v);
    for (unsigned k = 0; k < 8; k++)
        if (b->masks >> k & 1)
            put_mask(b, true, k, FRAME_MASKS + 8 * k);
    PUT(b, 0x0f, 0xae, SLOT(3, FRAME_MXCSR));                           // stmxcsr
    PUT(b, 0x0f, 0xae, 0x15, LE32((int)pool - (b->r->code_bytes + 7))); // ldmxcsr
    if (b->x87)
        PUT(b, 0xdd, SLOT(6, FRAME_FXSAVE)); // fnsave
    if (b->vectors && cpu_really_has("avx"))
        PUT(b, 0xc5, 0xf8, 0x77); // vzeroupper
    for (unsigned i = 0; i < sizeof callee_saved; i++)
        if (gprs & bit(callee_saved[i]))
            put_slot(b, 0x8b, callee_saved[i], FRAME_SAVED + 8 * i);
    put_slot(b, 0x8b, RSP, FRAME_RSP);
    PUT(b, 0xb8, LE32(0x12345678)); // mov eax, imm
    PUT(b, 0xc3);
}
