// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the proof forms of rules are made of: conditions that may be fulfilled, the accesses
// of a side, and the bytes that those so far have touched. Of this folder alone.

#ifndef STORESCOPE_PROVE_PATH_CHECK_H
#define STORESCOPE_PROVE_PATH_CHECK_H

#include "prove/path_rules.h"

enum side_of { STORES, LOADS };

// Bytes that accesses so far have touched for certain, and all that they may have.
struct extent_of {
    const struct form *lo, *hi;
};
enum { EXTENTS_MAX = 256 };
struct extents {
    struct extent_of items[EXTENTS_MAX];
    size_t count;
    bool overflowed;
};

static inline struct pool *pool_of(const struct path_check *c)
{
    return c->known->pool;
}

static inline void leave_open(struct path_check *c, const char *why)
{
    if (!c->open)
        c->open = why;
}

// May all conditions be true at once, on the path? Then the rule is broken there.
void may(struct path_check *c, const struct claim *how, size_t count);

static inline void may_be(struct path_check *c, struct claim how)
{
    may(c, &how, 1);
}

static inline void always(struct path_check *c)
{
    may(c, NULL, 0);
}

// ---- the accesses of a side ----

static inline const struct form *base_of(const struct path_check *c, enum side_of side)
{
    return side == STORES ? c->path->setting->dst : c->path->setting->src;
}

static inline const struct form *end_of(const struct path_check *c, enum side_of side)
{
    return form_add(pool_of(c), base_of(c, side), c->path->setting->n);
}

static inline bool is_on(const struct event *e, enum side_of side)
{
    if (side == STORES)
        return e->kind == ACCESS_STORE &&
               (e->place == PLACE_DST || e->place == PLACE_EITHER || e->place == PLACE_SRC);
    return e->kind == ACCESS_LOAD && (e->place == PLACE_SRC || e->place == PLACE_EITHER);
}

// The next of the side's from index I on, or NULL. A loop's accesses are one, together.
const struct event *next_on(const struct path_check *c, enum side_of side, size_t *i);

#define FOR_EACH_ON(c, side, e)                      \
    for (size_t i_ = 0, once_ = 1; once_; once_ = 0) \
        for (const struct event *e; !(c)->enough && (e = next_on(c, side, &i_));)

// The next access alone: those of a loop are each one, of any of its turns.
struct access_at {
    size_t i, k;
};
const struct event *next_access_on(const struct path_check *c, enum side_of side,
                                   struct access_at *at);
// The K-th and later of a loop's that E stands for, or NULL.
const struct event *next_of_family(const struct event *e, size_t *k);

#define FOR_EACH_ACCESS_ON(c, side, e)                                      \
    for (struct access_at at_ = {0, 0}, *once_ = &at_; once_; once_ = NULL) \
        for (const struct event *e; !(c)->enough && (e = next_access_on(c, side, &at_));)

// By its lowest byte and the one behind its highest.
static inline bool is_single(const struct event *e)
{
    return !e->family && (e->count == NULL || (e->count->count == 0 && e->count->c == 1));
}

static inline const struct form *sub(const struct path_check *c, const struct form *a,
                                     const struct form *b)
{
    return form_sub(pool_of(c), a, b);
}

static inline bool is_yes(const struct path_check *c, struct claim how)
{
    return known_quick(c->known, how) == YES;
}

static inline bool is_onto_itself(const struct path_check *c)
{
    return c->path->arrangement == ARRANGED_SAME;
}

static inline bool same_place(const struct path_check *c, const struct form *a,
                              const struct form *b)
{
    return a == b || is_yes(c, is_equal(pool_of(c), a, b));
}

// ---- the bytes touched so far ----

static inline struct extent_of extent_of(const struct event *e)
{
    return (struct extent_of){e->lo, e->hi};
}

void add_extent(const struct path_check *c, struct extents *all, struct extent_of y);

// Where there were too many to follow, the rule is open.
void close_extents(struct path_check *c, const struct extents *all);

// Can they have a byte in common? Gives the conditions of that, two of them.
bool may_meet(const struct path_check *c, const struct form *lo, const struct form *hi,
              struct extent_of x, struct claim *how);

// ---- the forms ----
// Each looks for conditions under which the path breaks its rule, and asks whether they can
// be. All that it does not find a condition for it must have shown to hold.

typedef void rule_form(struct path_check *c);

// path_bytes.c: which bytes are touched, how often, and in which parts
rule_form missing_stores, bounds_of_stores, bounds_of_loads, duplicates, overlaps, torn_elements,
    destination_loads, repeated_loads, torn_loads;

// path_access.c: one access, the order of several, and fences
rule_form split_stores, reordered_stores, unordered_stores, last_byte, misaligned_stores,
    wide_stores, narrow_stores, vector_stores, masked_stores, string_stores, nontemporal_stores,
    atomic_stores, paired_stores, writeback_stores, x87_stores, unfenced_stores, unflushed_stores,
    split_loads, reordered_loads, unordered_loads, misaligned_loads, wide_loads, narrow_loads,
    vector_loads, string_loads, atomic_loads, paired_loads, writeback_loads, x87_loads;

// path_end.c: what is there in the end
rule_form crashes, times_out, wrong_data, wrong_return, clobbered_state, transient_values,
    data_dependence;

#endif
