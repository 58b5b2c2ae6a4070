// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/tunables.h"

#include <string.h>

struct tunables tunables_find(const struct routine *routine)
{
    struct tunables found = {{NULL}};
    for (unsigned i = 0; i < TUNABLE_COUNT; i++)
        for (size_t k = 0; k < routine->tunable_count; k++)
            if (strcmp(routine->tunables[k].symbol, case_tunables[i].symbol) == 0)
                found.of[i] = &routine->tunables[k];
    return found;
}

void tunables_set(const struct tunables *tunables, const struct copy_case *c)
{
    for (unsigned i = 0; i < TUNABLE_COUNT; i++) {
        const struct routine_tunable *t = tunables->of[i];
        uint64_t value, now = 0;
        if (!t)
            continue;
        value = c->tunable[i] ? c->tunable[i] : t->initial;
        if (t->width == sizeof now) // the likely one needs no call
            memcpy(&now, t->address, sizeof now);
        else
            memcpy(&now, t->address, t->width);
        if (now != value)
            memcpy(t->address, &value, t->width);
    }
}
