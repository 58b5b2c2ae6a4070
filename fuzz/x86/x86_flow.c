// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a random routine does beside running one instruction after the other.

#include "base/memory.h"
#include "fuzz/x86/x86_gen.h"

#include <stdlib.h>
#include <string.h>

// ---- forms by what they do ----

enum form_kind { FORM_STORES, FORM_LOADS, FORM_NEITHER, FORM_KINDS };

struct form_list {
    uint16_t *items;
    size_t count;
};
static struct form_list lists[2][FORM_KINDS][3]; // all, or common ones; by encoding

static bool is_usable(const struct x86_form *f)
{
    return !f->excluded && f->runs && !f->faults;
}

void gen_list_forms(void)
{
    const struct x86_form_table *t = x86_forms();
    if (lists[0][FORM_STORES][X86_LEGACY].count > 0)
        return;
    for (size_t i = 0; i < t->count; i++) {
        const struct x86_form *f = &t->forms[i];
        if (!is_usable(f))
            continue;
        enum form_kind kind = f->store ? FORM_STORES : f->load ? FORM_LOADS : FORM_NEITHER;
        for (unsigned common = 0; common <= f->common; common++) {
            struct form_list *l = &lists[common][kind][f->encoding];
            if (!l->items)
                l->items = must(malloc(t->count * sizeof *l->items));
            l->items[l->count++] = (uint16_t)i;
        }
    }
}

void gen_form(struct gen *g)
{
    struct builder *b = &g->b;
    static const uint8_t kinds[8] = {FORM_STORES, FORM_STORES, FORM_STORES,  FORM_STORES,
                                     FORM_LOADS,  FORM_LOADS,  FORM_NEITHER, FORM_NEITHER};
    static const uint8_t encodings[4] = {X86_LEGACY, X86_LEGACY, X86_VEX, X86_EVEX};
    unsigned pick = read_byte(&b->in);
    const struct form_list *by_encoding = lists[g->b.common][kinds[pick & 7]];
    const struct form_list *l = &by_encoding[encodings[pick >> 3 & 3]];
    if (l->count == 0)
        l = &by_encoding[X86_LEGACY];
    bool made = l->count == 0;
    for (unsigned i = 0; i < 4 && !made && !b->full; i++)
        made = builder_form(b, &x86_forms()->forms[l->items[read_number(&b->in, 2) % l->count]]);
}

// ---- jumps ----

// A state of the code to go back to.
struct mark {
    uint16_t code_bytes;
    size_t fixups, made, patches;
    int depth;
    struct known rsp;
};

static struct mark mark(const struct gen *g)
{
    return (struct mark){g->b.r->code_bytes, g->b.r->fixup_count, g->b.r->made_count,
                         g->patch_count,     g->b.depth,          g->b.regs[RSP]};
}

static void go_back(struct gen *g, const struct mark *m)
{
    g->b.r->code_bytes = m->code_bytes;
    g->b.r->fixup_count = m->fixups;
    g->b.r->made_count = m->made;
    g->patch_count = m->patches;
    g->b.depth = m->depth;
    g->b.regs[RSP] = m->rsp;
    builder_forget(&g->b);
}

// Forms alone, at most so many bytes: for what a byte's displacement spans.
static void short_items(struct gen *g)
{
    struct builder *b = &g->b;
    unsigned from = b->r->code_bytes;
    for (unsigned i = 0; i < 3 && b->r->code_bytes - from < 40 && builder_has_room(b, 2); i++)
        gen_form(g);
}

static void put_condition(struct gen *g, bool near)
{
    struct builder *b = &g->b;
    unsigned pick = read_byte(&b->in), cc = pick & 15;
    if (!near && pick >= 224 && b->allowed & bit(1)) {
        if (pick & 1)
            PUT(b, 0xe3, 0); // jrcxz
        else
            PUT(b, 0x67, 0xe3, 0); // jecxz
    } else if (near) {
        PUT(b, 0x0f, (uint8_t)(0x80 | cc), 0, 0, 0, 0);
    } else {
        PUT(b, (uint8_t)(0x70 | cc), 0);
    }
}

static void branch_short(struct gen *g)
{
    struct builder *b = &g->b;
    struct mark start = mark(g);
    put_condition(g, false);
    unsigned end = b->r->code_bytes;
    short_items(g);
    gen_level_stack(g, start.depth);
    unsigned distance = b->r->code_bytes - end;
    if (distance > 127) {
        go_back(g, &start);
        return;
    }
    b->r->code[end - 1] = (uint8_t)distance;
    builder_forget(b);
}

static void branch_near(struct gen *g)
{
    struct builder *b = &g->b;
    int depth = b->depth;
    put_condition(g, true);
    unsigned end = b->r->code_bytes;
    gen_items(g, 1 + read_below(&b->in, 4));
    gen_level_stack(g, depth);
    bool otherwise = read_byte(&b->in) & 1;
    unsigned skip = 0;
    if (otherwise) {
        gen_jump(b);
        skip = b->r->code_bytes;
    }
    gen_patch(b, end, b->r->code_bytes);
    builder_forget(b);
    if (!otherwise)
        return;
    gen_items(g, 1 + read_below(&b->in, 3));
    gen_level_stack(g, depth);
    gen_patch(b, skip, b->r->code_bytes);
    builder_forget(b);
}

// ---- loops ----

static void step_pointer(struct gen *g, unsigned step)
{
    struct builder *b = &g->b;
    unsigned p = g->pointer;
    switch (read_byte(&b->in) % 3) {
    case 0:
        PUT(b, rex_w(0, p), 0x83, (uint8_t)(0xc0 | (p & 7)), (uint8_t)step); // add p, step
        break;
    case 1:
        PUT(b, rex_w(0, p), 0x83, (uint8_t)(0xe8 | (p & 7)), (uint8_t)-step); // sub p, -step
        break;
    default:
        if ((p & 7) == 4)
            PUT(b, rex_w(p, p), 0x8d, (uint8_t)(0x44 | (p & 7) << 3), 0x24, (uint8_t)step);
        else
            PUT(b, rex_w(p, p), 0x8d, (uint8_t)(0x40 | (p & 7) << 3 | (p & 7)), (uint8_t)step);
        break;
    }
}

// Ends the loop that begins at TOP; false when that is out of reach.
static bool close_loop(struct gen *g, unsigned top)
{
    struct builder *b = &g->b;
    unsigned c = g->counter, pick = read_byte(&b->in);
    if (c == 1 && pick < 160) { // loop, loope, loopne
        int distance = (int)top - (b->r->code_bytes + 2);
        if (distance < -128)
            return false;
        PUT(b, pick < 96 ? 0xe2 : pick < 128 ? 0xe1 : 0xe0, (uint8_t)distance);
        return true;
    }
    if (pick & 1)
        PUT(b, rex_w(0, c), 0xff, (uint8_t)(0xc8 | (c & 7))); // dec c
    else
        PUT(b, rex_w(0, c), 0x83, (uint8_t)(0xe8 | (c & 7)), 1); // sub c, 1
    int distance = (int)top - (b->r->code_bytes + 2);
    if (distance >= -128 && pick & 2) {
        PUT(b, 0x75, (uint8_t)distance); // jnz
    } else {
        PUT(b, 0x0f, 0x85, 0, 0, 0, 0);
        gen_patch(b, b->r->code_bytes, top);
    }
    return true;
}

static void loop(struct gen *g)
{
    struct builder *b = &g->b;
    struct mark start = mark(g);
    uint16_t pinned = b->pinned;
    unsigned turns = 1 + read_below(&b->in, 6);
    static const uint8_t steps[] = {1, 2, 4, 8, 16, 32, 64, 64};
    unsigned step = steps[read_byte(&b->in) & 7];
    if (pinned & g->loop_regs)
        return; // no loops in loops, nor in subroutines, which loops may call
    builder_set(b, g->counter, PLACE_FIXED, (int64_t)turns);
    b->pinned |= bit(g->counter);
    b->regs[g->counter].known = false;
    bool pointer = g->pointer != g->counter && read_byte(&b->in) < 192;
    if (pointer) {
        struct address a = builder_address(b, true, 64, 512, 64);
        builder_set(b, g->pointer, (enum place)a.place, a.at);
        b->pinned |= bit(g->pointer);
        b->regs[g->pointer].slop = turns * step;
    }
    unsigned top = b->r->code_bytes;
    builder_forget(b);
    if (read_byte(&b->in) & 1)
        short_items(g);
    else
        gen_items(g, 1 + read_below(&b->in, 5));
    gen_level_stack(g, start.depth);
    if (pointer)
        step_pointer(g, step);
    bool closed = close_loop(g, top);
    b->pinned = pinned;
    if (!closed)
        go_back(g, &start);
    builder_forget(b);
}

// ---- calls ----

static void patch_later(struct gen *g, unsigned at, enum patch_kind kind, unsigned sub)
{
    if (g->patch_count == SUB_PATCHES_MAX) {
        g->b.full = true;
        return;
    }
    g->patches[g->patch_count++] = (struct sub_patch){(uint16_t)at, (uint8_t)kind, (uint8_t)sub};
    g->subs[sub].used = true;
}

static void put_call(struct gen *g, unsigned sub)
{
    struct builder *b = &g->b;
    unsigned reg = builder_free_reg(b, 0), pick = read_byte(&b->in) % 4;
    if (pick == 1 && reg != X86_NO_REG) {
        PUT(b, rex_w(0, reg), (uint8_t)(0xb8 | (reg & 7)), 0, 0, 0, 0, 0, 0, 0, 0);
        patch_later(g, b->r->code_bytes - 8u, PATCH_ABS64, sub);
        PUT(b, rex_b(reg), 0xff, (uint8_t)(0xd0 | (reg & 7))); // call reg
    } else if (pick == 2) {
        uint64_t zero = 0;
        unsigned at = builder_pool(b, &zero, sizeof zero);
        patch_later(g, at, PATCH_ABS64, sub);
        PUT(b, 0xff, 0x15, LE32((int)at - (b->r->code_bytes + 6))); // call [rip+x]
    } else {
        PUT(b, 0xe8, 0, 0, 0, 0);
        patch_later(g, b->r->code_bytes - 4u, PATCH_REL32, sub);
    }
}

static void call(struct gen *g)
{
    struct builder *b = &g->b;
    unsigned sub = g->first_sub + read_below(&b->in, SUBS_MAX);
    if (sub >= SUBS_MAX)
        return;
    struct sub *s = &g->subs[sub];
    if (!s->used) {
        s->pops = (uint8_t)(8 * (read_byte(&b->in) % 3));
        s->recursive = read_chance(&b->in, 64);
    }
    if (s->recursive && b->pinned & g->loop_regs)
        return;
    for (unsigned i = 0; i < s->pops; i += 8)
        PUT(b, 0x6a, (uint8_t)i); // push
    if (s->recursive)
        builder_set(b, g->counter, PLACE_FIXED, 1 + (int64_t)read_below(&b->in, 3));
    uint16_t pinned = b->pinned;
    b->pinned |= bit(g->counter);
    put_call(g, sub);
    b->pinned = pinned;
    builder_forget(b);
}

void gen_sub(struct gen *g, unsigned sub)
{
    struct builder *b = &g->b;
    struct sub *s = &g->subs[sub];
    for (size_t i = 0; i < g->patch_count; i++) {
        const struct sub_patch *p = &g->patches[i];
        uint64_t address = builder_pc(b);
        int32_t rel = (int32_t)(b->r->code_bytes - (p->at + 4));
        if (p->sub == sub && p->kind == PATCH_REL32)
            memcpy(b->r->code + p->at, &rel, sizeof rel);
        else if (p->sub == sub)
            memcpy(b->r->code + p->at, &address, sizeof address);
    }
    unsigned self = b->r->code_bytes, out = 0;
    b->pinned = g->loop_regs;
    b->shallow = true;
    b->depth = 0;
    g->first_sub = sub + 1;
    builder_forget(b);
    for (unsigned reg = 0; reg < 16; reg++)
        b->regs[reg].known = reg == RSP;
    if (s->recursive) {
        unsigned c = g->counter;
        PUT(b, rex_w(0, c), 0x83, (uint8_t)(0xe8 | (c & 7)), 1); // sub c, 1
        PUT(b, 0x0f, 0x88, 0, 0, 0, 0);                          // js out
        out = b->r->code_bytes;
    }
    gen_items(g, 1 + read_below(&b->in, 4));
    gen_level_stack(g, 0);
    if (s->recursive) {
        for (unsigned i = 0; i < s->pops; i += 8)
            PUT(b, 0x6a, (uint8_t)i);
        PUT(b, 0xe8, LE32((int)self - (b->r->code_bytes + 5)));
        gen_patch(b, out, b->r->code_bytes);
    }
    if (s->pops)
        PUT(b, 0xc2, s->pops, 0);
    else
        PUT(b, 0xc3);
}

// ---- odd ways to go on ----

static void odd_jump(struct gen *g)
{
    struct builder *b = &g->b;
    unsigned reg = builder_free_reg(b, 0);
    if (reg == X86_NO_REG)
        return;
    uint8_t push = (uint8_t)(0x50 | (reg & 7)), pop = (uint8_t)(0x58 | (reg & 7));
    unsigned at;
    switch (read_byte(&b->in) % 4) {
    case 0: // push; ret
        at = gen_address_of_next(g, reg);
        PUT(b, rex_b(reg), push);
        PUT(b, 0xc3);
        break;
    case 1: // jmp reg
        at = gen_address_of_next(g, reg);
        PUT(b, rex_b(reg), 0xff, (uint8_t)(0xe0 | (reg & 7)));
        break;
    case 2: // a retpoline
        at = gen_address_of_next(g, reg);
        PUT(b, 0xe8, 4, 0, 0, 0); // call over the next two
        PUT(b, 0xf3, 0x90);
        PUT(b, 0xeb, 0xfc);
        PUT(b, rex_w(reg, 4), 0x89, (uint8_t)(0x04 | (reg & 7) << 3), 0x24); // mov [rsp], reg
        PUT(b, 0xc3);
        break;
    default: // where am I
        PUT(b, 0xe8, 0, 0, 0, 0);
        PUT(b, rex_b(reg), pop);
        return;
    }
    gen_here(g, at);
}

// jmp [table+reg*8], or the same by a register, with up to four cases.
static void table_jump(struct gen *g)
{
    struct builder *b = &g->b;
    unsigned reg = builder_free_reg(b, 0), base = builder_free_reg(b, bit(reg & 15));
    if (reg == X86_NO_REG || base == X86_NO_REG || !builder_has_room(b, 12))
        return;
    int depth = b->depth;
    uint64_t zeros[4] = {0};
    unsigned table = builder_pool(b, zeros, sizeof zeros), ends[4];
    uint64_t at = routine_base(b->r) + table;
    PUT(b, rex_b(reg), 0x83, (uint8_t)(0xe0 | (reg & 7)), 3); // and r32, 3
    bool near = !b->r->far && read_byte(&b->in) & 1;
    if (near) { // jmp [table+reg*8]
        PUT(b, (uint8_t)(reg >= 8 ? 0x42 : 0x40), 0xff, 0x24, (uint8_t)(0xc5 | (reg & 7) << 3),
            LE32(at));
    } else {
        builder_set(b, base, PLACE_FIXED, (int64_t)at);
        uint8_t rex = (uint8_t)(0x48 | (base >= 8 ? 5 : 0) | (reg >= 8 ? 2 : 0));
        PUT(b, rex, 0x8b, (uint8_t)(0x44 | (base & 7) << 3), // mov base, [base+reg*8]
            (uint8_t)(0xc0 | (reg & 7) << 3 | (base & 7)), 0);
        PUT(b, rex_b(base), 0xff, (uint8_t)(0xe0 | (base & 7))); // jmp base
    }
    for (unsigned i = 0; i < 4; i++) {
        uint64_t pc = builder_pc(b);
        memcpy(b->r->code + table + 8 * i, &pc, sizeof pc);
        builder_forget(b);
        gen_items(g, 1 + read_below(&b->in, 2));
        gen_level_stack(g, depth);
        gen_jump(b);
        ends[i] = b->r->code_bytes;
    }
    for (unsigned i = 0; i < 4; i++)
        gen_patch(b, ends[i], b->r->code_bytes);
    builder_forget(b);
}

// ---- the stack ----

static void frame(struct gen *g)
{
    struct builder *b = &g->b;
    if ((b->allowed & ~b->pinned & bit(RBP)) == 0)
        return;
    int depth = b->depth;
    struct known rsp = b->regs[RSP];
    unsigned bytes = read_byte(&b->in) & 0x78, level = read_chance(&b->in, 12) ? 1 : 0;
    PUT(b, 0xc8, (uint8_t)bytes, 0, (uint8_t)level); // enter
    b->regs[RBP] = b->regs[RSP];
    b->regs[RBP].at -= 8;
    b->regs[RBP].known = !b->shallow;
    b->pinned |= bit(RBP);
    b->depth += (int)(8 + bytes + 8 * level);
    b->regs[RSP].at -= (int)(8 + bytes + 8 * level);
    gen_items(g, 1 + read_below(&b->in, 3));
    b->pinned &= (uint16_t)~bit(RBP);
    PUT(b, 0xc9); // leave
    b->depth = depth;
    b->regs[RSP] = rsp;
    b->regs[RBP].known = false;
}

// Pushes and more with the stack pointer in the destination, or on the second
// stack; the old one waits in the counter's register.
static void move_stack(struct gen *g)
{
    struct builder *b = &g->b;
    unsigned keep = g->counter;
    if (b->pinned & g->loop_regs || b->shallow)
        return;
    struct known rsp = b->regs[RSP];
    int depth = b->depth;
    unsigned first_sub = g->first_sub;
    bool other = read_byte(&b->in) & 1;
    PUT(b, rex_w(RSP, keep), 0x89, (uint8_t)(0xe0 | (keep & 7))); // mov keep, rsp
    b->pinned |= bit(keep);
    struct address a = {PLACE_FIXED, SANDBOX_FRAME + FRAME_OTHER_STACK};
    if (!other) {
        a = builder_address(b, true, 64, 512, 1);
        g->first_sub = SUBS_MAX; // a random store might hit a return address
    }
    builder_set(b, keep == 0 ? 2 : 0, (enum place)a.place, a.at);
    PUT(b, 0x48, 0x89, (uint8_t)(keep == 0 ? 0xd4 : 0xc4)); // mov rsp, rdx or rax
    b->regs[RSP] = (struct known){true, a.place, a.at, 0};
    b->shallow = true;
    b->depth = 0;
    unsigned n = 1 + read_below(&b->in, 3);
    for (unsigned i = 0; i < n; i++)
        PUT(b, 0x6a, (uint8_t)i), b->depth += 8, b->regs[RSP].at -= 8;
    gen_items(g, 2 + read_below(&b->in, 3));
    PUT(b, rex_w(keep, RSP), 0x89, (uint8_t)(0xc4 | (keep & 7) << 3)); // mov rsp, keep
    b->shallow = false;
    g->first_sub = first_sub;
    b->pinned &= (uint16_t)~bit(keep);
    b->regs[RSP] = rsp;
    b->depth = depth;
    b->regs[keep].known = false;
}

// ---- addresses that registers follow ----

void gen_flow(struct gen *g, unsigned pick)
{
    if (pick < 196)
        gen_follow(g);
    else if (pick < 206)
        branch_short(g);
    else if (pick < 214)
        branch_near(g);
    else if (pick < 224)
        loop(g);
    else if (pick < 232)
        call(g);
    else if (pick < 238)
        odd_jump(g);
    else if (pick < 242)
        table_jump(g);
    else if (pick < 246)
        frame(g);
    else if (pick < 251)
        gen_flags(g);
    else
        move_stack(g);
}

// ---- items ----

static void item(struct gen *g)
{
    unsigned pick = read_byte(&g->b.in);
    if (pick < GEN_FLOW_FROM || g->nesting > 4 || !builder_has_room(&g->b, 12))
        gen_form(g);
    else
        gen_flow(g, pick);
}

void gen_items(struct gen *g, unsigned count)
{
    g->nesting++;
    for (unsigned i = 0; i < count && g->b.in.left > 0 && builder_has_room(&g->b, 4); i++)
        item(g);
    g->nesting--;
}
