// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Vector and mask registers: bytes that are moved. What computes with them leaves bytes
// that are not followed.

#include "prove/x86_64/semantics.h"

static bool vector_register(const ZydisDecodedOperand *op, unsigned *number)
{
    if (op->type != ZYDIS_OPERAND_TYPE_REGISTER)
        return false;
    ZydisRegisterClass c = ZydisRegisterGetClass(op->reg.value);
    *number = (unsigned)ZydisRegisterGetId(op->reg.value);
    return c == ZYDIS_REGCLASS_XMM || c == ZYDIS_REGCLASS_YMM || c == ZYDIS_REGCLASS_ZMM;
}

static bool mask_register(const ZydisDecodedOperand *op, unsigned *number)
{
    if (op->type != ZYDIS_OPERAND_TYPE_REGISTER ||
        ZydisRegisterGetClass(op->reg.value) != ZYDIS_REGCLASS_MASK)
        return false;
    *number = (unsigned)(op->reg.value - ZYDIS_REGISTER_K0);
    return true;
}

// VEX and EVEX clear what lies above the operand, SSE keeps it.
static bool clears_upper(const struct step *s)
{
    return s->in.encoding != ZYDIS_INSTRUCTION_ENCODING_LEGACY;
}

static void set_vector(struct execution *x, unsigned number, const struct bytes *b, bool clear)
{
    const struct bytes **r = &x->m->vectors[number];
    *r = clear ? bytes_slice(x->pool, b, 0, VECTOR_BYTES)
               : bytes_patch(x->pool, *r ? *r : x->m->none, b, 0);
}

static const struct bytes *get_vector(struct execution *x, unsigned number, unsigned width)
{
    const struct bytes *b = x->m->vectors[number] ? x->m->vectors[number] : x->m->none;
    return bytes_slice(x->pool, b, 0, width);
}

// ---- moves ----

static bool needs_aligned(ZydisMnemonic m)
{
    static const ZydisMnemonic rows[] = {
        ZYDIS_MNEMONIC_MOVAPS,    ZYDIS_MNEMONIC_MOVAPD,    ZYDIS_MNEMONIC_MOVDQA,
        ZYDIS_MNEMONIC_MOVNTDQ,   ZYDIS_MNEMONIC_MOVNTPS,   ZYDIS_MNEMONIC_MOVNTPD,
        ZYDIS_MNEMONIC_MOVNTDQA,  ZYDIS_MNEMONIC_VMOVAPS,   ZYDIS_MNEMONIC_VMOVAPD,
        ZYDIS_MNEMONIC_VMOVDQA,   ZYDIS_MNEMONIC_VMOVNTDQ,  ZYDIS_MNEMONIC_VMOVNTPS,
        ZYDIS_MNEMONIC_VMOVNTPD,  ZYDIS_MNEMONIC_VMOVNTDQA, ZYDIS_MNEMONIC_VMOVDQA32,
        ZYDIS_MNEMONIC_VMOVDQA64,
    };
    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i] == m)
            return true;
    return false;
}

// Bytes of an element that a mask bit stands for; 0: the instruction takes no mask here.
static unsigned mask_element(ZydisMnemonic m)
{
    switch (m) {
    case ZYDIS_MNEMONIC_VMOVDQU8:
        return 1;
    case ZYDIS_MNEMONIC_VMOVDQU16:
        return 2;
    case ZYDIS_MNEMONIC_VMOVDQU32:
    case ZYDIS_MNEMONIC_VMOVDQA32:
    case ZYDIS_MNEMONIC_VMOVUPS:
    case ZYDIS_MNEMONIC_VMOVAPS:
        return 4;
    case ZYDIS_MNEMONIC_VMOVDQU64:
    case ZYDIS_MNEMONIC_VMOVDQA64:
    case ZYDIS_MNEMONIC_VMOVUPD:
    case ZYDIS_MNEMONIC_VMOVAPD:
        return 8;
    default:
        return 0;
    }
}

static const struct form *at_most_width(struct execution *x, const struct form *f, unsigned width)
{
    bool fits = decide(x, at_most(form_plus(x->pool, f, -(wide)width)));
    return fits ? f : form_constant(x->pool, width);
}

// The bytes that the instruction's mask lets through, as a run. False: it has no mask, or
// the end of the execution is known.
static bool read_mask(struct execution *x, unsigned width, struct value *run)
{
    const struct step *s = x->step;
    if (s->in.avx.mask.mode == ZYDIS_MASK_MODE_INVALID ||
        s->in.avx.mask.mode == ZYDIS_MASK_MODE_DISABLED)
        return false;
    unsigned element = mask_element(s->in.mnemonic);
    const struct value *k = &x->m->masks[s->in.avx.mask.reg - ZYDIS_REGISTER_K0];
    if (element == 0 || !k->number) {
        execution_unknown(x, "has a mask that is not followed");
        return false;
    }
    run->kind = VALUE_RUN;
    run->number = at_most_width(x, form_scale(x->pool, k->number, element), width);
    run->hi = at_most_width(x, form_scale(x->pool, k->hi, element), width);
    return true;
}

static unsigned move_width(const struct step *s)
{
    unsigned a = operand_bytes(s, 0), b = operand_bytes(s, s->in.operand_count_visible - 1u);
    return a < b ? a : b;
}

// How many bytes are moved between registers; movd and movq move fewer than they hold.
static unsigned register_width(const struct step *s)
{
    switch (s->in.mnemonic) {
    case ZYDIS_MNEMONIC_MOVQ:
    case ZYDIS_MNEMONIC_VMOVQ:
        return 8;
    case ZYDIS_MNEMONIC_MOVD:
    case ZYDIS_MNEMONIC_VMOVD:
        return 4;
    default:
        return move_width(s);
    }
}

// movss and movsd between registers merge, and their three-operand forms do too.
static bool is_merging(const struct step *s)
{
    ZydisMnemonic m = s->in.mnemonic;
    bool scalar = m == ZYDIS_MNEMONIC_MOVSS || m == ZYDIS_MNEMONIC_MOVSD ||
                  m == ZYDIS_MNEMONIC_VMOVSS || m == ZYDIS_MNEMONIC_VMOVSD;
    return scalar && s->ops[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
           s->ops[s->in.operand_count_visible - 1].type == ZYDIS_OPERAND_TYPE_REGISTER;
}

static unsigned memory_width(const struct step *s, const ZydisDecodedOperand *memory)
{
    (void)s;
    return memory->size / 8u;
}

// Under a mask, too, an aligned move faults at any other address; of bytes that the mask leaves
// out that depends on the CPU.
static void check_masked(struct execution *x, const struct form *address, unsigned width)
{
    unsigned bits = (unsigned)__builtin_ctz(width);
    if (needs_aligned(x->step->in.mnemonic) &&
        !decide(x, (struct claim){EQUAL, known_low(x->known, address, bits)}))
        execution_unknown(x, "an aligned access under a mask may not be aligned");
}

static void load_vector(struct execution *x, unsigned to, const ZydisDecodedOperand *memory)
{
    const struct step *s = x->step;
    unsigned width = memory_width(s, memory);
    struct value run;
    bool masked = read_mask(x, width, &run);
    if (masked && s->in.avx.mask.mode != ZYDIS_MASK_MODE_ZEROING)
        execution_unknown(x, "has a mask that keeps what was there");
    const struct form *address = norm(x, effective_address(x, memory), 64);
    if (masked)
        check_masked(x, address, width);
    if (masked && decide(x, is_at_most(x->pool, run.hi, run.number))) {
        set_vector(x, to, bytes_of(x->pool, BYTES_ZERO, NULL, VECTOR_BYTES), true);
        return;
    }
    struct value v =
        memory_load(x, address, width, needs_aligned(s->in.mnemonic) && !masked ? width : 0,
                    masked ? &run : NULL);
    const struct bytes *b = value_to_bytes(x, v, width);
    if (masked) {
        // As it was loaded, for the store under the same mask; what lies above is zero, too.
        x->m->vectors[to] =
            width == VECTOR_BYTES ? b : bytes_masked(x->pool, b, run.number, run.hi);
        return;
    }
    // A load into a register clears the rest of its 16 bytes.
    set_vector(x, to, width < 16 ? bytes_slice(x->pool, b, 0, 16) : b, clears_upper(s));
}

static void store_vector(struct execution *x, const ZydisDecodedOperand *memory,
                         const struct bytes *all)
{
    const struct step *s = x->step;
    unsigned width = memory_width(s, memory);
    struct value run;
    bool masked = read_mask(x, width, &run);
    const struct form *address = norm(x, effective_address(x, memory), 64);
    if (masked)
        check_masked(x, address, width);
    if (masked && decide(x, is_at_most(x->pool, run.hi, run.number)))
        return;
    memory_store(x, address, width, needs_aligned(s->in.mnemonic) && !masked ? width : 0,
                 masked ? &run : NULL,
                 all->total == width ? all : bytes_slice(x->pool, all, 0, width));
}

static const struct bytes *source_bytes(struct execution *x, const ZydisDecodedOperand *op,
                                        unsigned width)
{
    unsigned number, offset;
    if (vector_register(op, &number)) {
        const struct bytes *b = x->m->vectors[number];
        if (b && b->lo && b->total == width)
            return b;
        return get_vector(x, number, width);
    }
    if (op->type == ZYDIS_OPERAND_TYPE_REGISTER &&
        general_register(op->reg.value, &number, &offset))
        return value_to_bytes(x, reg_value(x, number, 0, width), width);
    execution_unknown(x, "has an operand that is not modelled");
    return bytes_of(x->pool, BYTES_UNKNOWN, NULL, width);
}

static void move_registers(struct execution *x, const ZydisDecodedOperand *to,
                           const ZydisDecodedOperand *from)
{
    const struct step *s = x->step;
    unsigned width = register_width(s), number, offset;
    struct value run;
    if (is_merging(s) || read_mask(x, width, &run)) {
        execution_unknown(x, "is not modelled between registers");
        return;
    }
    const struct bytes *b = source_bytes(x, from, width);
    if (vector_register(to, &number))
        set_vector(x, number, width < 16 ? bytes_slice(x->pool, b, 0, 16) : b, clears_upper(s));
    else if (to->type == ZYDIS_OPERAND_TYPE_REGISTER &&
             general_register(to->reg.value, &number, &offset))
        reg_set(x, number, 0, width, value_bytes(b));
    else
        execution_unknown(x, "has an operand that is not modelled");
}

void vector_move(struct execution *x)
{
    const struct step *s = x->step;
    const ZydisDecodedOperand *to = &s->ops[0], *from = &s->ops[s->in.operand_count_visible - 1];
    unsigned number;
    if (from->type == ZYDIS_OPERAND_TYPE_MEMORY) {
        if (vector_register(to, &number))
            load_vector(x, number, from);
        else
            execution_unknown(x, "has an operand that is not modelled");
    } else if (to->type == ZYDIS_OPERAND_TYPE_MEMORY) {
        store_vector(x, to, source_bytes(x, from, memory_width(s, to)));
    } else {
        move_registers(x, to, from);
    }
}

// Of two registers, one behind the other, 16 bytes from the given one on.
void vector_align(struct execution *x)
{
    const struct step *s = x->step;
    unsigned last = s->in.operand_count_visible - 1u, to, high, low;
    bool three = last == 3; // VPALIGNR
    if (!vector_register(&s->ops[0], &to) || !vector_register(&s->ops[three ? 1 : 0], &high) ||
        !vector_register(&s->ops[three ? 2 : 1], &low) || s->ops[0].size != 128 ||
        s->in.avx.mask.reg > ZYDIS_REGISTER_K0) {
        execution_unknown(x, "has an operand that is not modelled");
        return;
    }
    unsigned from = (unsigned)s->ops[last].imm.value.u & 0xff;
    const struct bytes *both = bytes_join(x->pool, get_vector(x, low, 16), get_vector(x, high, 16));
    set_vector(x, to, bytes_slice(x->pool, both, from < 32 ? from : 32, 16), clears_upper(s));
}

// Computes with vectors: loads, and leaves bytes that are not followed.
void vector_opaque(struct execution *x)
{
    const struct step *s = x->step;
    for (unsigned i = 0; i < s->in.operand_count; i++) {
        const ZydisDecodedOperand *op = &s->ops[i];
        bool writes = op->actions & ZYDIS_OPERAND_ACTION_MASK_WRITE;
        unsigned number;
        if (op->type == ZYDIS_OPERAND_TYPE_IMMEDIATE)
            continue;
        if (vector_register(op, &number)) {
            if (writes)
                x->m->vectors[number] = x->m->none;
        } else if (op->type != ZYDIS_OPERAND_TYPE_MEMORY || writes ||
                   op->mem.type != ZYDIS_MEMOP_TYPE_MEM || s->in.avx.mask.reg > ZYDIS_REGISTER_K0) {
            execution_unknown(x, "is not modelled");
        } else {
            // Legacy SSE instructions fault where their operand is not aligned.
            unsigned width = memory_width(s, op);
            memory_load(x, norm(x, effective_address(x, op), 64), width,
                        !clears_upper(s) && width == 16 ? width : 0, NULL);
        }
    }
}

// ---- masks ----

// The run that a constant is.
static bool constant_run(struct execution *x, const struct form *f, unsigned bits,
                         struct value *run)
{
    if (f->count != 0)
        return false;
    uint64_t v = (uint64_t)f->c & (bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX);
    unsigned lo = v ? (unsigned)__builtin_ctzll(v) : 0;
    unsigned hi = v ? 64 - (unsigned)__builtin_clzll(v) : 0;
    uint64_t whole = (hi < 64 ? (UINT64_C(1) << hi) - 1 : UINT64_MAX) & ~((UINT64_C(1) << lo) - 1);
    *run = (struct value){VALUE_RUN, form_constant(x->pool, lo), form_constant(x->pool, hi), NULL};
    return v == 0 || v == whole;
}

void mask_move(struct execution *x)
{
    const struct step *s = x->step;
    unsigned bits = s->in.mnemonic == ZYDIS_MNEMONIC_KMOVQ   ? 64
                    : s->in.mnemonic == ZYDIS_MNEMONIC_KMOVD ? 32
                    : s->in.mnemonic == ZYDIS_MNEMONIC_KMOVW ? 16
                                                             : 8;
    unsigned to, from, offset;
    struct value v = {.number = NULL};
    bool taken = false;
    if (mask_register(&s->ops[1], &from)) {
        v = x->m->masks[from];
        taken = v.number != NULL;
    } else if (s->ops[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
               general_register(s->ops[1].reg.value, &from, &offset)) {
        v = x->m->regs[from];
        taken =
            v.kind == VALUE_RUN || (v.kind == VALUE_NUMBER && constant_run(x, v.number, bits, &v));
    }
    if (!taken || known_bounds(x->known, v.hi).hi > bits) {
        execution_unknown(x, "moves a mask that is not followed");
        return;
    }
    if (mask_register(&s->ops[0], &to))
        x->m->masks[to] = v;
    else if (s->ops[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
             general_register(s->ops[0].reg.value, &to, &offset))
        x->m->regs[to] = v;
    else
        execution_unknown(x, "moves a mask that is not followed");
}

static const struct form *shifted(struct execution *x, const struct form *f, unsigned by)
{
    f = form_plus(x->pool, f, -(wide)by);
    return decide(x, at_most(f)) ? form_constant(x->pool, 0) : f;
}

// kshiftr; the run's bits are known to be within the register.
void mask_shift(struct execution *x)
{
    const struct step *s = x->step;
    unsigned to, from, by = (unsigned)s->ops[2].imm.value.u & 0xff;
    if (!mask_register(&s->ops[0], &to) || !mask_register(&s->ops[1], &from) ||
        !x->m->masks[from].number ||
        (s->in.mnemonic == ZYDIS_MNEMONIC_KSHIFTRD &&
         known_bounds(x->known, x->m->masks[from].hi).hi > 32)) {
        execution_unknown(x, "shifts a mask that is not followed");
        return;
    }
    struct value v = x->m->masks[from];
    v.number = shifted(x, v.number, by);
    v.hi = shifted(x, v.hi, by);
    x->m->masks[to] = v;
}
