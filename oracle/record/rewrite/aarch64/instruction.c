// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Writes the routine's instructions: most as they are, those that are relative to where
// they stand as constants, and branches to the rewritten blocks.

#include "record/rewrite/aarch64/emit.h"
#include "record/rewrite/aarch64/state.h"
#include "record/rewrite/writer.h"

#include <string.h>

enum { RETURN = 0xd65f03c0 };

static uint32_t word_of(const struct insn *in)
{
    uint32_t word;
    memcpy(&word, in->bytes, sizeof word);
    return word;
}

// ---- those that go on to the next ----

static bool is_literal(uint32_t word)
{
    return (word & 0x3b000000) == 0x18000000;
}

// ldr, from an address in a register.
static void write_literal(struct writer *w, const struct insn *in)
{
    static const uint32_t general[] = {0xb9400000, 0xf9400000, 0xb9800000};
    static const uint32_t vector[] = {0xbd400000, 0xfd400000, 0x3dc00000};
    uint32_t word = word_of(in), opc = word >> 30;
    unsigned x = w->t->scratch[0];
    if (opc == 3) // a prefetch, of code that is not where it was
        return;
    emit_set(w->e, x, (uint64_t)in->mems[0].disp);
    emit_u32(w->e, (word >> 26 & 1 ? vector : general)[opc] | x << 5 | (word & 31));
}

// Whether a store-exclusive has stored, and what it then has: known once it has run, when
// a store to the log may follow.
static void write_exclusive_store(struct writer *w, const struct insn *in)
{
    const struct segment *s = &w->t->table.segments[w->segment];
    int32_t record = (int32_t)w->pending - 8 * (int32_t)s->words;
    unsigned x = w->t->scratch[0];
    for (unsigned i = 0; i < s->slot_count; i++) {
        const struct slot *v = &s->slots[i];
        int32_t at = record + 8 * v->word;
        if (v->kind == SLOT_STATUS_AFTER)
            emit_store(w->e, w->t->log_reg, at, in->status);
    }
    unsigned offset = 0;
    for (unsigned i = 0; i < s->slot_count; i++) {
        const struct slot *v = &s->slots[i];
        for (unsigned done = 0; v->kind == SLOT_VALUE_AFTER && done < v->bytes; done += 8) {
            unsigned width = v->bytes < 8 ? v->bytes : 8;
            emit_load_narrow(w->e, x, in->mems[0].base, (int32_t)offset, width);
            emit_store(w->e, w->t->log_reg, record + 8 * v->word + (int32_t)done, x);
            offset += width;
        }
    }
}

void writer_plain(struct writer *w, uint32_t insn)
{
    const struct insn *in = &w->r->program.insns[insn];
    uint32_t word = word_of(in);
    bool relative = in->is_lea && in->mems[0].base == GPR_PC; // adr, adrp
    if (relative)
        emit_set(w->e, in->reg, (uint64_t)in->mems[0].disp);
    else if (is_literal(word))
        write_literal(w, in);
    else
        emit_u32(w->e, word);
    if (in->exclusive == EXCLUSIVE_STORE)
        write_exclusive_store(w, in);
}

void writer_refused(struct writer *w, uint32_t insn)
{
    unsigned x = w->t->scratch[0], y = w->t->scratch[1];
    emit_set(w->e, x, insn);
    emit_set(w->e, y, (uintptr_t)&w->c->refused);
    emit_store(w->e, y, 0, x);
    emit_jump(w->e, w->t->refused);
}

// ---- branches ----

// To where the copy was called from when that is where the link register says, by a
// return so that the CPU predicts it. Else on, to what is written next.
static void write_return(struct writer *w, unsigned reg)
{
    unsigned x = w->t->scratch[0];
    if (!emit_address(w->e, x, w->t->returned))
        emit_set(w->e, x, (uintptr_t)w->t->returned);
    emit_subtract(w->e, x, x, reg);
    emit_skip_unless_zero(w->e, x, 1);
    emit_u32(w->e, (RETURN & ~(31u << 5)) | reg << 5);
}

// autia, autib, or with a modifier of zero autiza, autizb of REG.
static void write_authentication(struct writer *w, struct a64_branch by, unsigned reg)
{
    uint32_t word =
        by.modifier == GPR_NONE ? 0xdac133e0u : 0xdac11000u | (uint32_t)by.modifier << 5;
    emit_u32(w->e, word | (by.key == SIGNED_B ? 1u << 10 : 0) | reg);
}

// Notes which jump it is.
static void write_jumped(struct writer *w, uint32_t insn)
{
    unsigned x = w->t->scratch[0], y = w->t->scratch[1];
    emit_set(w->e, x, insn);
    emit_set(w->e, y, (uintptr_t)&w->c->jumped);
    emit_store(w->e, y, 0, x);
}

// The dispatcher takes the target, an address of the routine's, in the first scratch
// register.
static void write_indirect(struct writer *w, const struct insn *in, uint32_t insn)
{
    unsigned x = w->t->scratch[0];
    struct a64_branch by = a64_signed_branch(word_of(in));
    bool returns = in->flow == FLOW_RETURN, is_signed = by.key != SIGNED_NOT;
    if (is_signed && returns)
        write_authentication(w, by, in->reg);
    if (returns)
        write_return(w, in->reg);
    write_jumped(w, insn);
    emit_copy(w->e, x, in->reg);
    if (is_signed && !returns)
        write_authentication(w, by, x);
    if (in->flow == FLOW_CALL_INDIRECT)
        emit_set(w->e, GPR_LINK, in->addr + 4);
    emit_jump(w->e, w->t->dispatch);
}

static uint32_t inverted(uint32_t word)
{
    bool by_flags = word >> 24 == 0x54;
    return word ^ (by_flags ? 1u : 1u << 24);
}

// A branch that may not reach goes around one that does.
static void write_branch(struct writer *w, const struct insn *in)
{
    uint32_t word = word_of(in);
    bool test = (word & 0x7e000000) == 0x36000000, always = (word & 0xff00000e) == 0x5400000e;
    uint32_t offset = test ? 0x3fffu << 5 : 0x7ffffu << 5;
    if (always) {
        writer_jump(w, in->target);
    } else if (w->t->far) {
        emit_u32(w->e, (inverted(word) & ~offset) | 2u << 5);
        writer_jump(w, in->target);
    } else {
        emit_u32(w->e, word & ~offset);
        writer_jump_later(w, w->e->next, in->target);
    }
}

bool writer_flow(struct writer *w, const struct insn *in, uint32_t insn, uint32_t segment,
                 int32_t at)
{
    (void)segment; // a call stores nothing
    (void)at;
    if (in->flow == FLOW_NEXT)
        return false;
    writer_settle_log(w);
    uint8_t *begin = w->e->next;
    switch (in->flow) {
    case FLOW_JUMP:
        writer_jump(w, in->target);
        break;
    case FLOW_BRANCH:
        write_branch(w, in);
        break;
    case FLOW_CALL:
        emit_set(w->e, GPR_LINK, in->addr + 4);
        writer_jump(w, in->target);
        break;
    case FLOW_JUMP_INDIRECT:
    case FLOW_CALL_INDIRECT:
    case FLOW_RETURN:
        write_indirect(w, in, insn);
        break;
    default:
        writer_refused(w, insn);
        break;
    }
    writer_map(w, begin, insn);
    return true;
}
