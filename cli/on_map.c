// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/on_map.h"

#include "base/memory.h"
#include "case/plan.h"
#include "trace/access.h"

#include <stdlib.h>
#include <string.h>

static size_t find_contract(const struct map_judged *j, const char *name)
{
    size_t i = 0;
    while (i < j->contract_count && strcmp(j->contracts[i].name, name) != 0)
        i++;
    return i;
}

static bool take_contract(struct map_judged *j, const char *name, struct error *error)
{
    if (find_contract(j, name) < j->contract_count)
        return true;
    if (j->contract_count == MAP_CONTRACTS_MAX)
        return error_set(error, "the call touches regions of more than %d contracts",
                         MAP_CONTRACTS_MAX);
    return contract_load(name, &j->contracts[j->contract_count++], error);
}

static bool has_region(const struct map_judged *j, const struct flat_range *range)
{
    for (size_t i = 0; i < j->region_count; i++)
        if (j->regions[i].range == range)
            return true;
    return false;
}

// The regions that name a contract, of all bytes that were sent.
static bool take_regions(struct map_judged *j, const struct delivery *d, struct error *error)
{
    for (size_t i = 0; i < d->piece_count; i++)
        for (uint64_t k = 0; k < d->pieces[i].size; k++) {
            const struct flat_range *range = flat_view_at(&d->view, d->pieces[i].addr + k);
            if (range == NULL || !range->contract[0] || has_region(j, range))
                continue;
            if (!take_contract(j, range->contract, error))
                return false;
            j->regions = must(reallocarray(j->regions, j->region_count + 1, sizeof *j->regions));
            j->regions[j->region_count++] = (struct region_judged){.range = range};
        }
    return true;
}

// Is one of the accesses to blame in the range? Where none is, all of the call is.
static bool happens_in(const struct finding *f, const struct flat_range *range, uint64_t at,
                       bool source)
{
    const struct layout *l = &f->recording.layout;
    const uint64_t move = at - (uintptr_t)(source ? l->src : l->dst);
    for (size_t i = 0; i < f->access_count; i++) {
        const struct span s = access_reach(&f->recording.trace.accesses[f->accesses[i]]);
        if (s.hi > s.lo && s.lo + move <= range->hi && s.hi - 1 + move >= range->lo)
            return true;
    }
    return f->access_count == 0;
}

static void share_out(struct map_judged *j, const struct delivery *d, bool source)
{
    for (size_t i = 0; i < j->region_count; i++) {
        struct region_judged *r = &j->regions[i];
        r->result = &j->results[find_contract(j, r->range->contract)];
        for (size_t k = 0; k < r->result->finding_count; k++)
            if (happens_in(&r->result->findings[k], r->range, d->at, source))
                r->findings |= UINT64_C(1) << k;
    }
}

bool on_map_judge(const struct options *o, const struct backend *b, const struct copy_case *c,
                  const struct delivery *delivery, struct map_judged *out, struct error *error)
{
    struct plan plan;
    struct sweep_options run = o->run;
    run.jobs = 1;
    *out = (struct map_judged){.contract_count = 0};
    if (!take_regions(out, delivery, error) || !plan_of_case(b, c, &plan, error))
        return false;
    if (out->contract_count > 0 &&
        !sweep_run(b, &plan, out->contracts, out->contract_count, &run, out->results, error))
        return false;
    share_out(out, delivery, o->run.device == DEVICE_SRC);
    return true;
}

void on_map_free(struct map_judged *j)
{
    for (size_t i = 0; i < j->contract_count; i++)
        result_free(&j->results[i]);
    free(j->regions);
    *j = (struct map_judged){.contract_count = 0};
}

int on_map_status(const struct map_judged *j)
{
    int status = EXIT_CLEAN;
    for (size_t i = 0; i < j->region_count; i++) {
        const struct region_judged *r = &j->regions[i];
        if (r->result->verdict == VERDICT_VIOLATES)
            status = EXIT_FINDINGS;
        else if (r->result->verdict != VERDICT_CONFORMS)
            return EXIT_TROUBLE;
    }
    return status;
}
