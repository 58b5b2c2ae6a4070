// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// How struct known keeps what it knows, shared by the files of know.h: know.c (what is kept),
// know_groups.c (terms that go together), know_bounds.c (answers), know_learn.c (what follows from
// a condition) and know_forms.c (simpler forms). Nobody else includes this.

#ifndef STORESCOPE_PROVE_KNOWING_H
#define STORESCOPE_PROVE_KNOWING_H

#include "prove/know.h"

struct bound_entry {
    const struct atom *atom;
    struct bounds b;
};
struct fact_entry {
    const struct form *direction;
    struct bounds b;
};
// Bit r: the direction may be r modulo 64.
struct residue_entry {
    const struct form *direction;
    uint64_t may;
};

enum { RESIDUES = 64, RESIDUE_BITS = 6, GROUP_MAX = 8 };
#define ALL_RESIDUES UINT64_MAX
#define FAR          ((wide)1 << 80)

static inline wide floor_div(wide a, wide b)
{
    wide q = a / b;
    return q - (a % b != 0 && (a < 0) != (b < 0));
}

static inline wide ceil_div(wide a, wide b)
{
    return -floor_div(-a, b);
}

static inline wide modulo(wide a, wide m)
{
    wide r = a % m;
    return r < 0 ? r + m : r;
}

static inline void add_bounds(struct bounds *sum, struct bounds b, int64_t times)
{
    sum->lo += times * (times > 0 ? b.lo : b.hi);
    sum->hi += times * (times > 0 ? b.hi : b.lo);
}

static inline struct bounds cut(struct bounds a, struct bounds b)
{
    return (struct bounds){a.lo > b.lo ? a.lo : b.lo, a.hi < b.hi ? a.hi : b.hi};
}

// ---- what is kept (know.c) ----

// Room for one more of ITEMS.
void *grown(void *items, size_t count, size_t *capacity, size_t bytes);
struct bound_entry *find_bound(const struct known *k, const struct atom *a);
struct bounds bounds_of(const struct known *k, const struct atom *a);
void set_bounds(struct known *k, const struct atom *a, struct bounds b);
struct fact_entry *find_fact(const struct known *k, const struct form *direction);
uint64_t residues_of(const struct known *k, const struct form *direction);
void set_residues(struct known *k, const struct form *direction, uint64_t may);
// A form that is zero when F is, the same for all that are; NULL: F never is.
const struct form *zero_when(struct known *k, const struct form *f);

// ---- groups: terms whose value follows from one direction modulo 64 (know_groups.c) ----

// Of a LOW atom: times * ((sign * r + c) mod 2^k); of an input of few values, the
// lowest of which is c: times * (c + (r - c) mod 64).
struct member {
    int64_t times;
    wide c;
    int8_t sign; // 0: an input
    uint8_t k;
};

struct group {
    const struct form *direction;
    struct member members[GROUP_MAX];
    size_t count;
};

enum { GROUPS_MAX = 4 };

// A form, taken apart into groups and the bounds of what is in none.
struct parts {
    struct group groups[GROUPS_MAX];
    size_t count;
    struct bounds rest;
    size_t alone; // terms in no group
};

// Its value where the direction is R modulo 64.
wide group_value(const struct group *g, int r);
struct bounds group_bounds(const struct known *k, const struct group *g);
// An input of few values follows from its residue.
bool input_member(const struct known *k, const struct term *t, struct member *out);
void take_apart(const struct known *k, const struct form *f, struct parts *parts);

#endif
