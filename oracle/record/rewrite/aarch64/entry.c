// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The ways into the copy, out of it, and between its blocks where the target is known
// only as it runs. What they need of the recorder lies before them, as constants: code
// cannot name an address otherwise in less than three instructions.

#include "record/entry_registers.h"
#include "record/rewrite/aarch64/emit.h"
#include "record/rewrite/aarch64/state.h"
#include "record/rewrite/writer.h"

#include <stddef.h>

enum { SAVED_FIRST = 19, SAVED_LAST = 29, FRAME_BYTES = 176 };

static gpr_set changed(const struct writer *w)
{
    const struct translation *t = w->t;
    return w->r->program.named | bit(t->log_reg) | bit(t->scratch[0]) | bit(t->scratch[1]);
}

static int32_t in_context(const struct writer *w, const void *field)
{
    return (int32_t)((const uint8_t *)field - (const uint8_t *)w->c);
}

// ---- constants ----

struct constants {
    const uint8_t *context, *log_begin, *sp, *table, *registers, *vectors;
};

static const uint8_t *write_constant(struct writer *w, uint64_t value)
{
    const uint8_t *at = w->e->next;
    emit_bytes(w->e, &value, sizeof value);
    return at;
}

// Registers that carry no argument, which the routine names.
static gpr_set poisoned(const struct writer *w)
{
    gpr_set arguments = (1u << NATIVE_WORDS) - 1;
    return w->r->program.named & ~arguments & ~bit(GPR_LINK) & ~bit(GPR_SP);
}

static struct constants write_constants(struct writer *w)
{
    struct constants c = {.context = write_constant(w, (uintptr_t)w->c),
                          .log_begin = write_constant(w, (uintptr_t)w->r->log_begin),
                          .sp = write_constant(w, w->r->native.rsp),
                          .table = write_constant(w, (uintptr_t)w->t->indirect)};
    c.registers = w->e->next;
    for (unsigned reg = 0; reg < GPR_COUNT; reg++)
        if (poisoned(w) & bit(reg))
            write_constant(w, ENTRY_REGISTER(reg));
    c.vectors = w->e->next;
    for (unsigned d = 8; d < 16 && (w->t->traits & TRAIT_SAVED_VECTORS); d++)
        write_constant(w, ENTRY_VECTOR(d));
    return c;
}

// ---- in and out ----

// What the copy changes of the host's, at sp: x30 and x19 to x29 in pairs, d8 to d15.
static void write_saved(struct writer *w, bool load)
{
    gpr_set saved = changed(w);
    for (unsigned reg = SAVED_FIRST; reg <= SAVED_LAST; reg += 2) {
        if (!(saved & (bit(reg) | bit(reg + 1))) && reg != SAVED_LAST)
            continue;
        if (load)
            emit_load_pair(w->e, reg, reg + 1, GPR_SP, (int32_t)(8 * (reg - SAVED_FIRST)));
        else
            emit_store_pair(w->e, GPR_SP, (int32_t)(8 * (reg - SAVED_FIRST)), reg, reg + 1);
    }
    for (unsigned d = 8; d < 16 && (w->t->traits & TRAIT_SAVED_VECTORS); d += 2)
        emit_u32(w->e, (load ? 0x6d400000u : 0x6d000000u) | (4 + d) << 15 | (d + 1) << 10 |
                           GPR_SP << 5 | d);
}

static void write_poison(struct writer *w, const uint8_t *constants)
{
    unsigned base = w->t->scratch[0], held = GPR_NONE;
    int32_t at = 0;
    if (!poisoned(w))
        return;
    w->e->full |= !emit_address(w->e, base, constants);
    for (unsigned reg = 0; reg < GPR_COUNT; reg++) {
        if (!(poisoned(w) & bit(reg)))
            continue;
        if (held == GPR_NONE) {
            held = reg;
            continue;
        }
        emit_load_pair(w->e, held, reg, base, at);
        held = GPR_NONE;
        at += 16;
    }
    if (held != GPR_NONE)
        emit_load(w->e, held, base, at);
}

// d8 to d15, of which a callee keeps what they hold.
static void write_vectors(struct writer *w, unsigned base, bool load)
{
    for (unsigned d = 8; d < 16; d += 2) // ldp, stp
        emit_u32(w->e, (load ? 0x6d400000u : 0x6d000000u) | (d - 8) << 15 | (d + 1) << 10 |
                           base << 5 | d);
}

static void write_float_control(struct writer *w, unsigned x, bool enter)
{
    unsigned y = w->t->scratch[1];
    if (!(w->t->traits & TRAIT_FPCR))
        return;
    emit_u32(w->e, 0xd53b4400u | y); // mrs y, fpcr
    emit_store(w->e, x, in_context(w, enter ? &w->c->left.host_fpcr : &w->c->left.fpcr), y);
}

// What is the caller's, for the recorder to look at. x0 is the result.
static void write_left(struct writer *w, unsigned x)
{
    gpr_set saved = state_callee_saved(w->r);
    int32_t at = in_context(w, w->c->save);
    for (unsigned reg = SAVED_FIRST; reg <= SAVED_LAST; reg++) {
        int32_t disp = at + 8 * (int32_t)reg;
        bool both = saved & bit(reg) && saved & bit(reg + 1) && emit_pair_reaches(disp);
        if (both)
            emit_store_pair(w->e, x, disp, reg, reg + 1);
        else if (saved & bit(reg))
            emit_store(w->e, x, disp, reg);
        reg += both;
    }
    emit_add(w->e, w->t->scratch[1], GPR_SP, 0);
    emit_store(w->e, x, at + 8 * GPR_SP, w->t->scratch[1]);
    if (w->t->traits & TRAIT_SAVED_VECTORS) {
        emit_add(w->e, w->t->scratch[1], x, in_context(w, w->c->left.vectors));
        write_vectors(w, w->t->scratch[1], false);
    }
    write_float_control(w, x, false);
}

static void write_leave(struct writer *w, const struct constants *c)
{
    unsigned x = w->t->scratch[0], y = w->t->scratch[1];
    w->t->leave = w->e->next;
    emit_load_near(w->e, x, c->context);
    emit_load(w->e, y, x, in_context(w, &w->c->host_sp));
    emit_add(w->e, GPR_SP, y, 0);
    if (w->t->traits & TRAIT_FPCR) {
        emit_load(w->e, y, x, in_context(w, &w->c->left.host_fpcr));
        emit_u32(w->e, 0xd51b4400u | y); // msr fpcr, y
    }
    write_saved(w, true);
    emit_add(w->e, GPR_SP, GPR_SP, FRAME_BYTES);
    emit_u32(w->e, 0xd65f03c0); // ret
}

// Entered as a C function with the routine's arguments, gives what it returns.
// The shortest way there and back: it is run for every case.
static void write_enter(struct writer *w, const struct constants *c)
{
    struct translation *t = w->t;
    unsigned x = t->scratch[0], y = t->scratch[1];
    t->enter = w->e->next;
    emit_add(w->e, GPR_SP, GPR_SP, -FRAME_BYTES);
    write_saved(w, false);
    emit_load_near(w->e, x, c->context);
    emit_add(w->e, y, GPR_SP, 0);
    emit_store(w->e, x, in_context(w, &w->c->host_sp), y);
    write_float_control(w, x, true);
    if (w->t->traits & TRAIT_SAVED_VECTORS) {
        w->e->full |= !emit_address(w->e, y, c->vectors);
        write_vectors(w, y, true);
    }
    emit_load_near(w->e, y, c->sp);
    emit_add(w->e, GPR_SP, y, 0);
    emit_load_near(w->e, t->log_reg, c->log_begin);
    write_poison(w, c->registers);
    emit_u32(w->e, 0x94000000u); // bl
    t->entry_call = t->returned = w->e->next;
    emit_load_near(w->e, x, c->context);
    emit_store(w->e, x, in_context(w, &w->c->log), t->log_reg);
    write_left(w, x);
    write_leave(w, c);
}

static void write_exit(struct writer *w, const struct constants *c, uint8_t **at,
                       enum context_exit why)
{
    unsigned x = w->t->scratch[0], y = w->t->scratch[1];
    *at = w->e->next;
    emit_load_near(w->e, x, c->context);
    emit_store(w->e, x, in_context(w, &w->c->log), w->t->log_reg);
    emit_set(w->e, y, why);
    emit_store(w->e, x, in_context(w, &w->c->exit), y);
    emit_jump(w->e, w->t->leave);
}

// ---- between blocks ----

// The first scratch register has the target. By its low byte to a chain of checks; the
// table's own low bits are zeros.
static void write_dispatch(struct writer *w, const struct constants *c)
{
    unsigned target = w->t->scratch[0], y = w->t->scratch[1];
    w->t->dispatch = w->e->next;
    emit_load_near(w->e, y, c->table);
    emit_u32(w->e, 0xb37d1c00u | target << 5 | y); // bfi y, target, #3, #8
    emit_load(w->e, y, y, 0);
    emit_u32(w->e, 0xd61f0000u | y << 5); // br y
}

// A check: is the target ADDRESS? Then its block, else the chain's next.
void writer_indirect(struct writer *w, uint64_t address)
{
    unsigned target = w->t->scratch[0], y = w->t->scratch[1];
    if (address_map_get(&w->t->indirect_known, address, NULL))
        return;
    const uint8_t *host = translation_find(w->t, address);
    if (!host)
        return;
    uint8_t **chain = &w->t->indirect[address & (INDIRECT_CHAINS - 1)];
    uint8_t *at = w->e->next;
    emit_set(w->e, y, address);
    emit_subtract(w->e, y, y, target);
    emit_skip_unless_zero(w->e, y, 1);
    emit_jump(w->e, host);
    emit_jump(w->e, *chain);
    if (w->e->full)
        return;
    *chain = at;
    address_map_put(&w->t->indirect_known, address, 1);
}

void writer_unknown(struct writer *w, uint64_t target)
{
    unsigned x = w->t->scratch[0], y = w->t->scratch[1];
    emit_set(w->e, x, UINT64_MAX);
    emit_set(w->e, y, (uintptr_t)&w->c->jumped);
    emit_store(w->e, y, 0, x);
    emit_set(w->e, x, target);
    emit_jump(w->e, w->t->unknown);
}

// ---- value mode ----

static void write_general(struct writer *w, unsigned base, bool load)
{
    for (unsigned reg = 0; reg < GPR_LINK; reg += 2) {
        if (load)
            emit_load_pair(w->e, reg, reg + 1, base, (int32_t)(8 * reg));
        else
            emit_store_pair(w->e, base, (int32_t)(8 * reg), reg, reg + 1);
    }
    if (load)
        emit_load(w->e, GPR_LINK, base, 8 * GPR_LINK);
    else
        emit_store(w->e, base, 8 * GPR_LINK, GPR_LINK);
}

// All vector registers, and with SVE all predicates.
static void write_all_vectors(struct writer *w, unsigned base, bool load)
{
    unsigned vector_bytes = state_cpu()->vector_bytes;
    for (unsigned v = 0; v < 32 && !vector_bytes; v += 2) // ldp, stp
        emit_u32(w->e,
                 (load ? 0xad400000u : 0xad000000u) | v << 15 | (v + 1) << 10 | base << 5 | v);
    if (!vector_bytes)
        return;
    for (unsigned z = 0; z < 32; z++) // ldr, str z, [base, #z, mul vl]
        emit_u32(w->e, (load ? 0x85804000u : 0xe5804000u) | (z >> 3) << 16 | (z & 7) << 10 |
                           base << 5 | z);
    emit_add(w->e, base, base, 32 * (int64_t)vector_bytes);
    for (unsigned p = 0; p < 16; p++)
        emit_u32(w->e, (load ? 0x85800000u : 0xe5800000u) | (p >> 3) << 16 | (p & 7) << 10 |
                           base << 5 | p);
}

// Saves everything, calls rewrite_call_out(recorder) on the host's stack, restores
// everything. Only for stores that moves cannot copy.
static void write_helper(struct writer *w, const struct constants *c)
{
    unsigned x = w->t->scratch[0], y = w->t->scratch[1];
    w->t->helper = w->e->next;
    emit_set(w->e, x, (uintptr_t)w->c->save);
    write_general(w, x, false);
    emit_add(w->e, y, GPR_SP, 0);
    emit_store(w->e, x, 8 * GPR_SP, y);
    emit_u32(w->e, 0xd53b4200u | y); // mrs y, nzcv
    emit_store(w->e, x, 8 * GPR_COUNT, y);
    emit_load_near(w->e, y, c->context);
    emit_load(w->e, y, y, in_context(w, &w->c->host_sp));
    emit_add(w->e, GPR_SP, y, 0);
    emit_set(w->e, x, (uintptr_t)w->r->vectors);
    write_all_vectors(w, x, false);
    emit_set(w->e, 0, (uintptr_t)w->r);
    emit_set(w->e, x, (uintptr_t)rewrite_call_out);
    emit_u32(w->e, 0xd63f0000u | x << 5); // blr x
    emit_set(w->e, x, (uintptr_t)w->r->vectors);
    write_all_vectors(w, x, true);
    emit_set(w->e, x, (uintptr_t)w->c->save);
    emit_load(w->e, y, x, 8 * GPR_COUNT);
    emit_u32(w->e, 0xd51b4200u | y); // msr nzcv, y
    emit_load(w->e, y, x, 8 * GPR_SP);
    emit_add(w->e, GPR_SP, y, 0);
    emit_load_near(w->e, y, c->context);
    emit_load(w->e, y, y, in_context(w, &w->c->helper_return));
    // Both are loaded with the others, one while it is their base.
    emit_store(w->e, x, (int32_t)(8 * y), y);
    emit_store(w->e, x, (int32_t)(8 * x), x);
    write_general(w, x, true);
    emit_u32(w->e, 0xd61f0000u | y << 5); // br y
}

void writer_entry(struct writer *w)
{
    struct constants c = write_constants(w);
    write_enter(w, &c);
    // An indirect jump to what is not known leaves its target where writer_unknown does.
    w->t->unknown = w->e->next;
    emit_load_near(w->e, w->t->scratch[1], c.context);
    emit_store(w->e, w->t->scratch[1], in_context(w, &w->c->target), w->t->scratch[0]);
    uint8_t *at;
    write_exit(w, &c, &at, CONTEXT_UNKNOWN_TARGET);
    write_exit(w, &c, &w->t->refused, CONTEXT_REFUSED);
    write_dispatch(w, &c);
    if (w->t->rules.values)
        write_helper(w, &c);
    for (unsigned i = 0; i < INDIRECT_CHAINS; i++)
        w->t->indirect[i] = w->t->unknown;
    uint64_t home = (uintptr_t)w->t->returned;
    address_map_put(&w->t->blocks, home, home);
    writer_indirect(w, home);
}
