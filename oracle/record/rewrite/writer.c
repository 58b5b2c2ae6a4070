// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What every part of the translator writes with: the map from the copy to the
// routine, jumps that are filled in when all blocks are written, and registers to
// work in.

#include "record/rewrite/writer.h"
#include "base/memory.h"

#include <stdlib.h>

// ---- the map from the copy to the routine ----

void writer_map(struct writer *w, const uint8_t *begin, uint32_t insn)
{
    struct translation *t = w->t;
    if (t->map_count == t->map_capacity) {
        t->map_capacity = t->map_capacity ? 2 * t->map_capacity : 1024;
        t->map = must(realloc(t->map, t->map_capacity * sizeof *t->map));
    }
    t->map[t->map_count++] =
        (struct host_insn){begin, w->e->next, insn, w->segment, w->done, w->pending};
}

// ---- jumps ----

const uint8_t *translation_find(const struct translation *t, uint64_t address)
{
    uint64_t host;
    return address_map_get(&t->blocks, address, &host) ? (const uint8_t *)(uintptr_t)host : NULL;
}

void writer_jump_later(struct writer *w, uint8_t *end, uint64_t target)
{
    struct translation *t = w->t;
    if (t->patch_count == t->patch_capacity) {
        t->patch_capacity = t->patch_capacity ? 2 * t->patch_capacity : 256;
        t->patches = must(realloc(t->patches, t->patch_capacity * sizeof *t->patches));
    }
    t->patches[t->patch_count++] = (struct patch){end, target};
}

void writer_jump(struct writer *w, uint64_t target)
{
    writer_jump_later(w, emit_jump(w->e, NULL), target);
}

void writer_refused(struct writer *w, uint32_t insn)
{
    emit_store_slot_imm(w->e, slot(&w->c->refused), (int32_t)insn);
    emit_jump(w->e, w->t->refused);
}

// ---- registers to work in ----

struct scratch writer_take(struct writer *w, uint16_t avoid, unsigned which)
{
    for (unsigned r = 0; r < GPR_COUNT; r++) {
        unsigned free_reg = 15 - r;
        if ((w->t->free & ~avoid) & (1u << free_reg))
            return (struct scratch){free_reg, NULL};
    }
    // What C lets a callee change comes first, then what the way in has saved:
    // the run may end while the register is in use, when the log is full.
    static const uint16_t callers = 0xf028; // rbx, rbp, r12 to r15
    const uint16_t spills[] = {(uint16_t)~callers, w->r->program.named, 0xffff};
    avoid |= bit(GPR_RSP) | bit(w->t->log_reg);
    for (unsigned i = 0; i < sizeof spills / sizeof *spills; i++) {
        for (unsigned r = 0; r < GPR_COUNT; r++) {
            if (!(spills[i] & ~avoid & bit(r)))
                continue;
            emit_store_slot(w->e, slot(&w->c->spill[which]), r);
            return (struct scratch){r, &w->c->spill[which]};
        }
    }
    abort(); // an instruction names at most a handful of registers
}

void writer_give_back(struct writer *w, struct scratch s)
{
    if (s.saved)
        emit_load_slot(w->e, s.reg, slot(s.saved));
}

// The log pointer in a register.
struct scratch writer_take_log(struct writer *w, uint16_t avoid)
{
    if (w->t->log_reg != GPR_NONE)
        return (struct scratch){w->t->log_reg, NULL};
    struct scratch s = writer_take(w, avoid, 0);
    emit_load_slot(w->e, s.reg, slot(&w->c->log));
    return s;
}
