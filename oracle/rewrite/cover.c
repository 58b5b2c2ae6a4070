// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which blocks ran, as the log says while it is expanded: with options.blocks each
// block begins with a record.

#include "rewrite.h"

#include <stdlib.h>
#include <string.h>

// The instructions of a block, up to the one at which the run was ended, if any.
static void reach(struct program *p, const struct segment *block, const struct host_insn *ended)
{
    uint64_t i = block->insn;
    for (uint32_t n = 0; n < block->insns; n++) {
        p->reached[i] = 1;
        const struct insn *in = &p->insns[i];
        if ((ended && i == ended->insn) || !address_map_get(&p->at, in->addr + in->length, &i))
            return;
    }
}

void cover_end(struct cover_walk *walk, const struct host_insn *ended)
{
    if (!walk->last || walk->last->reached)
        return;
    if (ended)
        reach(&walk->r->program, walk->last, ended);
    else
        walk->last->reached = true;
}

static void add_reached(struct program *p, const struct segment_table *table)
{
    for (size_t i = 1; i < table->count; i++)
        if (table->segments[i].reached)
            reach(p, &table->segments[i], NULL);
}

void cover_keep(struct program *p, struct translation *t)
{
    add_reached(p, &t->table);
}

static bool is_of_routine(const struct routine *routine, const struct insn *in)
{
    for (size_t i = 0; i < routine->image_count; i++)
        if (in->addr >= routine->images[i].lo && in->addr < routine->images[i].hi)
            return true;
    return false;
}

void rewrite_cover(struct recorder *r, struct coverage *coverage)
{
    struct program *p = &r->program;
    add_reached(p, &r->plain.table);
    add_reached(p, &r->valued.table);
    struct covered_insn *insns = calloc(p->insn_count + 1, sizeof *insns);
    if (!insns)
        abort();
    size_t n = 0;
    for (size_t i = 0; i < p->insn_count; i++) {
        const struct insn *in = &p->insns[i];
        if (!is_of_routine(p->routine, in))
            continue;
        struct covered_insn *c = &insns[n++];
        *c = (struct covered_insn){
            .offset = (int64_t)(in->addr - p->routine->entry),
            .length = in->length,
            .reached = p->reached[i],
            .memory = p->sites[i] != UINT32_MAX,
        };
        memcpy(c->bytes, in->bytes, in->length);
    }
    coverage_add(coverage, insns, n);
    free(insns);
}

void rewrite_count_edges(struct recorder *r, uint8_t *edges, size_t count)
{
    r->edges = edges;
    r->edge_mask = (uint32_t)(count - 1);
}
