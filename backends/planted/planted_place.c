// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Routines that go another way when the destination lies below the source, or above
// it, and go wrong there alone. The two never overlap.

#include "backends/planted/planted_copy.h"

ALWAYS_INLINE bool is_below(const void *to, const void *from)
{
    return (uintptr_t)to < (uintptr_t)from;
}

ALWAYS_INLINE void *copy_unless(void *to, const void *from, size_t n, bool wrong)
{
    return copy_last(to, from, n, wrong ? LAST_LEFT_OUT : LAST_RIGHT);
}

ROUTINE(cut_short_below)
{
    return copy_unless(to, from, n, is_below(to, from) && n >= 512 && n < 4000);
}

ROUTINE(cut_short_above)
{
    return copy_unless(to, from, n, !is_below(to, from) && n >= 512 && n < 4000);
}

ROUTINE(cut_short_below_at_size_333)
{
    return copy_unless(to, from, n, is_below(to, from) && n == 333);
}

ROUTINE(cut_short_below_at_dst_37)
{
    return copy_unless(to, from, n, is_below(to, from) && n > 0 && (uintptr_t)to % 64 == 37);
}

ROUTINE(cut_short_below_at_page_start)
{
    uintptr_t offsets = ((uintptr_t)to | (uintptr_t)from) % 4096;
    return copy_unless(to, from, n, is_below(to, from) && n > 0 && offsets == 0);
}

ROUTINE(cut_short_below_mempcpy)
{
    return (uint8_t *)copy_unless(to, from, n, is_below(to, from) && n == 21) + n;
}

ROUTINE(twice_below)
{
    return copy_last(to, from, n, is_below(to, from) ? LAST_TWICE : LAST_RIGHT);
}

// Two ways, both right.
ROUTINE(below_ok)
{
    if (!is_below(to, from))
        return copy_last(to, from, n, LAST_RIGHT);
    copy_whole(to, from, n);
    return to;
}
