// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Numbers bit by bit, as far as forms can say: of registers of BITS bits.

#ifndef STORESCOPE_PROVE_BITS_H
#define STORESCOPE_PROVE_BITS_H

#include "prove/machine.h"

static inline wide all_ones(unsigned bits)
{
    return ((wide)1 << bits) - 1;
}

// As the bits of a mask that is to be used as one number: 0 to 2^bits - 1.
static inline wide unsigned_constant(const struct form *f, unsigned bits)
{
    return f->c & all_ones(bits);
}

// The results are from 0 to 2^bits - 1, or right modulo that.
const struct form *and_of(struct execution *x, const struct form *a, const struct form *b,
                          unsigned bits);
const struct form *or_of(struct execution *x, const struct form *a, const struct form *b,
                         unsigned bits);
const struct form *xor_of(struct execution *x, const struct form *a, const struct form *b,
                          unsigned bits);
// The bits FROM to TO - 1 of A, in their places.
const struct form *bit_run(struct execution *x, const struct form *a, unsigned from, unsigned to,
                           unsigned bits);

#endif
