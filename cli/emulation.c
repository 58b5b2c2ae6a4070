// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/emulation.h"

#include <stdio.h>
#include <string.h>

bool emulation_fits(const struct selection *s, const struct sweep_options *run, struct error *error)
{
    size_t emulated = 0, own = 0;
    for (size_t i = 0; i < s->count; i++) {
        bool is_emulated = recorder_for(s->items[i], run->recorder)->elsewhere;
        emulated += is_emulated;
        own += is_emulated && strchr(s->items[i]->name, ':') != NULL;
    }
    if (run->setup.cpu != NULL && emulated == 0)
        error_set(error,
                  "--cpu %s: %s runs on this CPU; --cpu is for routines of other CPUs, and for "
                  "--recorder qemu",
                  run->setup.cpu, s->items[0]->name);
    else if (run->setup.link_count > 0 && own == 0)
        error_set(error,
                  "--link: is for PATH:SYMBOL of other CPUs, and for --recorder qemu; link %s "
                  "itself with what it needs",
                  s->items[0]->name);
    else
        return true;
    return false;
}
