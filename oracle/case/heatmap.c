// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "case/heatmap.h"

#include "base/memory.h"

#include <stdlib.h>

void chart_row_sizes(unsigned row, uint64_t *lo, uint64_t *hi)
{
    *lo = *hi = row;
    if (row < 2)
        return;
    uint64_t power = UINT64_C(1) << row / 2;
    bool exact = row % 2 == 0;
    *lo = power + !exact;
    *hi = exact ? power : 2 * power - 1;
    if (row == CHART_ROWS - 1)
        *lo = UINT64_C(2) << CHART_POWER_MAX, *hi = CASE_SIZE_MAX;
}

void chart_merge(struct chart *into, const struct chart *from)
{
    for (unsigned row = 0; row < CHART_ROWS; row++)
        for (unsigned column = 0; column < CHART_COLUMNS; column++)
            if (__builtin_add_overflow(into->cases[row][column], from->cases[row][column],
                                       &into->cases[row][column]))
                into->cases[row][column] = UINT32_MAX;
}

struct chart *chart_copy(const struct chart *chart)
{
    if (!chart)
        return NULL;
    struct chart *copy = must(malloc(sizeof *copy));
    *copy = *chart;
    return copy;
}
