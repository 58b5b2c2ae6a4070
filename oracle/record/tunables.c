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

// Without a call, and by one load, for the widths that tunables have.
static uint64_t value_now(const struct routine_tunable *t)
{
    uint64_t now = 0;
    uint32_t low;
    if (t->width == sizeof now) {
        memcpy(&now, t->address, sizeof now);
        return now;
    }
    if (t->width == sizeof low) {
        memcpy(&low, t->address, sizeof low);
        return low;
    }
    memcpy(&now, t->address, t->width);
    return now;
}

void tunables_set(const struct tunables *tunables, const struct copy_case *c)
{
    for (unsigned i = 0; i < TUNABLE_COUNT; i++) {
        const struct routine_tunable *t = tunables->of[i];
        if (!t)
            continue;
        const uint64_t value = c->tunable[i] ? c->tunable[i] : t->initial;
        if (value_now(t) != value)
            memcpy(t->address, &value, t->width);
    }
}
