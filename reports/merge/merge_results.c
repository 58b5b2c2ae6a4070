// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/merge/merge_results.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void swap_findings(struct finding *a, struct finding *b)
{
    struct finding kept = *a;
    *a = *b;
    *b = kept;
}

// Moves the finding, of which the part is to keep what is to be freed.
static void take_finding(struct result *to, struct finding *f)
{
    size_t at = 0;
    while (at < to->finding_count && to->findings[at].rule < f->rule)
        at++;
    if (at == to->finding_count || to->findings[at].rule != f->rule) {
        memmove(&to->findings[at + 1], &to->findings[at],
                (to->finding_count - at) * sizeof *to->findings);
        to->findings[at] = *f;
        *f = (struct finding){.rule = to->findings[at].rule};
        to->finding_count++;
        return;
    }
    uint64_t cases = to->findings[at].cases + f->cases;
    if (case_compare(&f->witness, &to->findings[at].witness) < 0)
        swap_findings(&to->findings[at], f);
    to->findings[at].cases = cases;
}

static void take_fact(struct result *to, const struct fact *f)
{
    size_t at = 0;
    while (at < to->fact_count && to->facts[at].rule != f->rule)
        at++;
    if (at == to->fact_count) {
        if (at < FACTS_MAX)
            to->facts[to->fact_count++] = *f;
        return;
    }
    uint64_t cases = to->facts[at].cases + f->cases;
    if (case_compare(&f->witness, &to->facts[at].witness) < 0)
        to->facts[at] = *f;
    to->facts[at].cases = cases;
}

// Of what could not be judged, broken before skipped, the smallest case is told.
static bool is_told_first(const struct result *a, const struct result *b)
{
    bool broken = a->broken_cases > 0, other = b->broken_cases > 0;
    if (broken != other)
        return broken;
    return a->has_reason_case &&
           (!b->has_reason_case || case_compare(&a->reason_case, &b->reason_case) < 0);
}

static bool tells(const struct result *r)
{
    return r->reason[0] && !result_is_sound_part(r);
}

static void take_reason(struct result *to, const struct result *part)
{
    if (!tells(part) || (to->reason[0] && !is_told_first(part, to)))
        return;
    memcpy(to->reason, part->reason, sizeof to->reason);
    to->reason_case = part->reason_case;
    to->has_reason_case = part->has_reason_case;
}

static void take_counts(struct result *to, const struct result *part)
{
    to->cases += part->cases;
    to->planned += part->planned;
    to->skipped_cases += part->skipped_cases;
    to->broken_cases += part->broken_cases;
    to->seconds += part->seconds;
    to->interrupted |= part->interrupted;
    to->cut_short |= part->cut_short;
    to->stores_something |= part->stores_something;
    to->stores_nothing |= part->stores_nothing;
}

static void take_part(struct result *to, struct result *part)
{
    take_reason(to, part); // before the counts, by which it is chosen
    take_counts(to, part);
    for (size_t i = 0; i < part->finding_count; i++)
        take_finding(to, &part->findings[i]);
    for (size_t i = 0; i < part->fact_count; i++)
        take_fact(to, &part->facts[i]);
    coverage_add(&to->coverage, part->coverage.insns, part->coverage.count);
    if (!to->hint[0])
        memcpy(to->hint, part->hint, sizeof to->hint);
    result_free(part);
}

void merge_results(struct result_parts *parts, struct result *out)
{
    *out = parts->items[0];
    parts->items[0] = (struct result){.finding_count = 0};
    if (!out->part && parts->absent == 0 && parts->count == 1)
        return; // it is whole
    if (!tells(out)) {
        out->reason[0] = '\0';
        out->has_reason_case = false;
    }
    for (size_t i = 1; i < parts->count; i++)
        take_part(out, &parts->items[i * parts->stride]);
    out->stores_nothing &= !out->stores_something;
    out->part = parts->absent > 0;
    if (out->part) {
        out->planned = out->light ? out->planned : parts->cases; // of a light one nobody knows
        if (!out->reason[0])
            snprintf(out->reason, sizeof out->reason, "incomplete: %.140s", parts->why);
    }
    result_decide(out);
}
