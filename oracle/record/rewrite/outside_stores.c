// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A case that meets new code is laid out and run again. Stores of the attempt
// before that lie outside of what is laid out again happened all the same.

#include "record/rewrite/rewrite.h"

#include <string.h>

static bool in_span(struct span s, struct span part)
{
    return part.lo >= s.lo && part.hi <= s.hi;
}

// A store that laying the case out again does not undo.
static bool is_stray(const struct recorder *r, const struct layout *l, const struct access *a)
{
    struct span at = access_span(a);
    return a->kind == ACCESS_STORE && at.lo < at.hi && !in_span(l->dst_lane, at) &&
           !in_span(l->src_lane, at) && !in_span(l->record, at) && !in_span(r->native.stack, at);
}

// Keeps those of TRACE alone.
static void filter_strays(const struct recorder *r, const struct layout *l, struct trace *trace)
{
    size_t kept = 0;
    for (size_t i = 0; i < trace->count; i++) {
        if (!is_stray(r, l, &trace->accesses[i]))
            continue;
        trace->accesses[kept] = trace->accesses[i];
        trace->accesses[kept++].value = TRACE_NO_VALUE;
    }
    trace->count = kept;
}

static bool begins_with(const struct trace *t, const struct trace *start)
{
    for (size_t i = 0; i < start->count; i++) {
        const struct access *a = &t->accesses[i], *b = &start->accesses[i];
        if (i >= t->count || a->addr != b->addr || a->width != b->width || a->site != b->site)
            return false;
    }
    return true;
}

static void append(struct trace *to, const struct trace *more)
{
    trace_reserve(to, to->count + more->count);
    memcpy(to->accesses + to->count, more->accesses, more->count * sizeof *more->accesses);
    to->count += more->count;
}

bool outside_stores_keep(struct recorder *r, const struct translation *t, const struct layout *l)
{
    const uint8_t *end = rewrite_log_end(r);
    uint8_t *edges = r->edges;
    trace_reset(&r->attempt);
    r->edges = NULL; // they count when the case is run again
    bool good = end && (!r->log_full || end <= r->log + r->log_usable) &&
                expand_log(r, t, r->log_begin, end, r->abort_where, &r->attempt);
    r->edges = edges;
    if (!good)
        return false;
    filter_strays(r, l, &r->attempt);
    if (begins_with(&r->attempt, &r->outside_stores))
        r->outside_stores.count = 0;
    if (r->attempt.count > 0)
        append(&r->outside_stores, &r->attempt);
    return true;
}

void outside_stores_add(struct recorder *r, const struct layout *l, struct trace *trace)
{
    if (r->outside_stores.count == 0)
        return;
    trace_reset(&r->attempt);
    append(&r->attempt, trace);
    filter_strays(r, l, &r->attempt);
    if (begins_with(&r->attempt, &r->outside_stores))
        return;
    size_t n = r->outside_stores.count;
    trace_reserve(trace, trace->count + n);
    memmove(trace->accesses + n, trace->accesses, trace->count * sizeof *trace->accesses);
    memcpy(trace->accesses, r->outside_stores.accesses, n * sizeof *trace->accesses);
    trace->count += n;
}
