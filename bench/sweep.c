// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "bench.h"

#include "sweep/sweep.h"

#include <math.h>
#include <stdio.h>

static double fail(const struct backend *backend, const char *error)
{
    fprintf(stderr, "bench: %s: %s\n", backend->name, error);
    return NAN;
}

double sweep_seconds(const struct backend *backend, const struct sweep *sweep, uint64_t *cases)
{
    struct error error;
    struct plan_request request = {0};
    struct plan plan;
    if (sweep->size &&
        !(range_parse(sweep->size, &request.size) && range_parse(sweep->dst, &request.dst) &&
          range_parse(sweep->src, &request.src)))
        return fail(backend, "a range of the bench is not one");
    if (!plan_build(backend, backend->op, &request, &plan, &error))
        return fail(backend, error.text);
    const struct sweep_options options = {
        .recorder = recorder_find("rewrite"),
        .device = DEVICE_DST,
        .jobs = sweep->jobs,
        .timeout_ms = 1000,
    };
    struct result result = {0};
    const uint64_t start = clock_now_ns();
    if (!sweep_run(backend, &plan, contract_find("shared"), 1, &options, &result, &error))
        return fail(backend, error.text);
    const double seconds = (double)(clock_now_ns() - start) / 1e9;
    const bool whole = result.cases == plan.cases;
    *cases = result.cases;
    if (!whole)
        fail(backend, result.reason[0] != '\0' ? result.reason : "some cases were not judged");
    result_free(&result);
    return whole ? seconds : NAN;
}
