// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What every part of the translator writes with: the map from the copy to the
// routine, and jumps that are filled in when all blocks are written.

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
