// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "record/step/aarch64/mirror.h"

#include <stdlib.h>
#include <string.h>

static size_t lane_bytes(const struct mirror *m, size_t i)
{
    return m->lanes[i].hi - m->lanes[i].lo;
}

static bool make_room(uint8_t **copy, size_t bytes)
{
    uint8_t *more = realloc(*copy, bytes + 1);
    if (more)
        *copy = more;
    return more != NULL;
}

bool mirror_take(struct mirror *m, const struct tracee *t, const struct span *lanes, size_t count)
{
    m->lane_count = count;
    memcpy(m->lanes, lanes, count * sizeof *lanes);
    bool taken = true;
    size_t most = 0;
    for (size_t i = 0; i < count && taken; i++) {
        size_t bytes = lane_bytes(m, i);
        most = bytes > most ? bytes : most;
        taken = make_room(&m->copy[i], bytes) &&
                tracee_peek(t, lanes[i].lo, m->copy[i], bytes) == bytes;
    }
    return taken && make_room(&m->now, most);
}

void mirror_store(struct mirror *m, uint64_t addr, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < m->lane_count; i++)
        for (size_t k = 0; k < count; k++)
            if (addr + k >= m->lanes[i].lo && addr + k < m->lanes[i].hi)
                m->copy[i][addr + k - m->lanes[i].lo] = bytes[k];
}

bool mirror_agrees(const struct mirror *m, const struct tracee *t)
{
    for (size_t i = 0; i < m->lane_count; i++) {
        size_t bytes = lane_bytes(m, i);
        if (tracee_peek(t, m->lanes[i].lo, m->now, bytes) != bytes ||
            memcmp(m->now, m->copy[i], bytes) != 0)
            return false;
    }
    return true;
}

uint64_t mirror_bytes(const struct mirror *m)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < m->lane_count; i++)
        bytes += lane_bytes(m, i);
    return bytes;
}
