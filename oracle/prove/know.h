// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What is known on a path: conditions over forms, and what follows from them at once.
// Bounds of atoms, bounds of directions (sums such as dst + n - src), and which values
// modulo 64 a direction may have. By these most questions are answered; what they leave open
// is a solver's (solver.h). They never rule out what can be.

#ifndef STORESCOPE_PROVE_KNOW_H
#define STORESCOPE_PROVE_KNOW_H

#include "prove/form.h"

// form <= 0, form == 0, form != 0
enum relation { AT_MOST, EQUAL, UNEQUAL };

struct claim {
    enum relation relation;
    const struct form *form;
};

// A disjunction: one of several conditions. Most have one.
struct clause {
    size_t count;
    struct claim any[];
};

// The conditions of a path, the latest first; paths share what they have in common.
struct given {
    const struct given *before;
    uint32_t depth; // 1 for the first
    const struct clause *clause;
};

struct bound_entry;
struct fact_entry;
struct residue_entry;

struct known {
    struct pool *pool;
    const struct given *given;
    bool dead; // no input fulfils the conditions
    struct bound_entry *bounds;
    size_t bound_count, bound_capacity;
    struct fact_entry *facts;
    size_t fact_count, fact_capacity;
    struct residue_entry *residues;
    size_t residue_count, residue_capacity;
    const struct form **unequal; // forms that are not zero
    size_t unequal_count, unequal_capacity;
};

struct bounds {
    wide lo, hi;
};

enum answer { NO, YES, OPEN };

void known_init(struct known *k, struct pool *pool);
void known_copy(struct known *to, const struct known *from); // TO is not initialised
void known_free(struct known *k);

struct bounds known_bounds(const struct known *k, const struct form *f);
// Does the condition hold for all inputs of the path, for none, or is that open?
enum answer known_quick(const struct known *k, struct claim c);

// From now on the condition holds. Sets `dead` where that cannot be.
void known_assume(struct known *k, struct claim c);
void known_assume_any(struct known *k, const struct claim *any, size_t count);
// The same of a condition that follows from those that there are: no solver needs it.
void known_learn(struct known *k, struct claim c);
// Draws conclusions from what was assumed early by what is known by now.
void known_refresh(struct known *k);
void known_bound(struct known *k, const struct atom *a, struct bounds b);

// f modulo 2^k and f / 2^k rounded down, as simple as is known here.
const struct form *known_low(struct known *k, const struct form *f, unsigned bits);
const struct form *known_high(struct known *k, const struct form *f, unsigned bits);

static inline struct claim at_most(const struct form *f)
{
    return (struct claim){AT_MOST, f};
}
// The forms' own words, for conditions that are read.
struct claim is_at_most(struct pool *p, const struct form *a, const struct form *b); // a <= b
struct claim is_below(struct pool *p, const struct form *a, const struct form *b);   // a < b
struct claim is_equal(struct pool *p, const struct form *a, const struct form *b);
struct claim is_unequal(struct pool *p, const struct form *a, const struct form *b);
struct claim negated(struct pool *p, struct claim c);
bool claim_holds(enum relation relation, wide value);
// At a point; OPEN where the point does not say.
enum answer claim_at(struct claim c, struct point *at);
enum answer clause_at(const struct clause *c, struct point *at);
enum answer givens_at(const struct given *g, struct point *at); // of all of them

#endif
