// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The ways into the rewritten code, out of it, and between its blocks where the
// target is known only as it runs.

#include "record/entry_registers.h"
#include "record/rewrite/x86_64/emit.h"
#include "record/rewrite/x86_64/scratch.h"

#include "backends/cpu.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t callee_saved[] = {GPR_RBX, GPR_RBP, 12, 13, 14, 15};

// Does the rewritten code change the register?
static bool is_changed(const struct writer *w, unsigned reg)
{
    return (w->r->program.named | w->t->free | bit(w->t->log_reg)) & bit(reg);
}

static void write_saved(struct writer *w, unsigned opcode, unsigned reg)
{
    if (!is_changed(w, reg))
        return;
    if (reg >= 8)
        emit_u8(w->e, 0x41);
    emit_u8(w->e, opcode | (reg & 7u));
}

static void write_poison(struct writer *w)
{
    gpr_set args =
        bit(GPR_RDI) | bit(GPR_RSI) | bit(GPR_RDX) | bit(GPR_RCX) | bit(8) | bit(9) | bit(GPR_RSP);
    for (unsigned r = 0; r < GPR_COUNT; r++) {
        if (w->r->program.named & ~args & bit(r))
            emit_set(w->e, r, ENTRY_REGISTER(r));
    }
}

// jne FAR, whose target is filled in later.
static uint8_t *write_unless_equal(struct writer *w)
{
    enum { NOT_EQUAL = 5 };
    return emit_branch(w->e, NOT_EQUAL, NULL);
}

// Are the registers that are the caller's what they were on entry? The ends of
// jumps to where to go if not to OUT; gives their number. Few instructions,
// since every case comes by here.
static unsigned write_checks(struct writer *w, uint8_t **out)
{
    unsigned n = 0;
    for (unsigned reg = 0; reg < GPR_COUNT; reg++) {
        if (!(state_callee_saved(w->r) & bit(reg)))
            continue;
        emit_set(w->e, GPR_RCX, ENTRY_REGISTER(reg)); // no compare takes 8 bytes
        emit_u8(w->e, reg >= 8 ? 0x49 : 0x48);        // cmp reg, rcx
        emit_u8(w->e, 0x39);
        emit_u8(w->e, 0xc8 | (reg & 7u));
        out[n++] = write_unless_equal(w);
    }
    emit_set(w->e, GPR_RCX, w->r->native.rsp);
    emit_bytes(w->e, "\x48\x39\xe1", 3); // cmp rcx, rsp
    out[n++] = write_unless_equal(w);
    return n;
}

static void write_clobbered(struct writer *w, uint8_t *const *jumps, unsigned count)
{
    const uint8_t *at = w->e->next;
    for (unsigned i = 0; i < count && !w->e->full; i++)
        emit_patch(jumps[i], at);
    for (unsigned r = 0; r < GPR_COUNT; r++)
        emit_store_slot(w->e, slot(&w->c->save[r]), r);
    emit_store_slot_imm(w->e, slot(&w->c->exit), CONTEXT_CLOBBERED);
    emit_jump(w->e, w->t->leave);
}

// OPCODE, two or three bytes up to ModRM, with an absolute address.
static void write_absolute(struct writer *w, const char *opcode, size_t length, const void *at)
{
    emit_bytes(w->e, opcode, length);
    emit_u8(w->e, 0x25); // SIB: no base, no index
    emit_u32(w->e, (uint32_t)(uintptr_t)at);
}

// Notes what of the control state a caller relies on, where the routine may have
// changed it. rax is the result; rcx is free.
static void write_state(struct writer *w)
{
    unsigned traits = w->t->traits;
    if (traits & TRAIT_SETS_FLAGS) {
        emit_bytes(w->e, "\x9c\x59", 2); // pushfq; pop rcx
        emit_store_slot(w->e, slot(&w->c->left.flags), GPR_RCX);
    }
    if (traits & TRAIT_X87)
        write_absolute(w, "\xd9\x34", 2, w->c->left.x87); // fnstenv
    if (traits & TRAIT_MXCSR) {
        write_absolute(w, "\x0f\xae\x1c", 3, &w->c->left.mxcsr);      // stmxcsr
        write_absolute(w, "\x0f\xae\x14", 3, &w->c->left.host_mxcsr); // ldmxcsr
    }
}

// Leaves the CPU as C code expects it, where the routine might not: it may end
// by a fault before it cleans up.
static void write_clean_up(struct writer *w)
{
    unsigned traits = w->t->traits;
    bool uppers = (traits & TRAIT_DIRTIES_UPPERS) && !(traits & TRAIT_CLEARS_UPPERS);
    if (uppers && cpu_really_has("avx"))
        emit_bytes(w->e, "\xc5\xf8\x77", 3); // vzeroupper
    if (traits & TRAIT_X87)
        emit_bytes(w->e, "\xdb\xe3", 2); // fninit
    if (traits & TRAIT_SETS_FLAGS) {
        emit_u8(w->e, 0x9c);                                 // pushfq
        emit_bytes(w->e, "\x81\x24\x24\xff\xfa\xfb\xff", 7); // and dword [rsp], ~0x40500
        emit_u8(w->e, 0x9d);                                 // popfq
    }
}

static void write_leave(struct writer *w)
{
    emit_load_slot(w->e, GPR_RSP, slot(&w->c->host_sp));
    write_state(w);
    write_clean_up(w);
    for (unsigned i = sizeof callee_saved; i-- > 0;)
        write_saved(w, 0x58, callee_saved[i]);
    emit_u8(w->e, 0xc3);
}

// Entered as a C function with the routine's arguments, gives what it returns.
// The shortest way there and back: it is run for every case.
static void write_enter(struct writer *w)
{
    struct translation *t = w->t;
    t->enter = w->e->next;
    for (unsigned i = 0; i < sizeof callee_saved; i++)
        write_saved(w, 0x50, callee_saved[i]);
    emit_store_slot(w->e, slot(&w->c->host_sp), GPR_RSP);
    emit_set(w->e, GPR_RSP, w->r->native.rsp);
    emit_set(w->e, t->log_reg == GPR_NONE ? GPR_RAX : t->log_reg, (uintptr_t)w->r->log_begin);
    if (t->log_reg == GPR_NONE)
        emit_store_slot(w->e, slot(&w->c->log), GPR_RAX);
    if (t->traits & TRAIT_SETS_FLAGS)
        emit_store_slot_imm(w->e, slot(&w->c->left.direction), 0);
    write_poison(w);
    emit_u8(w->e, 0xe8);
    emit_u32(w->e, 0);
    t->entry_call = t->returned = w->e->next;
    if (t->log_reg != GPR_NONE)
        emit_store_slot(w->e, slot(&w->c->log), t->log_reg);
    uint8_t *jumps[sizeof callee_saved + 1];
    unsigned count = write_checks(w, jumps);
    t->leave = w->e->next;
    write_leave(w);
    write_clobbered(w, jumps, count);
}

static void write_exit(struct writer *w, uint8_t **at, enum context_exit why)
{
    *at = w->e->next;
    if (w->t->log_reg != GPR_NONE)
        emit_store_slot(w->e, slot(&w->c->log), w->t->log_reg);
    emit_store_slot_imm(w->e, slot(&w->c->exit), (int32_t)why);
    emit_jump(w->e, w->t->leave);
}

// Jumps by the low byte of context.target to a chain of checks.
static void write_dispatch(struct writer *w)
{
    struct context *c = w->c;
    w->t->dispatch = w->e->next;
    emit_store_slot(w->e, slot(&c->jump[0]), GPR_RCX);
    emit_store_slot(w->e, slot(&c->jump[1]), GPR_RAX);
    emit_load_slot(w->e, GPR_RCX, slot(&c->target));
    emit_bytes(w->e, "\x0f\xb6\xc9", 3); // movzx ecx, cl
    emit_set(w->e, GPR_RAX, (uintptr_t)w->t->indirect);
    emit_bytes(w->e, "\x48\x8b\x04\xc8", 4); // mov rax, [rax+rcx*8]
    emit_store_slot(w->e, slot(&c->jump[2]), GPR_RAX);
    emit_load_slot(w->e, GPR_RAX, slot(&c->jump[1]));
    emit_load_slot(w->e, GPR_RCX, slot(&c->jump[0]));
    emit_jump_slot(w->e, slot(&c->jump[2]));
}

// A check: is context.target ADDRESS? Then its block, else the chain's next.
void writer_indirect(struct writer *w, uint64_t address)
{
    if (address_map_get(&w->t->indirect_known, address, NULL))
        return;
    const uint8_t *host = translation_find(w->t, address);
    if (!host)
        return;
    struct context *c = w->c;
    uint8_t **chain = &w->t->indirect[address & (INDIRECT_CHAINS - 1)];
    uint8_t *at = w->e->next;
    emit_store_slot(w->e, slot(&c->jump[0]), GPR_RCX);
    emit_store_slot(w->e, slot(&c->jump[1]), GPR_RAX);
    emit_load_slot(w->e, GPR_RCX, slot(&c->target));
    emit_set(w->e, GPR_RAX, -address);
    emit_bytes(w->e, "\x48\x8d\x0c\x01", 4); // lea rcx, [rcx+rax]
    emit_load_slot(w->e, GPR_RAX, slot(&c->jump[1]));
    emit_u8(w->e, 0xe3); // jrcxz hit
    uint8_t *hit = w->e->next;
    emit_u8(w->e, 0);
    emit_load_slot(w->e, GPR_RCX, slot(&c->jump[0]));
    emit_jump(w->e, *chain);
    if (w->e->full)
        return;
    *hit = (uint8_t)(w->e->next - hit - 1);
    emit_load_slot(w->e, GPR_RCX, slot(&c->jump[0]));
    emit_jump(w->e, host);
    *chain = at;
    address_map_put(&w->t->indirect_known, address, 1);
}

void writer_unknown(struct writer *w, uint64_t target)
{
    emit_store_slot_u64(w->e, slot(&w->c->target), target);
    emit_store_slot_imm(w->e, slot(&w->c->jumped), -1);
    emit_jump(w->e, w->t->unknown);
}

// Saves everything, calls rewrite_call_out(recorder) on the host's stack,
// restores everything. Only after loads where a FIFO is played, and in value mode
// after stores that plain moves cannot copy.
static void write_helper(struct writer *w)
{
    struct context *c = w->c;
    w->t->helper = w->e->next;
    for (unsigned r = 0; r < GPR_COUNT; r++)
        emit_store_slot(w->e, slot(&c->save[r]), r);
    emit_load_slot(w->e, GPR_RSP, slot(&c->host_sp));
    emit_u8(w->e, 0x9c);                     // pushfq
    emit_bytes(w->e, "\x48\x83\xe4\xc0", 4); // and rsp, -64
    emit_bytes(w->e, "\x6a\x02\x9d", 3);     // push 2; popfq: no alignment checks, upwards
    emit_set(w->e, GPR_RBX, (uintptr_t)w->r->vectors);
    emit_bytes(w->e, "\xb8\xff\xff\xff\xff\xba\xff\xff\xff\xff", 10); // mov eax/edx, -1
    emit_bytes(w->e, "\x48\x0f\xae\x23", 4);                          // xsave64 [rbx]
    emit_set(w->e, GPR_RDI, (uintptr_t)w->r);
    emit_set(w->e, GPR_RAX, (uintptr_t)rewrite_call_out);
    emit_bytes(w->e, "\xff\xd0", 2); // call rax
    emit_set(w->e, GPR_RBX, (uintptr_t)w->r->vectors);
    emit_bytes(w->e, "\xb8\xff\xff\xff\xff\xba\xff\xff\xff\xff", 10);
    emit_bytes(w->e, "\x48\x0f\xae\x2b", 4); // xrstor64 [rbx]
    emit_load_slot(w->e, GPR_RSP, slot(&c->host_sp));
    emit_add(w->e, GPR_RSP, -8);
    emit_u8(w->e, 0x9d); // popfq
    for (unsigned r = 0; r < GPR_COUNT; r++)
        emit_load_slot(w->e, r, slot(&c->save[r]));
    emit_jump_slot(w->e, slot(&c->helper_return));
}

void writer_entry(struct writer *w)
{
    write_enter(w);
    write_exit(w, &w->t->unknown, CONTEXT_UNKNOWN_TARGET);
    write_exit(w, &w->t->refused, CONTEXT_REFUSED);
    write_dispatch(w);
    if (w->t->rules.values || w->t->rules.fifo)
        write_helper(w);
    for (unsigned i = 0; i < INDIRECT_CHAINS; i++)
        w->t->indirect[i] = w->t->unknown;
    // A routine may return by a jump as well (pop rcx; jmp rcx).
    uint64_t home = (uintptr_t)w->t->returned;
    address_map_put(&w->t->blocks, home, home);
    writer_indirect(w, home);
}
