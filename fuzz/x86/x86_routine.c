// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/x86/x86_gen.h"

#include "backends/cpu.h"

#include <asm/prctl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ITEMS_MAX = 40 };

// ---- routines ----

static void choose_loop_registers(struct gen *g)
{
    struct builder *b = &g->b;
    g->counter = b->allowed & bit(1) ? 1 : (uint8_t)builder_free_reg(b, 0);
    if (read_chance(&b->in, 96))
        g->counter = (uint8_t)builder_free_reg(b, 0);
    g->pointer = (uint8_t)builder_free_reg(b, bit(g->counter));
    if (g->pointer == X86_NO_REG)
        g->pointer = g->counter;
    g->loop_regs = bit(g->counter) | bit(g->pointer);
}

static void start(struct gen *g, struct reader in, struct x86_routine *out)
{
    memset(out, 0, sizeof *out);
    builder_init(&g->b, out, in);
    struct reader *r = &g->b.in;
    unsigned bits = read_byte(r);
    out->far = bits & 1;
    out->loads = (bits & 14) != 14;
    // Most, so that most routines run under every recorder.
    g->b.common = !read_chance(r, 32);
    g->b.may_fault = (bits & 112) >= 96;
    out->seed = read_number(r, 2);
    out->size = 16 + read_below(r, 3000);
    out->dst_off = read_below(r, PAGE_BYTES);
    out->src_off = read_below(r, PAGE_BYTES);
    if (bits & 128)
        g->b.allowed = (uint16_t)(read_number(r, 2) | 0x7); // rax, rcx, rdx at least
    choose_loop_registers(g);
    g->b.regs[RSP] = (struct known){true, PLACE_FIXED, STACK_START, 0};
    gen_jump(&g->b); // to the prologue
}

// The body is written first: what it names is what prologue and epilogue are
// about.
static void finish(struct gen *g)
{
    struct builder *b = &g->b;
    gen_jump(b);
    unsigned out = b->r->code_bytes;
    for (unsigned sub = 0; sub < SUBS_MAX; sub++)
        if (g->subs[sub].used)
            gen_sub(g, sub);
    if (b->in.left == 0 && b->r->seed % 16 == 0) { // every vector now and then
        b->vectors = cpu_really_has("avx512f") ? 0xffffffff : 0xffff;
        b->masks = cpu_really_has("avx512f") ? 0xff : 0;
    }
    uint16_t gprs = b->gprs;
    uint32_t vectors = b->vectors;
    gen_patch(b, 5, b->r->code_bytes);
    b->r->body_bytes = b->r->code_bytes;
    routine_prologue(b, &g->sets_flags);
    b->gprs = gprs;
    b->vectors = vectors;
    gen_jump(b);
    gen_patch(b, b->r->code_bytes, 5);
    gen_patch(b, out, b->r->code_bytes);
    routine_epilogue(b, g->sets_flags);
}

static void make(const struct x86_form *form, unsigned skew, struct reader in,
                 struct x86_routine *out, bool *made)
{
    struct gen g = {0};
    start(&g, in, out);
    if (form) {
        g.b.aligned_only = true;
        g.b.skew = skew;
        g.b.may_fault = false;
        g.b.allowed = 0xffff;
        *made = builder_form(&g.b, form);
    } else {
        gen_items(&g, ITEMS_MAX);
    }
    gen_level_stack(&g, 0);
    finish(&g);
    if (g.b.full && !form) { // too much of it: what is left is an empty routine
        struct reader nothing = {0};
        make(NULL, 0, nothing, out, made);
    }
}

void x86_routine_make(const uint8_t *data, size_t size, struct x86_routine *out)
{
    gen_list_forms();
    make(NULL, 0, (struct reader){data, size}, out, NULL);
}

bool x86_routine_of_form(const struct x86_form *form, unsigned skew, const uint8_t *data,
                         size_t size, struct x86_routine *out)
{
    bool made = false;
    make(form, skew, (struct reader){data, size}, out, &made);
    return made;
}

void x86_routine_load(const struct x86_routine *r, const struct layout *layout)
{
    static uint8_t code[SANDBOX_CODE_BYTES];
    uint64_t fs = 0;
    syscall(SYS_arch_prctl, ARCH_GET_FS, &fs);
    memcpy(code, r->code, sizeof code);
    memset(code + r->code_bytes, 0xcc, (size_t)(ROUTINE_POOL - r->code_bytes));
    for (size_t i = 0; i < r->fixup_count; i++) {
        const struct fixup *f = &r->fixups[i];
        uint64_t base = f->place == PLACE_DST   ? (uintptr_t)layout->dst
                        : f->place == PLACE_SRC ? (uintptr_t)layout->src
                                                : 0;
        uint64_t value = base + (uint64_t)f->addend - (f->minus_fs ? fs : 0);
        memcpy(code + f->at, &value, sizeof value);
    }
    sandbox_load(code, sizeof code);
}
