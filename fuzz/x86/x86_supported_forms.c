// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/x86/x86_routine_parts.h"

#include <signal.h>

static int signal_of(struct x86_form *form, unsigned skew, unsigned variant,
                     const struct layout *layout)
{
    static struct x86_routine r;
    uint8_t bytes[64];
    uint64_t state = variant * 977u;
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)sandbox_random(&state);
    bytes[0] = 0; // near, all registers
    struct sandbox_end end;
    if (!x86_routine_of_form(form, skew, bytes, sizeof bytes, &r))
        return -1;
    form->common = x86_every_recorder_takes(r.code + r.made[0].at, X86_LENGTH_MAX);
    x86_routine_load(&r, layout);
    sandbox_run(routine_base(&r), layout, &end);
    return end.signal;
}

void x86_forms_try(const struct layout *layout)
{
    const struct x86_form_table *t = x86_forms();
    enum { VARIANTS = 6 };
    sandbox_fill(1);
    for (size_t i = 0; i < t->count; i++) {
        struct x86_form *f = &t->forms[i];
        f->runs = f->excluded != NULL; // for all that is known
        if (f->excluded)
            continue;
        f->faults = true;
        for (unsigned v = 1; v <= VARIANTS && f->faults; v++) {
            int signal = signal_of(f, 0, v, layout);
            f->runs |= signal >= 0 && signal != SIGILL;
            f->faults = signal != 0;
            if (signal == SIGILL)
                break;
        }
        if (!f->faults && (f->store || f->load))
            f->aligned = signal_of(f, 1, 1, layout) != 0 && signal_of(f, 1, 2, layout) != 0;
    }
}
