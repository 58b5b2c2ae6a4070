// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Questions that bounds and residues leave open: are there inputs that fulfil a path's
// conditions and some more? By z3, over linear integers, where it was built in; else the
// answer is always that it is not known.

#ifndef STORESCOPE_PROVE_SOLVER_H
#define STORESCOPE_PROVE_SOLVER_H

#include "prove/know.h"

enum solved { SOLVED_NONE, SOLVED_SOME, SOLVED_UNKNOWN };

struct solver;

// Name and version of what answers, or NULL: nothing does.
const char *solver_name(void);

// EFFORT: for one question, in its own count, which is the same on each machine; 0: no limit.
// NULL where there is none; the other functions take that.
struct solver *solver_new(struct pool *pool, unsigned timeout_ms, unsigned effort);
void solver_free(struct solver *s);

// With SOLVED_SOME and POINT given, it gets a value for each input that the answer
// depends on.
enum solved solver_ask(struct solver *s, const struct known *k, const struct claim *more,
                       size_t count, struct point *point);
uint64_t solver_asked(const struct solver *s);

#endif
