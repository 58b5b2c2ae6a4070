// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which blocks ran, as the log says while it is expanded: with options.blocks a
// block begins with a record, until it was seen to run. What is known need not be
// told again, so after some cases the code is written anew without it. With
// options.edges every block goes on telling.

#include "base/memory.h"
#include "record/rewrite/rewrite.h"

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

bool cover_has_block(const struct program *p, uint64_t address)
{
    uint64_t i;
    for (bool first = true; address_map_get(&p->at, address, &i); first = false) {
        if (!first && address_map_get(&p->leaders, address, NULL))
            break;
        if (!p->reached[i])
            return false;
        if (p->insns[i].flow != FLOW_NEXT)
            break;
        address += p->insns[i].length;
    }
    return true;
}

// Has the code made again, before it is run, without what need not be told.
static void make_again(struct recorder *r)
{
    struct translation *both[] = {&r->plain, &r->valued};
    cover_keep(&r->program, &r->plain);
    cover_keep(&r->program, &r->valued);
    for (size_t i = 0; i < 2; i++) {
        both[i]->stale = both[i]->code != NULL;
        both[i]->entry = NULL; // so that it is made before it is run
    }
}

void cover_drop_known(struct recorder *r)
{
    if (!r->options.blocks || r->options.edges || ++r->cases != r->drop_at)
        return;
    r->drop_at *= 8;
    make_again(r);
}

bool cover_make_room(struct recorder *r)
{
    if (!r->options.blocks || r->quiet)
        return false;
    r->quiet = r->options.edges || r->made_room;
    r->made_room = true;
    make_again(r);
    return true;
}

void cover_end_case(struct recorder *r)
{
    r->made_room = false;
    if (!r->quiet)
        return;
    r->quiet = false;
    make_again(r);
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
    struct covered_insn *insns = must(calloc(p->insn_count + 1, sizeof *insns));
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
