// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// How often memcpy is asked for which size, in published data.

#ifndef STORESCOPE_BENCH_SIZES_H
#define STORESCOPE_BENCH_SIZES_H

#include <stddef.h>
#include <stdint.h>

struct size_distribution {
    const char *name, *source;
    const uint16_t *weights;      // of sizes 0, 1, ...; they add up to WEIGHTS_SUM less the
    size_t count;                 // share of the tail
    size_t tail_first, tail_last; // sizes that share what is left, evenly by octave
};

enum { WEIGHTS_SUM = 100000 };

extern const struct size_distribution size_distributions[];
extern const size_t size_distribution_count;

// One size; STATE is a seed other than 0, and is moved on.
size_t size_draw(const struct size_distribution *d, uint64_t *state);

// The next of a sequence of pseudo-random numbers (xorshift64).
uint64_t random_next(uint64_t *state);

#endif
