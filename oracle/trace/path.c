// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "trace/path.h"

#include "base/memory.h"

#include <stdlib.h>

enum { OFTEN = 2 };

static uint64_t mixed(uint64_t sum, uint64_t more)
{
    sum = (sum ^ more) * UINT64_C(0x9e3779b97f4a7c15);
    return sum ^ sum >> 29;
}

uint64_t path_of(const struct trace *t)
{
    uint8_t *times = must(calloc(t->site_count + 1, sizeof *times));
    uint64_t sum = mixed(1, (uint64_t)t->outcome), often = 0;
    for (size_t i = 0; i < t->count; i++) {
        const struct access *a = &t->accesses[i];
        uint64_t addr = t->sites[a->site].addr;
        uint64_t elements = a->count < OFTEN ? a->count : OFTEN;
        if (times[a->site] == 0)
            sum = mixed(sum, addr);
        for (; elements > 0 && times[a->site] < OFTEN; elements--)
            often += mixed(addr, ++times[a->site]);
    }
    free(times);
    return mixed(sum, often) | 1;
}
