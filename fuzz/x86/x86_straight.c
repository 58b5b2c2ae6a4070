// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Single pieces of a random routine that are more than an instruction of its table:
// jumps, the flags, an address that is taken.

#include "fuzz/x86/x86_gen.h"

#include <string.h>

enum { FLAG_ALIGNMENT = 0x40000 };

void gen_patch(struct builder *b, unsigned end, unsigned target)
{
    int32_t rel = (int32_t)target - (int32_t)end;
    memcpy(b->r->code + end - 4, &rel, sizeof rel);
}

void gen_jump(struct builder *b)
{
    PUT(b, 0xe9, 0, 0, 0, 0);
}

// Brings the stack pointer back to where it was, so that paths may join.
void gen_level_stack(struct gen *g, int depth)
{
    struct builder *b = &g->b;
    int up = b->depth - depth;
    if (up == 0)
        return;
    if (read_byte(&b->in) & 1)
        PUT(b, 0x48, 0x8d, 0xa4, 0x24, LE32(up)); // lea rsp, [rsp+up]
    else
        PUT(b, 0x48, 0x81, 0xc4, LE32(up)); // add rsp, up
    b->depth = depth;
    b->regs[RSP].at += up;
}

// Writes a constant that is the address where control goes on; gives its place.
unsigned gen_address_of_next(struct gen *g, unsigned reg)
{
    struct builder *b = &g->b;
    PUT(b, rex_w(0, reg), (uint8_t)(0xb8 | (reg & 7)), 0, 0, 0, 0, 0, 0, 0, 0);
    return b->r->code_bytes - 8u;
}

void gen_here(struct gen *g, unsigned at)
{
    uint64_t pc = builder_pc(&g->b);
    memcpy(g->b.r->code + at, &pc, sizeof pc);
    builder_forget(&g->b);
}

void gen_flags(struct gen *g)
{
    struct builder *b = &g->b;
    uint32_t value = (uint32_t)read_number(&b->in, 2) & FLAGS_ALLOWED;
    if (b->may_fault && read_chance(&b->in, 16))
        value |= FLAG_ALIGNMENT;
    if (read_byte(&b->in) & 1) {
        PUT(b, 0x68, LE32(value | 2));
    } else {
        PUT(b, 0x9c);                                          // pushfq
        PUT(b, 0x81, 0x34, 0x24, LE32(value & FLAGS_ALLOWED)); // xor dword [rsp], value
    }
    if (read_byte(&b->in) < 224)
        PUT(b, 0x9d); // popfq
    else
        PUT(b, 0x66, 0x9d), PUT(b, 0x48, 0x8d, 0x64, 0x24, 6); // popf; lea rsp, [rsp+6]
    g->sets_flags = true;
}

// Arithmetic whose result the builder, like a recorder, can follow.
void gen_follow(struct gen *g)
{
    struct builder *b = &g->b;
    unsigned reg = builder_free_reg(b, 0), from = builder_free_reg(b, 0);
    if (reg == X86_NO_REG || !b->regs[reg].known || b->regs[reg].slop)
        return;
    struct known k = b->regs[reg];
    int8_t by = (int8_t)read_byte(&b->in);
    switch (read_byte(&b->in) % 8) {
    case 0:
        PUT(b, rex_w(0, reg), 0x83, (uint8_t)(0xc0 | (reg & 7)), (uint8_t)by); // add
        k.at += by;
        break;
    case 1:
        PUT(b, rex_w(0, reg), 0x83, (uint8_t)(0xe8 | (reg & 7)), (uint8_t)by); // sub
        k.at -= by;
        break;
    case 2:
        PUT(b, rex_w(0, reg), 0xff, (uint8_t)(0xc0 | (reg & 7))); // inc
        k.at += 1;
        break;
    case 3:
        PUT(b, rex_w(0, reg), 0xff, (uint8_t)(0xc8 | (reg & 7))); // dec
        k.at -= 1;
        break;
    case 4:
        PUT(b, rex_w(reg, from), 0x89, (uint8_t)(0xc0 | (reg & 7) << 3 | (from & 7))); // mov
        b->regs[from] = k;
        break;
    case 5: // xchg
        k = b->regs[from];
        struct known old = b->regs[reg];
        PUT(b, rex_w(reg, from), 0x87, (uint8_t)(0xc0 | (reg & 7) << 3 | (from & 7)));
        b->regs[from] = old;
        break;
    case 6: { // add reg, from
        struct known f = b->regs[from];
        if (!f.known || f.slop || f.place != PLACE_FIXED || from == reg)
            return;
        PUT(b, rex_w(from, reg), 0x01, (uint8_t)(0xc0 | (from & 7) << 3 | (reg & 7)));
        k.at = (int64_t)((uint64_t)k.at + (uint64_t)f.at);
        break;
    }
    default: // a 32-bit move clears the upper half
        PUT(b, (uint8_t)(0x40 | (reg >= 8 ? 5 : 0)), 0x89,
            (uint8_t)(0xc0 | (reg & 7) << 3 | (reg & 7)));
        if (k.place != PLACE_FIXED)
            return;
        k.at = (int64_t)(uint32_t)k.at;
        break;
    }
    b->regs[reg] = k;
}
