// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "sweep/chunk_result.h"

#include <string.h>

size_t chunk_result_size(const struct job *job)
{
    size_t checks = job->judge ? job->judge->count : 0;
    return sizeof(struct chunk_result) + checks * sizeof(struct tally) +
           (job->charts ? (checks + 1) * sizeof(struct chart) : 0);
}

struct chart *chunk_result_charts(const struct job *job, const struct chunk_result *result)
{
    size_t checks = job->judge ? job->judge->count : 0;
    return job->charts ? (struct chart *)(void *)(uintptr_t)&result->tallies[checks] : NULL;
}

void chunk_result_reset(struct chunk_result *r, uint64_t id, uint64_t lo)
{
    memset(r, 0, offsetof(struct chunk_result, skip_reason));
    r->id = id;
    r->lo = r->end = lo;
    r->skip_reason.text[0] = r->broken_reason.text[0] = '\0';
}
