// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Writes the routine's instructions: most as they are, RIP-relative ones for
// their new place, and jumps to the rewritten blocks.

#include "record/rewrite/x86_64/emit.h"
#include "record/rewrite/x86_64/scratch.h"

#include <stdlib.h>
#include <string.h>

static void write_lea_rip(struct writer *w, const struct insn *in)
{
    // lea reg, [rip+x] is a constant of the routine's own place.
    bool wide = false;
    unsigned i = 0;
    while (in->bytes[i] != 0x8d)
        wide |= (in->bytes[i++] & 0xf8) == 0x48;
    uint64_t value = (uint64_t)in->mems[0].disp;
    unsigned rex_r = i > 0 && (in->bytes[i - 1] & 0xf4) == 0x44 ? 8 : 0;
    unsigned reg = ((in->bytes[i + 1] >> 3) & 7) | rex_r;
    if (in->mems[0].addr32)
        value = (uint32_t)value;
    if (!wide && memchr(in->bytes, 0x66, i)) {
        // The upper 48 bits stay: mov r16, imm16.
        emit_u8(w->e, 0x66);
        emit_u8(w->e, reg >= 8 ? 0x41 : 0x40);
        emit_u8(w->e, 0xb8 | (reg & 7));
        emit_bytes(w->e, &value, 2);
        return;
    }
    emit_set(w->e, reg, wide ? value : (uint32_t)value);
}

// Low register that no operand names; the ModRM byte can name it without a
// prefix bit. Not rbx: the instruction may fault, and rbx is the caller's, saved
// only where the routine names it.
static struct scratch take_low(struct writer *w, const struct insn *in)
{
    static const uint8_t low[] = {GPR_RSI, GPR_RDI, GPR_RDX, GPR_RAX, GPR_RCX};
    gpr_set avoid = in->named | bit(w->t->log_reg);
    for (unsigned i = 0; i < sizeof low; i++) {
        if (!(avoid & bit(low[i])) && (w->t->free & bit(low[i])))
            return (struct scratch){low[i], NULL};
    }
    for (unsigned i = 0; i < sizeof low; i++) {
        if (avoid & bit(low[i]))
            continue;
        emit_store_slot(w->e, slot(&w->c->spill[3]), low[i]);
        return (struct scratch){low[i], &w->c->spill[3]};
    }
    abort();
}

static void write_rip_relative(struct writer *w, const struct insn *in)
{
    const struct mem *m = NULL;
    for (unsigned i = 0; i < in->mem_count; i++) {
        if (in->mems[i].base == GPR_PC)
            m = &in->mems[i];
    }
    if (in->is_lea) {
        write_lea_rip(w, in);
        return;
    }
    uint8_t bytes[15];
    memcpy(bytes, in->bytes, in->length);
    int64_t distance = m->disp - (int64_t)(uintptr_t)(w->e->next + in->length);
    if (distance == (int32_t)distance) {
        int32_t disp = (int32_t)distance;
        memcpy(bytes + in->disp_off, &disp, sizeof disp);
        emit_bytes(w->e, bytes, in->length);
        return;
    }
    // Out of reach: the address goes to a register, and ModRM names it with no
    // displacement. B bits of the prefixes are clear or ignored so far; a
    // legacy REX.B would now count.
    struct scratch x = take_low(w, in);
    emit_set(w->e, x.reg, (uint64_t)m->disp);
    bytes[in->modrm_off] = (uint8_t)((bytes[in->modrm_off] & 0x38) | x.reg);
    memmove(bytes + in->disp_off, bytes + in->disp_off + 4,
            (size_t)(in->length - in->disp_off - 4));
    unsigned i = 0;
    while (i < in->modrm_off && (bytes[i] == 0x66 || bytes[i] == 0xf2 || bytes[i] == 0xf3 ||
                                 bytes[i] == 0x2e || bytes[i] == 0x3e || bytes[i] == 0xf0 ||
                                 bytes[i] == 0x64 || bytes[i] == 0x65 || bytes[i] == 0x67)) {
        i++;
    }
    if ((bytes[i] & 0xf0) == 0x40)
        bytes[i] &= 0xfe; // REX.B
    else if (bytes[i] == 0xc4 || bytes[i] == 0x62)
        bytes[i + 1] |= 0x20; // inverted B
    emit_bytes(w->e, bytes, in->length - 4u);
    writer_give_back(w, x);
}

void writer_refused(struct writer *w, uint32_t insn)
{
    emit_store_slot_imm(w->e, slot(&w->c->refused), (int32_t)insn);
    emit_jump(w->e, w->t->refused);
}

// Alignment checks would hit the recorder's own accesses; a flag that popf is
// about to set may be changed before it.
static void refuse_alignment_checks(struct writer *w, uint32_t insn)
{
    emit_bytes(w->e, "\xf7\x04\x24", 3); // test dword [rsp], AC
    emit_u32(w->e, 0x40000);
    emit_u8(w->e, 0x74); // jz
    uint8_t *over = w->e->next;
    emit_u8(w->e, 0);
    writer_refused(w, insn);
    if (!w->e->full)
        *over = (uint8_t)(w->e->next - over - 1);
}

static void write_flags_word(struct writer *w, const struct insn *in)
{
    if (in->sets_df)
        emit_store_slot_imm(w->e, slot(&w->c->left.direction), 0x400);
    if (in->clears_df)
        emit_store_slot_imm(w->e, slot(&w->c->left.direction), 0);
    if (!in->pops_flags)
        return;
    struct scratch x = writer_take(w, bit(GPR_RSP), 1);
    emit_load_narrow(w->e, x.reg, GPR_RSP, 0, in->mems[0].width);
    emit_store_slot(w->e, slot(&w->c->left.direction), x.reg);
    writer_give_back(w, x);
}

void writer_plain(struct writer *w, uint32_t insn)
{
    const struct insn *in = &w->r->program.insns[insn];
    write_flags_word(w, in);
    if (in->may_refuse)
        refuse_alignment_checks(w, insn);
    if (in->disp_off)
        write_rip_relative(w, in);
    else
        emit_bytes(w->e, in->bytes, in->length);
}

static void write_return_address(struct writer *w, const struct insn *in)
{
    uint64_t back = in->addr + in->length;
    emit_add(w->e, GPR_RSP, -8);
    emit_store_imm32(w->e, GPR_RSP, 0, (uint32_t)back);
    emit_store_imm32(w->e, GPR_RSP, 4, (uint32_t)(back >> 32));
}

static void write_indirect(struct writer *w, const struct insn *in, uint32_t insn)
{
    if (in->reg != GPR_NONE) {
        emit_store_slot(w->e, slot(&w->c->target), in->reg);
    } else {
        struct scratch x = writer_take(w, in->named | bit(GPR_RSP), 1);
        emit_load_mem(w->e, x.reg, &in->mems[0]);
        emit_store_slot(w->e, slot(&w->c->target), x.reg);
        writer_give_back(w, x);
    }
    if (in->flow == FLOW_CALL_INDIRECT)
        write_return_address(w, in);
    emit_store_slot_imm(w->e, slot(&w->c->jumped), (int32_t)insn);
    emit_jump(w->e, w->t->dispatch);
}

// To the recorder when that is where the stack says, by a return so that the
// CPU predicts it; else by the dispatcher. No flag may change, hence jrcxz.
static void write_return(struct writer *w, const struct insn *in, uint32_t insn)
{
    int32_t home = (int32_t)(uintptr_t)w->t->returned;
    uintptr_t rcx = slot(&w->c->spill[1]);
    emit_store_slot(w->e, rcx, GPR_RCX);
    emit_load(w->e, GPR_RCX, GPR_RSP, 0);
    emit_add(w->e, GPR_RCX, -home);
    emit_u8(w->e, 0xe3);
    uint8_t *home_jump = w->e->next;
    emit_u8(w->e, 0);
    emit_add(w->e, GPR_RCX, home);
    emit_store_slot(w->e, slot(&w->c->target), GPR_RCX);
    emit_load_slot(w->e, GPR_RCX, rcx);
    emit_add(w->e, GPR_RSP, 8 + in->pops);
    emit_store_slot_imm(w->e, slot(&w->c->jumped), (int32_t)insn);
    emit_jump(w->e, w->t->dispatch);
    if (w->e->full)
        return;
    *home_jump = (uint8_t)(w->e->next - home_jump - 1);
    emit_load_slot(w->e, GPR_RCX, rcx);
    emit_bytes(w->e, in->bytes, in->length);
}

static void write_loop(struct writer *w, const struct insn *in)
{
    emit_bytes(w->e, in->bytes, in->length - 1u);
    emit_u8(w->e, 2); // taken: over the next jump
    emit_u8(w->e, 0xeb);
    emit_u8(w->e, 5);
    writer_jump(w, in->target);
    writer_jump(w, in->addr + in->length);
}

static unsigned condition_of(const struct insn *in)
{
    // jcc rel8 is 7x, jcc rel32 is 0f 8x; prefixes before either are hints.
    unsigned last =
        in->length >= 6 && in->bytes[in->length - 6] == 0x0f ? in->length - 5u : in->length - 2u;
    return in->bytes[last] & 0xf;
}

// Control flow at the end of a block. False when IN does not end one. SEGMENT
// and AT: the record it may have, as for write_after.
bool writer_flow(struct writer *w, const struct insn *in, uint32_t insn, uint32_t segment,
                 int32_t at)
{
    if (in->flow == FLOW_NEXT)
        return false;
    if (w->t->rules.values)
        writer_pushed_value(w, in, segment, at);
    writer_settle_log(w);
    uint8_t *begin = w->e->next;
    switch (in->flow) {
    case FLOW_JUMP:
        writer_jump(w, in->target);
        break;
    case FLOW_BRANCH:
        writer_jump_later(w, emit_branch(w->e, condition_of(in), NULL), in->target);
        break;
    case FLOW_LOOP:
        write_loop(w, in);
        break;
    case FLOW_CALL:
        write_return_address(w, in);
        writer_jump(w, in->target);
        break;
    case FLOW_JUMP_INDIRECT:
    case FLOW_CALL_INDIRECT:
        write_indirect(w, in, insn);
        break;
    case FLOW_RETURN:
        write_return(w, in, insn);
        break;
    default:
        writer_refused(w, insn);
        break;
    }
    writer_map(w, begin, insn);
    return true;
}
