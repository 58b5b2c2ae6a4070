// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// For builds without z3.

#include "prove/solver.h"

const char *solver_name(void)
{
    return NULL;
}

struct solver *solver_new(struct pool *pool, unsigned timeout_ms, unsigned effort)
{
    (void)pool;
    (void)timeout_ms;
    (void)effort;
    return NULL;
}

void solver_free(struct solver *s)
{
    (void)s;
}

enum solved solver_ask(struct solver *s, const struct known *k, const struct claim *more,
                       size_t count, struct point *point)
{
    (void)s;
    (void)k;
    (void)more;
    (void)count;
    (void)point;
    return SOLVED_UNKNOWN;
}

uint64_t solver_asked(const struct solver *s)
{
    (void)s;
    return 0;
}
