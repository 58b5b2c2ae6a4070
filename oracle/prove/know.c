// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/knowing.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

// ---- life ----

void known_init(struct known *k, struct pool *pool)
{
    *k = (struct known){.pool = pool};
}

static void *copied(const void *from, size_t count, size_t bytes)
{
    if (count == 0)
        return NULL;
    void *to = must(malloc(count * bytes));
    memcpy(to, from, count * bytes);
    return to;
}

void known_copy(struct known *to, const struct known *from)
{
    *to = *from;
    to->bounds = copied(from->bounds, from->bound_count, sizeof *from->bounds);
    to->facts = copied(from->facts, from->fact_count, sizeof *from->facts);
    to->residues = copied(from->residues, from->residue_count, sizeof *from->residues);
    to->unequal = copied(from->unequal, from->unequal_count, sizeof *from->unequal);
    to->bound_capacity = from->bound_count;
    to->fact_capacity = from->fact_count;
    to->residue_capacity = from->residue_count;
    to->unequal_capacity = from->unequal_count;
}

void known_free(struct known *k)
{
    free(k->bounds);
    free(k->facts);
    free(k->residues);
    free((void *)k->unequal);
    *k = (struct known){.pool = k->pool, .dead = true};
}

void *grown(void *items, size_t count, size_t *capacity, size_t bytes)
{
    if (count < *capacity)
        return items;
    *capacity = *capacity ? 2 * *capacity : 8;
    return must(realloc(items, *capacity * bytes));
}

// ---- what is kept ----

struct bound_entry *find_bound(const struct known *k, const struct atom *a)
{
    for (size_t i = k->bound_count; i-- > 0;)
        if (k->bounds[i].atom == a)
            return &k->bounds[i];
    return NULL;
}

struct bounds bounds_of(const struct known *k, const struct atom *a)
{
    const struct bound_entry *e = find_bound(k, a);
    return e ? e->b : (struct bounds){a->lo, a->hi};
}

struct fact_entry *find_fact(const struct known *k, const struct form *direction)
{
    for (size_t i = k->fact_count; i-- > 0;)
        if (k->facts[i].direction == direction)
            return &k->facts[i];
    return NULL;
}

uint64_t residues_of(const struct known *k, const struct form *direction)
{
    for (size_t i = 0; i < k->residue_count; i++)
        if (k->residues[i].direction == direction)
            return k->residues[i].may;
    return ALL_RESIDUES;
}

void set_residues(struct known *k, const struct form *direction, uint64_t may)
{
    for (size_t i = 0; i < k->residue_count; i++) {
        if (k->residues[i].direction == direction) {
            k->residues[i].may = may;
            return;
        }
    }
    k->residues = grown(k->residues, k->residue_count, &k->residue_capacity, sizeof *k->residues);
    k->residues[k->residue_count++] = (struct residue_entry){direction, may};
}

void set_bounds(struct known *k, const struct atom *a, struct bounds b)
{
    struct bound_entry *e = find_bound(k, a);
    if (!e) {
        k->bounds = grown(k->bounds, k->bound_count, &k->bound_capacity, sizeof *k->bounds);
        e = &k->bounds[k->bound_count++];
        e->atom = a;
    }
    e->b = b;
}

const struct form *zero_when(struct known *k, const struct form *f)
{
    int64_t by;
    const struct form *direction = form_direction(k->pool, f, &by);
    if (f->c % by != 0)
        return NULL;
    return form_plus(k->pool, direction, f->c / by);
}
