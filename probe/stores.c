// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "probe/stores.h"

#include "sweep/sweep.h"

static bool is_to_destination(const struct recording *r, const struct access *a)
{
    int64_t offset;
    return a->kind == ACCESS_STORE &&
           trace_region(&r->trace, &r->layout, a, &offset) == REGION_DST && offset >= 0 &&
           (uint64_t)offset < r->layout.size;
}

bool stores_recorded(const struct backend *backend, const struct probe_request *q, uint64_t *stores,
                     struct error *error)
{
    struct recording r = {.layout = {.size = 0}};
    const struct copy_case c = {.op = backend->op,
                                .size = probe_copied(q),
                                .dst_off = (uint32_t)((q->offset + q->hole) % PAGE_BYTES),
                                .src_off = q->src_off,
                                .fill = 1};
    *stores = 0;
    if (!sweep_record(backend, &c, false, q->run, &r, error))
        return false;
    const bool whole = r.trace.outcome == OUTCOME_RETURNED;
    if (!whole)
        error_set(error, "%s",
                  r.trace.reason[0] != '\0' ? r.trace.reason
                                            : "it did not return when it was recorded");
    for (size_t i = 0; i < r.trace.count; i++)
        if (is_to_destination(&r, &r.trace.accesses[i]))
            *stores += r.trace.accesses[i].count;
    recording_free(&r);
    return whole;
}
