// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which blocks ran, read off the log: with options.blocks each block begins with
// a record that says so.

#include "rewrite.h"

#include <stdlib.h>
#include <string.h>

// The next record of the log that begins a block, from *AT on, which is moved
// behind it; NULL when there is none, or the log does not hold together.
static struct segment *next_block(const struct translation *t, const uint64_t **at,
                                  const uint64_t *stop)
{
    while (*at < stop) {
        uint64_t number = **at;
        if (number == 0 || number >= t->table.count)
            return NULL;
        struct segment *s = &t->table.segments[number];
        if (s->words > (size_t)(stop - *at))
            return NULL;
        *at += s->words;
        if (s->block)
            return s;
    }
    return NULL;
}

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

void cover_log(struct recorder *r, struct translation *t)
{
    const uint64_t *at = (const uint64_t *)r->log_begin;
    const uint64_t *stop = (const uint64_t *)rewrite_log_end(r);
    struct segment *s, *last = NULL;
    if (!t->rules.blocks || !stop)
        return;
    while ((s = next_block(t, &at, stop)) != NULL) {
        if (last && !last->reached)
            last->reached = true;
        last = s;
    }
    if (!last || last->reached)
        return;
    if (r->context->exit == CONTEXT_ABORTED && r->abort_where)
        reach(&r->program, last, r->abort_where);
    else
        last->reached = true;
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

void rewrite_count_edges(const struct recorder *r, uint8_t *edges, size_t count)
{
    const struct translation *t = r->running;
    const uint64_t *at = (const uint64_t *)r->log_begin;
    const uint64_t *stop = (const uint64_t *)rewrite_log_end(r);
    const struct segment *s;
    uint32_t from = 0;
    if (!t || !stop)
        return;
    while ((s = next_block(t, &at, stop)) != NULL) {
        uint8_t *edge = &edges[((from >> 1) ^ s->block) & (count - 1)];
        *edge = (uint8_t)(*edge + (*edge != UINT8_MAX));
        from = s->block;
    }
}
