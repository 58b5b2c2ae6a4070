// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// One instruction of a form: registers are chosen, a target for its address, a
// way to spell that address, and what registers must hold for it; then all of it
// is written.

#include "fuzz/x86/x86_builder_parts.h"

struct need {
    bool set, minus_fs;
    uint8_t place;
    int64_t at;
};

struct attempt {
    struct builder *b;
    const struct x86_form *form;
    struct x86_choice c;
    struct x86_decoded d;
    uint8_t bytes[X86_LENGTH_MAX + 9];
    size_t length, disp_off;
    struct need need[16];
    struct address target; // of the explicit operand
    bool has_target;
    uint8_t index_vector; // X86_NO_REG: none
    unsigned repeats;     // of a string op
};

static uint8_t pick_bits(struct builder *b, uint8_t set)
{
    unsigned n = read_byte(&b->in) & 7;
    while (set && !(set >> n & 1))
        n = (n + 1) & 7;
    return (uint8_t)n;
}

static uint8_t pick_gpr(struct builder *b)
{
    unsigned n = read_byte(&b->in) & 15;
    while (!(b->allowed & bit(n)))
        n = (n + 1) & 15;
    return (uint8_t)n;
}

static uint8_t pick_field(struct attempt *a, enum x86_field field, uint8_t set)
{
    struct builder *b = a->b;
    if (field == FIELD_GPR)
        return pick_gpr(b);
    if (field == FIELD_VECTOR)
        return (uint8_t)(read_byte(&b->in) % (a->form->encoding == X86_EVEX ? 32 : 16));
    if (field == FIELD_MASK)
        return (uint8_t)(read_byte(&b->in) % 8);
    return pick_bits(b, set);
}

static void choose_registers(struct attempt *a)
{
    struct builder *b = a->b;
    const struct x86_form *f = a->form;
    struct x86_choice *c = &a->c;
    c->reg = pick_field(a, (enum x86_field)f->reg, f->regs);
    if (!f->memory)
        c->rm = pick_field(a, f->low ? (enum x86_field)f->low : (enum x86_field)f->rm, f->rms);
    if (f->vvvv != FIELD_NONE)
        c->vvvv = pick_field(a, (enum x86_field)f->vvvv, 0xff);
    if (f->encoding == X86_EVEX) {
        c->mask = (uint8_t)(read_chance(&b->in, 128) || f->needs_mask ? read_byte(&b->in) & 7 : 0);
        if (f->needs_mask && c->mask == 0)
            c->mask = 1;
        c->zeroing = read_chance(&b->in, 64);
    }
    c->rex = f->encoding == X86_LEGACY && read_chance(&b->in, 64);
    static const uint8_t idle[] = {0x2e, 0x36, 0x3e, 0x26};
    if (read_chance(&b->in, 8))
        c->extra = idle[read_byte(&b->in) % sizeof idle];
    if (f->memory && read_chance(&b->in, 12))
        c->segment = read_byte(&b->in) & 1 ? 0x65 : 0x64;
    c->addr32 = read_chance(&b->in, 10);
    c->imm = f->imm_bytes ? read_number(&b->in, f->imm_bytes) : 0;
}

static bool require(struct attempt *a, unsigned reg, uint8_t place, bool minus_fs, int64_t at)
{
    struct need *n = &a->need[reg & 15];
    if (reg >= 16 || reg == RSP)
        return false;
    if (n->set)
        return n->place == place && n->minus_fs == minus_fs && n->at == at;
    *n = (struct need){true, minus_fs, place, at};
    return true;
}

// What the register is known to hold, or is to be given.
static bool constant_of(struct attempt *a, unsigned reg, int64_t *value)
{
    const struct known *k = &a->b->regs[reg];
    const struct need *n = &a->need[reg];
    if (n->set) {
        *value = n->at;
        return n->place == PLACE_FIXED && !n->minus_fs;
    }
    *value = k->at;
    return k->known && k->place == PLACE_FIXED && k->slop == 0;
}

static void choose_disp(struct attempt *a)
{
    struct reader *in = &a->b->in;
    static const uint8_t sizes[] = {0, 1, 1, 4};
    a->c.disp_bytes = sizes[read_byte(in) % 4];
    if (a->c.disp_bytes == 0 && (a->c.base & 7) == 5)
        a->c.disp_bytes = 1;
    a->c.disp = a->c.disp_bytes == 1 ? (int8_t)read_byte(in) : (int16_t)read_number(in, 2);
    if (a->c.disp_bytes == 4 && read_chance(in, 64))
        a->c.disp = (int32_t)read_number(in, 4);
}

static bool is_scrubbed(const struct attempt *a);

// A register that already holds an address near TARGET: then its displacement
// follows. Pointers that move, in loops, choose the target themselves.
static bool reuse_base(struct attempt *a, struct address *t)
{
    struct builder *b = a->b;
    unsigned first = read_byte(&b->in);
    for (unsigned i = 0; i < 16; i++) {
        unsigned reg = (first + i) & 15;
        const struct known *k = &b->regs[reg];
        if (!k->known || !(b->allowed & bit(reg)) || (reg == RSP && b->shallow))
            continue;
        if (k->slop && is_scrubbed(a)) // at an address that must be known
            continue;
        if (k->slop && !a->form->aligned && !b->aligned_only)
            *t = (struct address){k->place, k->at + (int8_t)read_byte(&b->in) / 2};
        int64_t disp = t->at - k->at;
        if (k->place != t->place || !is_s32(disp) || (k->slop && (disp < -64 || disp > 64)))
            continue;
        a->c.base = (uint8_t)reg;
        a->c.disp = disp;
        a->c.disp_bytes = 4;
        bool narrow = a->form->encoding != X86_EVEX && disp == (int8_t)disp;
        if (narrow && read_byte(&b->in) < 192)
            a->c.disp_bytes = 1;
        if (disp == 0 && (reg & 7) != 5)
            a->c.disp_bytes = 0;
        return true;
    }
    return false;
}

// What was pushed, or the red zone; never a return address.
static bool choose_stack(struct attempt *a, struct address *t)
{
    struct builder *b = a->b;
    int room = b->depth - a->form->width;
    a->c.base = RSP;
    a->c.disp_bytes = 4;
    a->c.disp = room >= 0 && read_byte(&b->in) & 1 ? (int)read_below(&b->in, (unsigned)room + 1)
                                                   : -128 + (int)read_below(&b->in, 64);
    if (a->c.disp < 128 && a->form->encoding != X86_EVEX)
        a->c.disp_bytes = 1;
    *t = (struct address){b->regs[RSP].place, b->regs[RSP].at + a->c.disp};
    return !a->form->aligned && a->form->width <= 64 && a->form->width > 0 && !is_scrubbed(a);
}

// Chooses how the operand spells its address, but for what depends on the
// displacement as decoded.
static bool choose_mode(struct attempt *a, struct address *t)
{
    struct builder *b = a->b;
    struct x86_choice *c = &a->c;
    bool fixed = t->place == PLACE_FIXED, fs = c->segment == 0x64;
    uint64_t away = (uint64_t)t->at - routine_base(b->r) + (UINT64_C(1) << 30);
    unsigned pick = read_byte(&b->in) % 16;
    c->index = X86_NO_REG;
    if (c->addr32 && (!fixed || t->at != (int64_t)(uint32_t)t->at || fs))
        c->addr32 = false;
    if (pick < 2 && fixed && away < (UINT64_C(2) << 30) && !c->segment && !a->form->vsib) {
        c->mode = ADDRESS_RIP;
        return true;
    }
    if (pick < 4 && fixed && is_s32(t->at) && !fs && !a->form->vsib) {
        c->mode = ADDRESS_ABSOLUTE;
        return true;
    }
    c->scale = read_byte(&b->in) & 3;
    if (a->form->vsib) {
        c->index = (uint8_t)(read_byte(&b->in) % (a->form->encoding == X86_EVEX ? 32 : 16));
        a->index_vector = c->index;
    } else if (read_byte(&b->in) < 96) {
        unsigned index = builder_free_reg(b, 0);
        c->index = (uint8_t)index;
    }
    c->mode = ADDRESS_BASE;
    if (pick < 6 && fixed && is_s32(t->at) && !fs && !c->addr32 && c->index != X86_NO_REG) {
        c->mode = ADDRESS_INDEX;
        c->disp = (int32_t)(t->at - (read_byte(&b->in) & 63) * 8);
        return true;
    }
    if (!c->segment && !c->addr32 && read_byte(&b->in) < 160 && reuse_base(a, t)) {
        if (!a->form->vsib)
            c->index = X86_NO_REG;
        return true;
    }
    if (!a->form->vsib && c->index == X86_NO_REG && !c->segment && !c->addr32 &&
        read_byte(&b->in) < 20)
        return choose_stack(a, t);
    c->base = (uint8_t)builder_free_reg(b, 0);
    if (c->base == X86_NO_REG)
        return false;
    choose_disp(a);
    return true;
}

static bool encode(struct attempt *a)
{
    memset(a->bytes, 0, sizeof a->bytes);
    a->length = x86_encode(a->form, &a->c, a->bytes, &a->disp_off);
    return a->length > 0 && x86_decode(a->bytes, a->length, &a->d) && a->d.in.length == a->length &&
           a->d.in.mnemonic == a->form->mnemonic;
}

static bool is_rep(const struct attempt *a)
{
    return (a->d.in.attributes &
            (ZYDIS_ATTRIB_HAS_REP | ZYDIS_ATTRIB_HAS_REPE | ZYDIS_ATTRIB_HAS_REPNE)) != 0;
}

// Where the state of the FPU, or of the vectors' control register, is loaded
// from: most values are good ones.
static bool good_state(struct attempt *a, struct address *t)
{
    struct builder *b = a->b;
    uint32_t state[27] = {0}; // as frstor wants it: control word, status, tags, ...
    unsigned rounding = read_byte(&b->in) & 3, bytes = sizeof state;
    switch (a->form->mnemonic) {
    case ZYDIS_MNEMONIC_LDMXCSR:
    case ZYDIS_MNEMONIC_VLDMXCSR:
        state[0] = 0x1f80u | rounding << 13;
        bytes = 4;
        break;
    case ZYDIS_MNEMONIC_FLDCW:
    case ZYDIS_MNEMONIC_FLDENV:
    case ZYDIS_MNEMONIC_FRSTOR:
        state[0] = 0x037fu | rounding << 10;
        break;
    default:
        return false;
    }
    // An unmasked x87 exception undoes a store that recorders have seen: only
    // SSE's are wanted, which come at once.
    if (bytes == 4 && !b->aligned_only && read_chance(&b->in, 40))
        return false;
    unsigned at = builder_pool(b, state, bytes);
    *t = (struct address){PLACE_FIXED, (int64_t)(routine_base(b->r) + at)};
    return true;
}

static struct address pick_target(struct attempt *a, const ZydisDecodedOperand *op)
{
    struct builder *b = a->b;
    struct address t;
    if (good_state(a, &t))
        return t;
    unsigned bytes = op->size / 8, margin = 0, align = 1;
    if (is_rep(a))
        margin = bytes * a->repeats;
    if (a->form->vsib)
        margin = 512;
    if (x86_gpr(op->mem.index) != X86_NO_REG && op->encoding != ZYDIS_OPERAND_ENCODING_MODRM_RM)
        margin = 256; // xlat
    if (a->d.in.meta.category == ZYDIS_CATEGORY_BITBYTE)
        margin = 64;
    if (b->aligned_only || a->form->aligned)
        align = 64;
    else if (read_byte(&b->in) < 64)
        align = 16;
    return builder_address(b, (op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0, bytes, margin,
                           align);
}

static bool is_explicit(const ZydisDecodedOperand *op)
{
    return op->visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT &&
           (op->encoding == ZYDIS_OPERAND_ENCODING_MODRM_RM ||
            op->encoding == ZYDIS_OPERAND_ENCODING_DISP16_32_64);
}

// The linear address less the segment's base.
static void without_segment(const ZydisDecodedOperand *op, struct address *t, bool *minus_fs)
{
    *minus_fs = op->mem.segment == ZYDIS_REGISTER_FS;
    if (op->mem.segment == ZYDIS_REGISTER_GS)
        t->at -= (int64_t)SANDBOX_GS_BASE;
}

static bool solve_bit_string(struct attempt *a)
{
    const ZydisDecodedOperand *ops = a->d.ops;
    if (a->d.in.meta.category != ZYDIS_CATEGORY_BITBYTE || a->d.in.operand_count_visible < 2 ||
        ops[0].type != ZYDIS_OPERAND_TYPE_MEMORY || ops[1].type != ZYDIS_OPERAND_TYPE_REGISTER)
        return true;
    return require(a, x86_gpr(ops[1].reg.value), PLACE_FIXED, false, (int8_t)read_byte(&a->b->in));
}

// Requirements on registers so that the explicit operand lies at the target.
static bool solve_explicit(struct attempt *a, const ZydisDecodedOperand *op)
{
    struct builder *b = a->b;
    struct x86_choice *c = &a->c;
    struct address t = a->target;
    bool minus_fs;
    without_segment(op, &t, &minus_fs);
    int64_t disp = op->mem.disp.value, index = 0;
    if (a->form->moffs) {
        c->disp = t.at;
        return !minus_fs && t.place == PLACE_FIXED;
    }
    if (c->mode == ADDRESS_RIP)
        return true;
    if (c->mode == ADDRESS_ABSOLUTE) {
        c->disp = t.at;
        return is_s32(t.at) && !minus_fs;
    }
    bool indexed = c->index != X86_NO_REG && !a->form->vsib;
    if (c->mode == ADDRESS_INDEX) {
        int64_t rest = t.at - disp;
        if (a->form->vsib || rest % (1 << c->scale))
            return a->form->vsib && (c->disp = t.at, is_s32(t.at));
        return require(a, c->index, PLACE_FIXED, false, rest >> c->scale);
    }
    if (c->base == c->index && indexed) {
        if (t.place != PLACE_FIXED || minus_fs || c->disp_bytes != 4 || a->need[c->base].set)
            return false;
        int64_t factor = 1 + (1 << c->scale), value = t.at / factor - read_below(&b->in, 16);
        c->disp = t.at - value * factor;
        return require(a, c->base, PLACE_FIXED, false, value);
    }
    if (indexed && !constant_of(a, c->index, &index)) {
        index = (int8_t)read_byte(&b->in);
        if (!require(a, c->index, PLACE_FIXED, false, index))
            return false;
    } else if (indexed && !require(a, c->index, PLACE_FIXED, false, index)) {
        return false;
    }
    index = (int64_t)((uint64_t)index << c->scale);
    const struct known *k = &b->regs[c->base];
    int64_t base = (int64_t)((uint64_t)t.at - (uint64_t)disp - (uint64_t)index);
    if (c->base == RSP)
        return !indexed && k->at == base;
    if (k->known && k->slop)
        return !indexed && t.place == k->place && disp >= -64 && disp <= 64;
    if (c->addr32)
        base = (int64_t)((uint32_t)base | (uint64_t)read_byte(&b->in) << 32);
    return require(a, c->base, t.place, minus_fs, base);
}

static bool solve_implicit(struct attempt *a, const ZydisDecodedOperand *op)
{
    unsigned base = x86_gpr(op->mem.base);
    if (base == RSP)
        return true;
    struct address t = pick_target(a, op);
    bool minus_fs;
    without_segment(op, &t, &minus_fs);
    if (a->d.in.address_width == 32 &&
        (t.place != PLACE_FIXED || minus_fs || t.at != (int64_t)(uint32_t)t.at))
        return false;
    return require(a, base, t.place, minus_fs, t.at);
}

static bool solve(struct attempt *a)
{
    if (is_rep(a) && !require(a, 1, PLACE_FIXED, false, a->repeats))
        return false;
    if (!solve_bit_string(a))
        return false;
    for (unsigned i = 0; i < a->d.in.operand_count; i++) {
        const ZydisDecodedOperand *op = &a->d.ops[i];
        if (op->type != ZYDIS_OPERAND_TYPE_MEMORY || op->mem.type == ZYDIS_MEMOP_TYPE_AGEN)
            continue;
        if (!(is_explicit(op) ? solve_explicit(a, op) : solve_implicit(a, op)))
            return false;
    }
    return true;
}

// Bytes that the instruction pushes (or pops, negative); 0: it does neither.
static int stack_effect(const struct x86_decoded *d)
{
    bool push = d->in.meta.category == ZYDIS_CATEGORY_PUSH;
    if (!push && d->in.meta.category != ZYDIS_CATEGORY_POP)
        return 0;
    for (unsigned i = 0; i < d->in.operand_count; i++) {
        const ZydisDecodedOperand *op = &d->ops[i];
        if (op->type == ZYDIS_OPERAND_TYPE_MEMORY &&
            op->visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN)
            return push ? op->size / 8 : -(op->size / 8);
    }
    return 0;
}

enum { DEPTH_MAX = 512 };

static bool registers_are_right(const struct attempt *a)
{
    const struct builder *b = a->b;
    struct touched t = builder_touched(&a->d);
    int effect = stack_effect(&a->d);
    if (b->depth + effect < 0 || b->depth + effect > DEPTH_MAX)
        return false;
    uint16_t written = t.written, needs = 0;
    if (effect) {
        const ZydisDecodedOperand *op = &a->d.ops[0];
        bool popped = effect < 0 && op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
                      x86_gpr(op->reg.value) == RSP &&
                      op->visibility == ZYDIS_OPERAND_VISIBILITY_EXPLICIT;
        if (popped)
            return false;
        written &= (uint16_t)~bit(RSP);
    }
    for (unsigned reg = 0; reg < 16; reg++)
        if (a->need[reg].set)
            needs |= bit(reg);
    const uint16_t keep = b->pinned | bit(RSP);
    uint16_t set_anew = 0;
    for (unsigned reg = 0; reg < 16; reg++) {
        const struct known *k = &b->regs[reg];
        const struct need *n = &a->need[reg];
        if (n->set && !(k->known && k->place == n->place && k->at == n->at && !n->minus_fs))
            set_anew |= bit(reg);
    }
    return ((t.named | needs) & ~(b->allowed | bit(RSP))) == 0 &&
           ((written | set_anew) & keep) == 0;
}

// Loads a vector of small indices; their width follows from the mnemonic.
static void load_indices(struct attempt *a)
{
    struct builder *b = a->b;
    const char *name = ZydisMnemonicGetString(a->form->mnemonic);
    const char *after = strstr(name, "gather");
    after = after ? after + 6 : strstr(name, "scatter") + 7;
    int64_t wide[8];
    int32_t narrow[16];
    for (unsigned i = 0; i < 16; i++)
        narrow[i] = (int32_t)(read_byte(&b->in) % 49) - 24;
    for (unsigned i = 0; i < 8; i++)
        wide[i] = narrow[i];
    unsigned at =
        *after == 'q' ? builder_pool(b, wide, sizeof wide) : builder_pool(b, narrow, sizeof narrow);
    unsigned v = a->index_vector;
    uint8_t evex[] = {0x62, (uint8_t)((v & 8 ? 0 : 0x80) | 0x60 | (v & 16 ? 0 : 0x10) | 1),
                      0xfe, 0x48,
                      0x6f, (uint8_t)((v & 7) << 3 | 5),
                      0,    0,
                      0,    0};
    uint8_t vex[] = {0xc4,
                     (uint8_t)((v & 8 ? 0 : 0x80) | 0x61),
                     0x7e,
                     0x6f,
                     (uint8_t)((v & 7) << 3 | 5),
                     0,
                     0,
                     0,
                     0};
    bool wide_code = a->form->encoding == X86_EVEX;
    size_t length = wide_code ? sizeof evex : sizeof vex;
    int64_t disp = (int64_t)at - (int64_t)(b->r->code_bytes + length);
    put32((wide_code ? evex : vex) + length - 4, disp);
    builder_put(b, wide_code ? evex : vex, length);
}

// Where x87 stores which instruction it did last, at which operand: the former is
// the recorder's own in a copy of the code, and a CPU that keeps both for exceptions
// alone (AMD's) loses them when the kernel switches threads.
static unsigned last_of_x87(const struct x86_decoded *d, unsigned *bytes)
{
    bool narrow = d->in.operand_width == 16;
    switch (d->in.mnemonic) {
    case ZYDIS_MNEMONIC_FNSAVE:
    case ZYDIS_MNEMONIC_FNSTENV:
        *bytes = narrow ? 8 : 16;
        return narrow ? 6 : 12;
    case ZYDIS_MNEMONIC_FXSAVE:
    case ZYDIS_MNEMONIC_FXSAVE64:
        *bytes = 18;
        return 6;
    default:
        return *bytes = 0;
    }
}

static bool is_scrubbed(const struct attempt *a)
{
    unsigned bytes;
    return last_of_x87(&a->d, &bytes) != 0;
}

static void scrub(struct attempt *a)
{
    unsigned bytes, off = last_of_x87(&a->d, &bytes);
    if (!off)
        return;
    unsigned reg = builder_free_reg(a->b, 0);
    builder_set_less(a->b, reg, (enum place)a->target.place, false, a->target.at + off);
    for (unsigned at = 0; at < bytes; at += 2) {
        // mov word [reg + disp8], 0: alignment checks may be on
        uint8_t low = reg & 7;
        uint8_t code[9] = {0x66, (uint8_t)rex(false, 0, 0, reg), 0xc7, 0x40 | low, 0x24};
        code[low == RSP ? 5 : 4] = (uint8_t)at;
        builder_put(a->b, code, low == RSP ? 8 : 7);
    }
}

static bool set_needs(struct attempt *a)
{
    struct builder *b = a->b;
    for (unsigned reg = 0; reg < 16; reg++) {
        const struct need *n = &a->need[reg];
        const struct known *k = &b->regs[reg];
        bool has = k->known && k->place == n->place && k->at == n->at && !n->minus_fs;
        if (n->set && !has)
            builder_set_less(b, reg, (enum place)n->place, n->minus_fs, n->at);
    }
    return !b->full;
}

static bool finish(struct attempt *a)
{
    struct builder *b = a->b;
    if (is_scrubbed(a) && builder_free_reg(b, 0) == X86_NO_REG)
        return false;
    if (a->index_vector != X86_NO_REG)
        load_indices(a);
    if (!set_needs(a))
        return false;
    if (a->has_target && a->c.mode == ADDRESS_RIP && !a->form->moffs)
        a->c.disp = (int64_t)((uint64_t)a->target.at - builder_pc(b) - a->length);
    size_t length = a->length;
    if (!encode(a) || a->length != length)
        return false;
    if (b->common && !x86_every_recorder_takes(a->bytes, a->length))
        return false;
    struct x86_routine *r = b->r;
    if (r->made_count < ROUTINE_INSNS_MAX) {
        r->made[r->made_count].at = r->code_bytes;
        r->made[r->made_count++].form = (uint16_t)(a->form - x86_forms()->forms);
    }
    builder_append(b, a->bytes, a->length, &a->d);
    int effect = stack_effect(&a->d);
    b->depth += effect;
    b->regs[RSP].at -= effect;
    b->target_place = a->target.place;
    b->target_at = a->target.at;
    scrub(a);
    return !b->full;
}

// The explicit operand's width is known only from a decoded draft.
static bool draft_target(struct attempt *a)
{
    a->c.mode = ADDRESS_BASE;
    a->c.base = 0;
    a->c.index = a->form->vsib ? 1 : X86_NO_REG;
    a->c.disp_bytes = 4;
    for (unsigned i = 0; i < 3 && !encode(a); i++) {
        // Registers that must differ, and masks that must not be.
        a->c.zeroing = false;
        if (i == 1)
            a->c.mask = a->form->needs_mask ? 1 : 0;
        if (i == 1 && a->form->vsib)
            a->c.reg = 2, a->c.vvvv = 3;
    }
    if (!encode(a))
        return false;
    for (unsigned i = 0; i < a->d.in.operand_count; i++) {
        const ZydisDecodedOperand *op = &a->d.ops[i];
        if (op->type == ZYDIS_OPERAND_TYPE_MEMORY && is_explicit(op) &&
            op->mem.type != ZYDIS_MEMOP_TYPE_AGEN) {
            a->target = pick_target(a, op);
            a->has_target = true;
        }
    }
    return true;
}

static bool try(struct builder *b, const struct x86_form *form)
{
    struct attempt a = {.b = b, .form = form, .index_vector = X86_NO_REG};
    choose_registers(&a);
    a.repeats = read_chance(&b->in, 24) ? read_byte(&b->in) : read_byte(&b->in) & 15;
    a.c.index = X86_NO_REG;
    if (form->memory && !draft_target(&a))
        return false;
    if (form->moffs)
        a.c.addr32 = a.c.addr32 && a.target.at == (int64_t)(uint32_t)a.target.at;
    else if (form->memory && !choose_mode(&a, &a.target))
        return false;
    return encode(&a) && solve(&a) && encode(&a) && registers_are_right(&a) && finish(&a);
}

bool builder_form(struct builder *b, const struct x86_form *form)
{
    for (unsigned i = 0; i < 8 && builder_has_room(b, 1); i++)
        if (try(b, form))
            return true;
    return false;
}
