// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// No reservation outlives the exception that ends a step, so a store-exclusive would fail
// for ever. The tracer does it instead, as the one monitor of one thread (Arm ARM, B2.9):
// it stores where the load-exclusive before it loaded, and fails otherwise.

#include "record/step/aarch64/tracer.h"

#include <signal.h>
#include <string.h>

void exclusive_follow(struct tracer *t)
{
    const struct step_operands *o = &t->now.in->operands;
    if (o->exclusive == EXCLUSIVE_DROPS)
        t->monitor.bytes = 0;
    if (o->exclusive == EXCLUSIVE_TAKES)
        t->monitor = (struct step_monitor){t->now.at, (size_t)o->width * o->pieces};
}

static void read_data(const struct tracer *t, const struct step_operands *o, uint8_t *bytes)
{
    size_t each = o->width / o->data_count;
    for (unsigned i = 0; i < o->data_count; i++) {
        uint64_t value = o->data[i] == STEP_ZERO ? 0 : t->tracee.regs.regs[o->data[i]];
        memcpy(bytes + i * each, &value, each);
    }
}

static bool go_on(struct tracer *t, const struct step_operands *o, bool stored)
{
    t->monitor.bytes = 0;
    t->now.store_count = stored ? t->now.store_count : 0;
    if (o->status != STEP_ZERO)
        t->tracee.regs.regs[o->status] = !stored;
    t->tracee.regs.pc += sizeof t->now.in->word;
    return tracee_store(&t->tracee);
}

bool exclusive_store(struct tracer *t)
{
    const struct step_operands *o = &t->now.in->operands;
    uint8_t bytes[16];
    if (t->monitor.bytes == 0)
        return go_on(t, o, false);
    if (t->monitor.addr != t->now.at || t->monitor.bytes != o->width)
        return tracer_leave(t, OUTCOME_REFUSED,
                            "stores elsewhere than its load-exclusive loaded: the CPU may or may "
                            "not");
    read_data(t, o, bytes);
    if (tracee_poke(&t->tracee, t->now.at, bytes, o->width) == o->width)
        return go_on(t, o, true);
    t->tracee.signal = SIGSEGV;
    t->tracee.fault_addr = t->now.at;
    return tracer_faulted(t);
}
