// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Registers to work in.

#include "record/rewrite/x86_64/scratch.h"
#include "record/rewrite/x86_64/emit.h"

#include <stdlib.h>

// Registers that C lets a callee change come first: they need no saving. Of the
// others only the log pointer is worth that.
bool writer_choose_registers(struct translation *t, gpr_set named)
{
    static const uint8_t order[] = {11, 10, 9, 8, 15, 14, 13, 12, GPR_RBX, GPR_RBP};
    t->log_reg = GPR_NONE;
    t->free = 0;
    for (unsigned i = 0; i < sizeof order; i++) {
        if (named & bit(order[i]))
            continue;
        if (t->log_reg == GPR_NONE)
            t->log_reg = order[i];
        else if (order[i] >= 8 && order[i] <= 11)
            t->free |= bit(order[i]);
    }
    return true;
}

struct scratch writer_take(struct writer *w, gpr_set avoid, unsigned which)
{
    for (unsigned r = 0; r < GPR_COUNT; r++) {
        unsigned free_reg = 15 - r;
        if ((w->t->free & ~avoid) & (1u << free_reg))
            return (struct scratch){free_reg, NULL};
    }
    // What C lets a callee change comes first, then what the way in has saved:
    // the run may end while the register is in use, when the log is full.
    static const uint16_t callers = 0xf028; // rbx, rbp, r12 to r15
    const gpr_set spills[] = {0xffff & ~callers, w->r->program.named, 0xffff};
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
struct scratch writer_take_log(struct writer *w, gpr_set avoid)
{
    if (w->t->log_reg != GPR_NONE)
        return (struct scratch){w->t->log_reg, NULL};
    struct scratch s = writer_take(w, avoid, 0);
    emit_load_slot(w->e, s.reg, slot(&w->c->log));
    return s;
}
