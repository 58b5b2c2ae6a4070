// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A chart counts cases of a sweep by their size and by where their destination
// lies in a cache line: where in the sweep a rule is broken. Sizes share a row
// between two powers of two; each power of two has a row of its own, since that
// is where routines change their ways.

#ifndef STORESCOPE_HEATMAP_H
#define STORESCOPE_HEATMAP_H

#include "case/case.h"

// Rows: 0, 1, 2, 3, 4, 5..7, 8, 9..15, ..., 65536, 65537..131071, and the rest.
enum { CHART_POWER_MAX = 16, CHART_ROWS = 2 * CHART_POWER_MAX + 3, CHART_COLUMNS = 64 };

struct chart {
    uint32_t cases[CHART_ROWS][CHART_COLUMNS];
};

static inline unsigned chart_row(uint64_t size)
{
    if (size < 2)
        return (unsigned)size;
    unsigned power = 63 - (unsigned)__builtin_clzll(size);
    if (power > CHART_POWER_MAX)
        return CHART_ROWS - 1;
    return 2 * power + ((size & (size - 1)) != 0);
}

static inline void chart_add(struct chart *chart, const struct copy_case *c)
{
    chart->cases[chart_row(c->size)][c->dst_off % CHART_COLUMNS]++;
}

// The sizes of a row, both included.
void chart_row_sizes(unsigned row, uint64_t *lo, uint64_t *hi);

// Adds up, without going round.
void chart_merge(struct chart *into, const struct chart *from);

// NULL of NULL; owned by the caller.
struct chart *chart_copy(const struct chart *chart);

#endif
