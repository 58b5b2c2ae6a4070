// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Instructions on general registers.

#include "prove/bits.h"
#include "prove/x86_64/semantics.h"

static unsigned bits_of(const struct execution *x)
{
    return 8 * operand_bytes(x->step, 0);
}

static struct flags logic(const struct form *f, unsigned bits)
{
    return (struct flags){.kind = FLAGS_LOGIC, .bits = bits, .a = f};
}

void integer_move(struct execution *x)
{
    operand_set(x, 0, operand_value(x, 1));
}

static void extend_unsigned(struct execution *x, struct value v, unsigned width)
{
    if (v.kind == VALUE_BYTES) {
        unsigned to = operand_bytes(x->step, 0);
        operand_set(x, 0, value_bytes(bytes_slice(x->pool, v.bytes, 0, to)));
        return;
    }
    operand_set(x, 0, value_number(norm(x, value_to_number(x, v), 8 * width)));
}

void integer_extend(struct execution *x)
{
    unsigned width = operand_bytes(x->step, 1);
    struct value v = operand_value(x, 1);
    if (x->step->in.mnemonic == ZYDIS_MNEMONIC_MOVZX)
        extend_unsigned(x, v, width);
    else
        operand_set(x, 0, value_number(norm_signed(x, value_to_number(x, v), 8 * width)));
}

void integer_lea(struct execution *x)
{
    operand_set(x, 0, value_number(effective_address(x, &x->step->ops[1])));
}

static void put(struct execution *x, const struct form *f)
{
    operand_set(x, 0, value_number(form_reduce(x->pool, f)));
}

// xor or sub of a register with itself, whatever it holds.
static bool is_clearing(const struct step *s)
{
    return s->ops[0].type == ZYDIS_OPERAND_TYPE_REGISTER &&
           s->ops[1].type == ZYDIS_OPERAND_TYPE_REGISTER &&
           s->ops[0].reg.value == s->ops[1].reg.value;
}

static bool clears(struct execution *x)
{
    if (!is_clearing(x->step))
        return false;
    const struct form *zero = form_constant(x->pool, 0);
    put(x, zero);
    set_flags(x, logic(zero, bits_of(x)));
    return true;
}

void integer_add(struct execution *x)
{
    const struct form *a = operand_number(x, 0), *b = operand_number(x, 1);
    put(x, form_add(x->pool, a, b));
    set_flags(x, (struct flags){.kind = FLAGS_SUM, .bits = bits_of(x), .a = a, .b = b});
}

static void difference(struct execution *x, const struct form *a, const struct form *b)
{
    set_flags(x, (struct flags){.kind = FLAGS_DIFFERENCE, .bits = bits_of(x), .a = a, .b = b});
}

void integer_sub(struct execution *x)
{
    if (clears(x))
        return;
    const struct form *a = operand_number(x, 0), *b = operand_number(x, 1);
    put(x, form_sub(x->pool, a, b));
    difference(x, a, b);
}

void integer_compare(struct execution *x)
{
    const struct form *a = operand_number(x, 0), *b = operand_number(x, 1);
    difference(x, a, b);
}

// ---- bits ----

void integer_and(struct execution *x)
{
    const struct form *r = and_of(x, operand_number(x, 0), operand_number(x, 1), bits_of(x));
    put(x, r);
    set_flags(x, logic(r, bits_of(x)));
}

void integer_test(struct execution *x)
{
    const struct form *r = and_of(x, operand_number(x, 0), operand_number(x, 1), bits_of(x));
    set_flags(x, logic(r, bits_of(x)));
}

void integer_or(struct execution *x)
{
    const struct form *r = or_of(x, operand_number(x, 0), operand_number(x, 1), bits_of(x));
    put(x, r);
    set_flags(x, logic(r, bits_of(x)));
}

void integer_xor(struct execution *x)
{
    if (clears(x))
        return;
    const struct form *r = xor_of(x, operand_number(x, 0), operand_number(x, 1), bits_of(x));
    put(x, r);
    set_flags(x, logic(r, bits_of(x)));
}

// ---- one operand ----

static void count(struct execution *x, enum flags_kind kind, int by)
{
    struct flags *older = pool_alloc(x->pool, sizeof *older);
    *older = x->m->flags;
    const struct form *a = operand_number(x, 0);
    put(x, form_plus(x->pool, a, by));
    set_flags(x, (struct flags){.kind = kind,
                                .bits = bits_of(x),
                                .a = a,
                                .b = form_constant(x->pool, 1),
                                .older = older});
}

void integer_inc(struct execution *x)
{
    count(x, FLAGS_COUNTED, 1);
}

void integer_dec(struct execution *x)
{
    count(x, FLAGS_COUNTED_DOWN, -1);
}

void integer_neg(struct execution *x)
{
    const struct form *a = operand_number(x, 0), *zero = form_constant(x->pool, 0);
    put(x, form_sub(x->pool, zero, a));
    difference(x, zero, a);
}

void integer_not(struct execution *x)
{
    struct flags kept = x->m->flags;
    const struct form *a = operand_number(x, 0);
    put(x, form_plus(x->pool, form_scale(x->pool, a, -1), -1));
    set_flags(x, kept);
}

// ---- shifts ----

enum shift { SHIFT_LEFT, SHIFT_RIGHT, SHIFT_SIGNED };

static enum shift shift_of(ZydisMnemonic m)
{
    return m == ZYDIS_MNEMONIC_SHL || m == ZYDIS_MNEMONIC_SHLX   ? SHIFT_LEFT
           : m == ZYDIS_MNEMONIC_SHR || m == ZYDIS_MNEMONIC_SHRX ? SHIFT_RIGHT
                                                                 : SHIFT_SIGNED;
}

static bool keeps_flags(ZydisMnemonic m)
{
    return m == ZYDIS_MNEMONIC_SHLX || m == ZYDIS_MNEMONIC_SHRX || m == ZYDIS_MNEMONIC_SARX;
}

// -1 shifted right, or the sign bit alone shifted right with its sign: a run of bits, of
// a length that need not be known.
static bool shifts_to_run(struct execution *x, enum shift how, unsigned bits,
                          const struct form *count)
{
    const struct step *s = x->step;
    unsigned number, offset;
    if (s->ops[1].type != ZYDIS_OPERAND_TYPE_REGISTER ||
        !general_register(s->ops[1].reg.value, &number, &offset) ||
        x->m->regs[number].kind != VALUE_NUMBER || x->m->regs[number].number->count != 0)
        return false;
    wide v = unsigned_constant(x->m->regs[number].number, bits);
    struct value run = {.kind = VALUE_RUN, .number = form_constant(x->pool, 0)};
    run.hi = form_sub(x->pool, form_constant(x->pool, bits), count);
    if (how == SHIFT_SIGNED && v == (wide)1 << (bits - 1)) {
        run.number = form_plus(x->pool, run.hi, -1);
        run.hi = form_constant(x->pool, bits);
    } else if (how != SHIFT_RIGHT || v != all_ones(bits)) {
        return false;
    }
    operand_set(x, 0, run);
    return true;
}

static void shift_by(struct execution *x, enum shift how, const struct form *a, unsigned by,
                     unsigned bits)
{
    struct pool *p = x->pool;
    struct flags f = {.kind = FLAGS_PARTS, .bits = bits, .has_zero = true, .has_sign = true};
    if (how == SHIFT_LEFT && a->count == 0)
        f.a = form_constant(p, (wide)((uint64_t)a->c << by & (uint64_t)all_ones(bits)));
    else if (how == SHIFT_LEFT)
        f.a = form_reduce(p, form_scale(p, a, (wide)1 << by));
    else {
        const struct form *v = how == SHIFT_RIGHT ? norm(x, a, bits) : norm_signed(x, a, bits);
        f.a = known_high(x->known, v, by);
        if (by > 0) { // the last bit that was shifted out
            f.has_carry = true;
            f.carry = OPEN;
            f.carry_if = is_unequal(p, known_low(x->known, v, by),
                                    by > 1 ? known_low(x->known, v, by - 1) : form_constant(p, 0));
        }
    }
    put(x, f.a);
    if (!keeps_flags(x->step->in.mnemonic) && by > 0)
        set_flags(x, f);
}

void integer_shift(struct execution *x)
{
    ZydisMnemonic m = x->step->in.mnemonic;
    unsigned bits = bits_of(x), mask = bits == 64 ? 6 : 5;
    struct flags kept = x->m->flags;
    bool three = keeps_flags(m);
    const struct form *count = x->step->in.operand_count_visible < 2
                                   ? form_constant(x->pool, 1)
                                   : known_low(x->known, operand_number(x, three ? 2 : 1), mask);
    if (three && shifts_to_run(x, shift_of(m), bits, count))
        return;
    const struct form *a = operand_number(x, three ? 1 : 0);
    unsigned by = (unsigned)decide_value(x, count, 64);
    if (by >= bits) // of 8 and 16 bits
        execution_unknown(x, "shifts by more than there is");
    else
        shift_by(x, shift_of(m), a, by, bits);
    if (three || by == 0)
        set_flags(x, kept);
}

// Ones from some bit to the top, such as -1, with its lowest bits kept: a run.
void integer_bzhi(struct execution *x)
{
    unsigned bits = bits_of(x);
    struct value v = operand_value(x, 1);
    const struct form *count = known_low(x->known, operand_number(x, 2), 8);
    uint64_t ones = v.kind == VALUE_NUMBER && v.number->count == 0
                        ? (uint64_t)unsigned_constant(v.number, bits)
                        : 0;
    unsigned low = ones ? (unsigned)__builtin_ctzll(ones) : 0;
    if (ones == 0 || ones >> low != (uint64_t)all_ones(bits) >> low) {
        execution_unknown(x, "is not modelled but of ones up to the top");
        return;
    }
    if (!decide(x, at_most(form_plus(x->pool, count, -(wide)bits))))
        count = form_constant(x->pool, bits);
    if (low > 0 && decide(x, at_most(form_plus(x->pool, count, -(wide)low))))
        low = 0, count = form_constant(x->pool, 0);
    operand_set(x, 0, (struct value){VALUE_RUN, form_constant(x->pool, low), count, NULL});
    set_flags(x, (struct flags){.kind = FLAGS_UNKNOWN});
}

// ---- the rest ----

void integer_multiply(struct execution *x)
{
    const struct step *s = x->step;
    if (s->in.operand_count_visible < 2) {
        execution_unknown(x, "is not modelled");
        return;
    }
    bool three = s->in.operand_count_visible == 3;
    const struct form *a = operand_number(x, three ? 1 : 0), *b = operand_number(x, three ? 2 : 1);
    if (b->count != 0) {
        const struct form *swap = a;
        a = b;
        b = swap;
    }
    wide by = b->count ? decide_value(x, b, 64) : (wide)(int64_t)(uint64_t)b->c;
    if (a->count == 0)
        put(x, form_constant(x->pool, (wide)(int64_t)((uint64_t)a->c * (uint64_t)by)));
    else
        put(x, form_scale(x->pool, a, by));
    set_flags(x, (struct flags){.kind = FLAGS_UNKNOWN});
}

static unsigned highest_bit(struct execution *x, const struct form *v, unsigned bits)
{
    for (unsigned i = 0; i + 1 < bits; i++)
        if (decide(x, at_most(form_plus(x->pool, v, -all_ones(i + 1)))))
            return i;
    return bits - 1;
}

static unsigned lowest_set(struct execution *x, const struct form *v, unsigned bits)
{
    for (unsigned i = 0; i + 1 < bits; i++)
        if (!decide(x, (struct claim){EQUAL, known_low(x->known, v, i + 1)}))
            return i;
    return bits - 1;
}

void integer_scan(struct execution *x)
{
    unsigned bits = bits_of(x);
    ZydisMnemonic m = x->step->in.mnemonic;
    bool old = m == ZYDIS_MNEMONIC_BSR || m == ZYDIS_MNEMONIC_BSF;
    bool high = m == ZYDIS_MNEMONIC_BSR || m == ZYDIS_MNEMONIC_LZCNT;
    const struct form *v = norm(x, operand_number(x, 1), bits);
    bool zero = decide(x, (struct claim){EQUAL, v});
    if (zero && old)
        execution_unknown(x, "of zero, which leaves its result undefined");
    unsigned at = zero ? bits : high ? highest_bit(x, v, bits) : lowest_set(x, v, bits);
    if (m == ZYDIS_MNEMONIC_LZCNT && !zero)
        at = bits - 1 - at;
    put(x, form_constant(x->pool, at));
    struct flags f = {.kind = FLAGS_PARTS, .bits = bits, .has_zero = true};
    f.a = old ? v : form_constant(x->pool, at);
    if (!old) {
        f.has_carry = true;
        f.carry = zero ? YES : NO;
    }
    set_flags(x, f);
}

void integer_bit(struct execution *x)
{
    unsigned bits = bits_of(x);
    if (x->step->ops[0].type != ZYDIS_OPERAND_TYPE_REGISTER) {
        execution_unknown(x, "is not modelled on memory");
        return;
    }
    struct pool *p = x->pool;
    const struct form *a = norm(x, operand_number(x, 0), bits);
    const struct form *index = known_low(x->known, operand_number(x, 1),
                                         bits == 64   ? 6
                                         : bits == 32 ? 5
                                                      : 4);
    unsigned i = (unsigned)decide_value(x, index, 64) % 64;
    const struct form *bit = bit_run(x, a, i, i + 1, bits); // in its place
    struct flags f = {.kind = FLAGS_PARTS, .bits = bits, .has_carry = true, .carry = OPEN};
    f.carry_if = (struct claim){UNEQUAL, bit};
    const wide one = (wide)1 << i;
    if (x->step->in.mnemonic == ZYDIS_MNEMONIC_BTS)
        put(x, form_plus(p, form_sub(p, a, bit), one));
    else if (x->step->in.mnemonic == ZYDIS_MNEMONIC_BTR)
        put(x, form_sub(p, a, bit));
    else if (x->step->in.mnemonic == ZYDIS_MNEMONIC_BTC)
        put(x, form_plus(p, form_add_scaled(p, a, bit, -2), one));
    set_flags(x, f);
}

void integer_exchange(struct execution *x)
{
    if (x->step->ops[0].type != ZYDIS_OPERAND_TYPE_REGISTER ||
        x->step->ops[1].type != ZYDIS_OPERAND_TYPE_REGISTER) {
        execution_unknown(x, "is not modelled on memory");
        return;
    }
    struct value a = operand_value(x, 0), b = operand_value(x, 1);
    operand_set(x, 0, b);
    operand_set(x, 1, a);
}

// By a power of two, of what fits one register.
void integer_divide(struct execution *x)
{
    unsigned bits = bits_of(x), width = bits / 8;
    const struct form *divisor = norm(x, operand_number(x, 0), bits);
    const struct form *high = norm(x, reg_number(x, RDX, 0, width), bits);
    const struct form *low = norm(x, reg_number(x, RAX, 0, width), bits);
    wide by = decide_value(x, divisor, 64);
    if (by == 0)
        execution_crash(x, "a division by zero");
    bool power = by > 0 && (by & (by - 1)) == 0;
    if (bits < 32 || !power || high->count != 0 || high->c != 0) {
        execution_unknown(x, "is not modelled but by a power of two");
        return;
    }
    unsigned k = (unsigned)__builtin_ctzll((uint64_t)by);
    reg_set(x, RAX, 0, width, value_number(known_high(x->known, low, k)));
    reg_set(x, RDX, 0, width,
            value_number(k ? known_low(x->known, low, k) : form_constant(x->pool, 0)));
    set_flags(x, (struct flags){.kind = FLAGS_UNKNOWN});
}

// adc and sbb.
void integer_carry(struct execution *x)
{
    struct pool *p = x->pool;
    unsigned bits = bits_of(x);
    bool add = x->step->in.mnemonic == ZYDIS_MNEMONIC_ADC;
    int carry = carry_flag(x);
    bool itself = !add && is_clearing(x->step);
    const struct form *zero = form_constant(p, 0);
    const struct form *a = itself ? zero : norm(x, operand_number(x, 0), bits);
    const struct form *b = itself ? zero : norm(x, operand_number(x, 1), bits);
    const struct form *r =
        form_plus(p, form_add_scaled(p, a, b, add ? 1 : -1), add ? carry : -carry);
    struct flags f = {.kind = FLAGS_PARTS,
                      .bits = bits,
                      .a = r,
                      .has_zero = true,
                      .has_sign = true,
                      .has_carry = true,
                      .carry = OPEN};
    // Out of the register: above it, or below zero.
    f.carry_if = add ? at_most(form_plus(p, form_scale(p, r, -1), (wide)1 << bits))
                     : at_most(form_plus(p, r, 1));
    put(x, r);
    set_flags(x, f);
}

void integer_sign_extend(struct execution *x)
{
    unsigned width = x->step->in.mnemonic == ZYDIS_MNEMONIC_CDQE ? 4 : 2;
    reg_set(x, RAX, 0, 2 * width,
            value_number(norm_signed(x, reg_number(x, RAX, 0, width), 8 * width)));
}

static unsigned code_of(const struct step *s)
{
    return s->in.opcode & 15u;
}

void integer_set(struct execution *x)
{
    operand_set(x, 0, value_number(form_constant(x->pool, condition_code(x, code_of(x->step)))));
}

// Loads whatever the condition says.
void integer_cmov(struct execution *x)
{
    struct value v = operand_value(x, 1);
    if (condition_code(x, code_of(x->step)))
        operand_set(x, 0, v);
    else if (operand_bytes(x->step, 0) == 4) // clears the upper half all the same
        operand_set(x, 0, operand_value(x, 0));
}
