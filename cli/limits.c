// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/limits.h"

#include <stdio.h>
#include <sys/resource.h>

// Workers keep their socket above 200 (oracle/sweep/worker.c), away from the numbers that a
// routine takes for its own. The tool's own stack is used up to 100 KiB.
static const struct limit {
    int resource;
    rlim_t needed;
    unsigned unit;                       // of `ulimit'
    const char *option, *before, *after; // "a stack of", "KiB is too small"
} limits[] = {
    {RLIMIT_NOFILE, 256, 1, "-n", "", " file descriptors are too few"},
    {RLIMIT_STACK, 512 << 10, 1 << 10, "-s", "a stack of ", " KiB is too small"},
};

static bool suffices(const struct limit *l, struct error *error)
{
    struct rlimit r;
    if (getrlimit((__rlimit_resource_t)l->resource, &r) != 0 || r.rlim_cur >= l->needed)
        return true;
    rlim_t had = r.rlim_cur;
    r.rlim_cur = l->needed;
    if (r.rlim_max >= l->needed && setrlimit((__rlimit_resource_t)l->resource, &r) == 0)
        return true;
    return error_set(error, "%s%llu%s; raise the limit: `ulimit %s %llu'", l->before,
                     (unsigned long long)had / l->unit, l->after, l->option,
                     (unsigned long long)l->needed / l->unit);
}

bool limits_suffice(struct error *error)
{
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        if (!suffices(&limits[i], error))
            return false;
    return true;
}
