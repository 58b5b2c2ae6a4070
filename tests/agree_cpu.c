// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "agree_cpu.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

struct memory {
    uint8_t *lanes[2];
    size_t bytes[2];
};

static struct memory memory_take(const struct layout *l)
{
    const struct span lanes[2] = {l->dst_lane, l->src_lane};
    struct memory m;
    for (unsigned i = 0; i < 2; i++) {
        m.bytes[i] = lanes[i].hi - lanes[i].lo;
        m.lanes[i] = must(malloc(m.bytes[i] + 1));
        memcpy(m.lanes[i], (const void *)lanes[i].lo, m.bytes[i]);
    }
    return m;
}

static bool memory_same(const struct memory *a, const struct memory *b)
{
    return memcmp(a->lanes[0], b->lanes[0], a->bytes[0]) == 0 &&
           memcmp(a->lanes[1], b->lanes[1], a->bytes[1]) == 0;
}

static void memory_free(struct memory *m)
{
    free(m->lanes[0]);
    free(m->lanes[1]);
}

typedef uint64_t native_routine(uint64_t, uint64_t, uint64_t, uint64_t);

bool cpu_agrees(const struct routine *routine, const struct backend *b, struct arena *arena,
                const struct copy_case *c, const struct layout *recorded, uint64_t result)
{
    struct layout l;
    struct memory before = memory_take(recorded), after;
    arena_clear(arena, recorded, true);
    if (!arena_lay(arena, c, &l) || l.dst != recorded->dst)
        return false;
    native_routine *enter = (native_routine *)routine->entry;
    uint64_t returned = enter((uintptr_t)l.dst, layout_second(&l), l.size, b->arg4);
    after = memory_take(&l);
    bool same = memory_same(&before, &after) && (returned == result || b->result == RESULT_NONE);
    memory_free(&before);
    memory_free(&after);
    return same;
}
