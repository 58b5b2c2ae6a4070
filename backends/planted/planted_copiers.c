// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The bad copiers that periph's TestCopy is tested with, for `probe`, and a good one.

#include "backends/planted/planted_copy.h"

enum { STRAY = 0xe7 }; // what `probe` has nowhere

ROUTINE(copier_ok)
{
    copy_whole(to, from, n);
    return to;
}

// It gives up, and says so.
ROUTINE(copier_error)
{
    (void)to, (void)from, (void)n;
    return NULL;
}

ROUTINE(copier_nothing)
{
    (void)from, (void)n;
    return to;
}

ROUTINE(copier_part)
{
    copy_whole(to, from, n / 2);
    return to;
}

ROUTINE(copier_before)
{
    copy_whole(to, from, n);
    store((uint8_t *)to - 1, STRAY, 1);
    return to;
}

ROUTINE(copier_after)
{
    copy_whole(to, from, n);
    store((uint8_t *)to + n, STRAY, 1);
    return to;
}

ROUTINE(copier_shifted)
{
    if (n > 1) {
        copy_whole((uint8_t *)to + 1, from, n - 1);
    }
    return to;
}

ROUTINE(copier_wrong)
{
    if (n > 0) {
        store(to, load(from, 1) ^ 0xff, 1);
        copy_whole((uint8_t *)to + 1, (const uint8_t *)from + 1, n - 1);
    }
    return to;
}
