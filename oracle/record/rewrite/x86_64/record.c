// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Writes the log's records: registers before a segment, values and counts after
// an instruction.

#include "record/rewrite/x86_64/emit.h"
#include "record/rewrite/x86_64/scratch.h"

#include "backends/cpu.h"

#include <stdlib.h>
#include <string.h>

// ---- records ----

static gpr_set registers_of(const struct segment *s)
{
    gpr_set mask = 0;
    for (unsigned i = 0; i < s->slot_count; i++) {
        if (s->slots[i].kind == SLOT_GPR)
            mask |= bit(s->slots[i].reg);
    }
    return mask;
}

static void write_slot(struct writer *w, const struct slot *s, unsigned log, int32_t at,
                       gpr_set avoid)
{
    int32_t disp = at + 8 * s->word;
    struct scratch x;
    switch (s->kind) {
    case SLOT_GPR:
        emit_store(w->e, log, disp, s->reg);
        break;
    case SLOT_K:
        x = writer_take(w, avoid | bit(log), 1);
        emit_copy_mask(w->e, x.reg, s->reg, cpu_really_has("avx512bw"));
        emit_store(w->e, log, disp, x.reg);
        writer_give_back(w, x);
        break;
    case SLOT_VECTOR:
        emit_store_vector(w->e, log, disp, s->reg, s->bytes, s->class);
        break;
    case SLOT_DF:
        x = writer_take(w, avoid | bit(log), 1);
        emit_load_slot(w->e, x.reg, slot(&w->c->left.direction));
        emit_store(w->e, log, disp, x.reg);
        writer_give_back(w, x);
        break;
    default:
        break; // written after the instruction
    }
}

// The address of a plain store whose value is to be captured.
static void write_store_address(struct writer *w, const struct insn *in, const struct segment *s,
                                unsigned log, int32_t at, gpr_set avoid)
{
    unsigned next = 0;
    for (unsigned i = 0; i < s->slot_count; i++) {
        if (s->slots[i].kind != SLOT_ADDRESS)
            continue;
        while (next < in->mem_count && !in->mems[next].store)
            next++;
        struct scratch x = writer_take(w, avoid | bit(log) | in->named, 1);
        emit_lea_mem(w->e, x.reg, &in->mems[next++]);
        emit_store(w->e, log, at + 8 * s->slots[i].word, x.reg);
        writer_give_back(w, x);
    }
}

void writer_record(struct writer *w, uint32_t insn, uint32_t number)
{
    const struct segment *s = &w->t->table.segments[number];
    const struct insn *in = &w->r->program.insns[insn];
    uint8_t *begin = w->e->next;
    gpr_set avoid = registers_of(s) | bit(GPR_RSP) | in->named;
    struct scratch log = writer_take_log(w, avoid);
    int32_t at = (int32_t)w->pending;
    emit_store_imm(w->e, log.reg, at, (int32_t)number);
    for (unsigned i = 0; i < s->slot_count; i++)
        write_slot(w, &s->slots[i], log.reg, at, avoid);
    write_store_address(w, in, s, log.reg, at, avoid);
    writer_give_back(w, log);
    writer_map(w, begin, insn);
    w->pending += 8 * s->words;
    w->segment = number;
}

// ---- values ----

static void copy_value(struct writer *w, const struct insn *in, const struct slot *address,
                       const struct slot *value, int32_t at, unsigned width)
{
    struct scratch log = writer_take_log(w, in->named | bit(GPR_RSP));
    struct scratch from = writer_take(w, in->named | bit(log.reg) | bit(GPR_RSP), 1);
    struct scratch x = writer_take(w, in->named | bit(log.reg) | bit(from.reg) | bit(GPR_RSP), 2);
    emit_load(w->e, from.reg, log.reg, at + 8 * address->word);
    for (unsigned done = 0; done < width;) {
        unsigned left = width - done;
        unsigned part = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
        emit_load_narrow(w->e, x.reg, from.reg, (int32_t)done, part);
        // The upper bytes of a narrow part are zeros that the next part, or
        // nothing, overwrites: records are whole words.
        emit_store(w->e, log.reg, at + 8 * value->word + (int32_t)done, x.reg);
        done += part;
    }
    writer_give_back(w, x);
    writer_give_back(w, from);
    writer_give_back(w, log);
}

static void call_out(struct writer *w, uint32_t number, int32_t at)
{
    emit_store_slot_imm(w->e, slot(&w->c->helper_segment), (int32_t)number);
    struct scratch log = writer_take_log(w, bit(GPR_RSP));
    struct scratch x = writer_take(w, bit(log.reg) | bit(GPR_RSP), 1);
    emit_copy(w->e, x.reg, log.reg);
    emit_add(w->e, x.reg, at);
    emit_store_slot(w->e, slot(&w->c->helper_record), x.reg);
    writer_give_back(w, x);
    writer_give_back(w, log);
    uint8_t *patch = w->e->next;
    emit_store_slot_imm(w->e, slot(&w->c->helper_return), 0);
    emit_jump(w->e, w->t->helper);
    if (w->e->full)
        return;
    uint32_t back = (uint32_t)(uintptr_t)w->e->next;
    memcpy(patch + 8, &back, sizeof back);
}

// What is known only after the instruction: rcx, and values in value mode.
void writer_after(struct writer *w, uint32_t insn, uint32_t number, int32_t at)
{
    const struct insn *in = &w->r->program.insns[insn];
    const struct segment *s = &w->t->table.segments[number];
    const struct slot *address = NULL;
    for (unsigned i = 0; i < s->slot_count; i++) {
        const struct slot *x = &s->slots[i];
        if (x->kind == SLOT_COUNTER_AFTER) {
            struct scratch log = writer_take_log(w, bit(GPR_RCX) | bit(GPR_RSP));
            emit_store(w->e, log.reg, at + 8 * x->word, GPR_RCX);
            writer_give_back(w, log);
        } else if (x->kind == SLOT_ADDRESS) {
            address = x;
        } else if (x->kind == SLOT_VALUE) {
            copy_value(w, in, address, x, at, x->bytes);
        } else if (x->kind == SLOT_CALL) {
            call_out(w, number, at);
        }
    }
}

// Value mode: a call stores its return address.
void writer_pushed_value(struct writer *w, const struct insn *in, uint32_t segment, int32_t at)
{
    if (in->flow != FLOW_CALL && in->flow != FLOW_CALL_INDIRECT)
        return;
    const struct segment *s = &w->t->table.segments[segment];
    uint64_t back = in->addr + in->length;
    struct scratch log = writer_take_log(w, in->named | bit(GPR_RSP));
    for (unsigned i = 0; i < s->slot_count; i++) {
        if (s->slots[i].kind != SLOT_VALUE)
            continue;
        emit_store_imm32(w->e, log.reg, at + 8 * s->slots[i].word, (uint32_t)back);
        emit_store_imm32(w->e, log.reg, at + 8 * s->slots[i].word + 4, (uint32_t)(back >> 32));
    }
    writer_give_back(w, log);
}

// Moves the log pointer past the block's records.
void writer_settle_log(struct writer *w)
{
    if (w->pending == 0)
        return;
    if (w->t->log_reg != GPR_NONE) {
        emit_add(w->e, w->t->log_reg, (int32_t)w->pending);
    } else {
        struct scratch s = writer_take_log(w, bit(GPR_RSP));
        emit_add(w->e, s.reg, (int32_t)w->pending);
        emit_store_slot(w->e, slot(&w->c->log), s.reg);
        writer_give_back(w, s);
    }
    w->pending = 0;
}
