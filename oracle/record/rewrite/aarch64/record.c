// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Writes the log's records. The log pointer and two registers to work in are ones that the
// routine never names: A64 has 31, and a copy routine names some 18.

#include "record/rewrite/aarch64/emit.h"
#include "record/rewrite/writer.h"

#include <stddef.h>

bool writer_choose_registers(struct translation *t, gpr_set named)
{
    // Those that C lets a callee change come first: they need no saving. x18 is the
    // platform's, of which Linux makes no use.
    static const uint8_t order[] = {9, 10, 11, 12, 13, 14, 15, 8,  16, 17, 7,  6,  5, 4,
                                    3, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 18};
    uint8_t *chosen[] = {&t->log_reg, &t->scratch[0], &t->scratch[1]};
    enum { WANTED = sizeof chosen / sizeof *chosen };
    unsigned n = 0;
    for (unsigned i = 0; i < sizeof order && n < WANTED; i++)
        if (!(named & bit(order[i])))
            *chosen[n++] = order[i];
    bool enough = n == WANTED;
    while (n < WANTED)
        *chosen[n++] = order[0];
    return enough;
}

// ---- records ----

// Words that follow each other go out two at a time.
struct words {
    struct writer *w;
    int32_t at; // of HELD, in the log
    unsigned held;
};

static void put_word(struct words *out, int32_t at, unsigned reg)
{
    unsigned log = out->w->t->log_reg;
    if (out->held == GPR_NONE) {
        out->held = reg;
        out->at = at;
    } else if (at == out->at + 8 && emit_pair_reaches(out->at)) {
        emit_store_pair(out->w->e, log, out->at, out->held, reg);
        out->held = GPR_NONE;
    } else {
        emit_store(out->w->e, log, out->at, out->held);
        out->held = reg;
        out->at = at;
    }
}

static void end_words(struct words *out)
{
    if (out->held != GPR_NONE)
        emit_store(out->w->e, out->w->t->log_reg, out->at, out->held);
    out->held = GPR_NONE;
}

static void write_slot(struct words *out, const struct slot *s, int32_t at)
{
    struct writer *w = out->w;
    unsigned x = w->t->scratch[1];
    if (s->kind == SLOT_GPR && s->reg == GPR_SP) {
        end_words(out); // which may hold it
        emit_add(w->e, x, GPR_SP, 0);
        put_word(out, at, x);
    } else if (s->kind == SLOT_GPR) {
        put_word(out, at, s->reg);
    } else if (s->kind == SLOT_PREDICATE) {
        end_words(out);
        emit_add(w->e, x, w->t->log_reg, at);
        emit_u32(w->e, 0xe5800000u | x << 5 | s->reg); // str p, [x]
    }
}

// X = the address of M. Its base may be sp, hence additions with an extended register.
static void write_address(struct writer *w, unsigned x, const struct mem *m)
{
    unsigned index = m->part_bytes ? m->part : m->index;
    unsigned option = m->part_bytes == 0 ? 3 : m->part_signed ? 6 : 2; // uxtx, sxtw, uxtw
    unsigned times = m->part_bytes ? m->part_times : m->scale;
    if (index != GPR_NONE)
        emit_u32(w->e, 0x8b200000u | index << 16 | option << 13 |
                           (uint32_t)__builtin_ctz(times) << 10 | (uint32_t)m->base << 5 | x);
    else
        emit_add(w->e, x, m->base, 0);
    if (m->disp)
        emit_add(w->e, x, x, m->disp);
}

// Value mode: where a store goes whose value is to be copied.
static void write_store_address(struct writer *w, const struct insn *in, const struct segment *s,
                                int32_t at)
{
    unsigned next = 0, x = w->t->scratch[1];
    for (unsigned i = 0; i < s->slot_count; i++) {
        if (s->slots[i].kind != SLOT_ADDRESS)
            continue;
        while (next < in->mem_count && !in->mems[next].store)
            next++;
        write_address(w, x, &in->mems[next++]);
        emit_store(w->e, w->t->log_reg, at + 8 * s->slots[i].word, x);
    }
}

void writer_record(struct writer *w, uint32_t insn, uint32_t number)
{
    const struct segment *s = &w->t->table.segments[number];
    uint8_t *begin = w->e->next;
    int32_t at = (int32_t)w->pending;
    struct words out = {w, at, w->t->scratch[0]};
    emit_set(w->e, w->t->scratch[0], number);
    for (unsigned i = 0; i < s->slot_count; i++)
        write_slot(&out, &s->slots[i], at + 8 * s->slots[i].word);
    end_words(&out);
    write_store_address(w, &w->r->program.insns[insn], s, at);
    writer_map(w, begin, insn);
    w->pending += 8 * s->words;
    w->segment = number;
}

// ---- values ----

// BYTES from OFFSET bytes after the address that the record has.
static void copy_value(struct writer *w, const struct slot *address, const struct slot *value,
                       int32_t at, unsigned offset)
{
    unsigned from = w->t->scratch[0], x = w->t->scratch[1];
    emit_load(w->e, from, w->t->log_reg, at + 8 * address->word);
    for (unsigned done = 0; done < value->bytes;) {
        unsigned left = value->bytes - done;
        unsigned part = left >= 8 ? 8 : left >= 4 ? 4 : left >= 2 ? 2 : 1;
        emit_load_narrow(w->e, x, from, (int32_t)(offset + done), part);
        emit_store(w->e, w->t->log_reg, at + 8 * value->word + (int32_t)done, x);
        done += part;
    }
}

static void call_capture(struct writer *w, uint32_t number, int32_t at)
{
    unsigned x = w->t->scratch[0], y = w->t->scratch[1];
    enum { BEFORE_RETURN = 3 }; // instructions from the adr on
    int32_t base = (int32_t)offsetof(struct context, helper_return);
    emit_set(w->e, x, (uintptr_t)w->c);
    emit_set(w->e, y, number);
    emit_store(w->e, x, (int32_t)offsetof(struct context, helper_segment), y);
    emit_add(w->e, y, w->t->log_reg, at);
    emit_store(w->e, x, (int32_t)offsetof(struct context, helper_record), y);
    w->e->full |= !emit_address(w->e, y, w->e->next + 4 * BEFORE_RETURN);
    emit_store(w->e, x, base, y);
    emit_jump(w->e, w->t->helper);
}

// What is known only after the instruction: registers, and values in value mode.
void writer_after(struct writer *w, uint32_t insn, uint32_t number, int32_t at)
{
    (void)insn;
    const struct segment *s = &w->t->table.segments[number];
    const struct slot *address = NULL;
    unsigned offset = 0;
    for (unsigned i = 0; i < s->slot_count; i++) {
        const struct slot *x = &s->slots[i];
        if (x->kind == SLOT_ADDRESS) {
            address = x;
            offset = 0;
        } else if (x->kind == SLOT_VALUE) {
            copy_value(w, address, x, at, offset);
            offset += x->bytes;
        } else if (x->kind == SLOT_GPR_AFTER) {
            emit_store(w->e, w->t->log_reg, at + 8 * x->word, x->reg);
        } else if (x->kind == SLOT_CALL) {
            call_capture(w, number, at);
        }
    }
}

// Moves the log pointer past the block's records.
void writer_settle_log(struct writer *w)
{
    if (w->pending)
        emit_add(w->e, w->t->log_reg, w->t->log_reg, (int32_t)w->pending);
    w->pending = 0;
}
