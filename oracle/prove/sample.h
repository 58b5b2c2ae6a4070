// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Cases that lie on a path: tried, at the very addresses that recorders lay them out at, until
// one fulfils all conditions.

#ifndef STORESCOPE_PROVE_SAMPLE_H
#define STORESCOPE_PROVE_SAMPLE_H

#include "prove/explore.h"

struct sampler {
    struct pool *pool;
    struct arena *arena;
    const struct backend *backend;
    enum copy_op op;
    struct point point; // where the case found lies
    struct layout layout;
    uint64_t random;
    uint64_t size_max;        // of a case: larger ones are not tried
    const struct point *hint; // turns that a solver found, or NULL
};

// False without memory.
bool sampler_init(struct sampler *s, struct pool *pool, const struct backend *b, enum copy_op op);
void sampler_free(struct sampler *s);

// Makes `point` one of this sampler's source, after point_init.
void sampler_attach(struct sampler *s);

// A small case that fulfils the path's conditions and MORE; false: none was found, which
// says nothing of whether there is one. HINT: inputs that a solver found, or NULL.
bool sample(struct sampler *s, enum arrangement a, const struct inputs *in, const struct known *k,
            const struct claim *more, size_t count, const struct point *hint,
            struct copy_case *out);

// The inputs that a case means, at a point: as it was laid out, with the stack pointer at
// entry, or 0.
void place_point(struct point *at, enum arrangement a, const struct inputs *in,
                 const struct layout *layout, uint64_t stack_entry);

// The stack pointer at entry, where place_point was told none.
void place_stack(struct point *at, const struct inputs *in, uint64_t stack_entry);

// Are all of the path's conditions fulfilled there? Finds how often each of its loops is gone
// through, which the point has then.
bool given_at(const struct given *g, struct point *at);
// The same; OPEN where it depends on what no case says, such as a register that the caller
// need not set.
enum answer lies_on(const struct given *g, struct point *at);

// Is that how the case's two buffers lie?
bool arrangement_fits(enum arrangement a, const struct layout *layout);

#endif
