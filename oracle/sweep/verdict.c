// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "sweep/verdict.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const verdict_name[VERDICT_COUNT] = {
    [VERDICT_CONFORMS] = "conforms",
    [VERDICT_VIOLATES] = "violates",
    [VERDICT_SKIPPED] = "skipped",
    [VERDICT_BROKEN] = "broken",
};

bool result_is_incomplete(const struct result *r)
{
    return (r->interrupted || r->part) && r->verdict == VERDICT_SKIPPED;
}

const char *result_verdict(const struct result *r)
{
    return result_is_incomplete(r) ? "incomplete" : verdict_name[r->verdict];
}

static enum verdict verdict_of(const struct result *r)
{
    if (r->proof.contradicted)
        return VERDICT_BROKEN;
    if (r->finding_count > 0)
        return VERDICT_VIOLATES;
    // Of a part one cannot say that no case stores.
    bool stores_nothing = r->stores_nothing && !r->part;
    if (r->broken_cases > 0 || ((stores_nothing || r->cut_short) && !r->interrupted))
        return VERDICT_BROKEN;
    if (r->part || r->interrupted || r->skipped_cases > 0 || r->cases == 0)
        return VERDICT_SKIPPED;
    return VERDICT_CONFORMS;
}

void result_decide(struct result *r)
{
    r->verdict = verdict_of(r);
    if (r->reason[0])
        return;
    if (r->interrupted)
        snprintf(r->reason, sizeof r->reason,
                 "incomplete: stopped after %" PRIu64 " of %" PRIu64 " cases", r->cases,
                 r->planned);
    else if (r->stores_nothing && r->verdict == VERDICT_BROKEN)
        snprintf(r->reason, sizeof r->reason,
                 "in no case did the routine store to the destination: there is no copy to judge");
    else if (r->part && r->verdict == VERDICT_SKIPPED)
        snprintf(r->reason, sizeof r->reason,
                 "incomplete: %" PRIu64 " cases broke no rule, the others are in other shards; "
                 "`storescope merge' puts them together",
                 r->cases);
    else if (r->verdict == VERDICT_SKIPPED)
        snprintf(r->reason, sizeof r->reason,
                 "no case of the sweep suits this routine; see its sizes and alignment in "
                 "`storescope list`");
}

bool result_is_sound_part(const struct result *r)
{
    return r->part && r->verdict == VERDICT_SKIPPED && !r->interrupted && r->skipped_cases == 0;
}

uint64_t result_not_asked(const struct result *r)
{
    uint64_t rules = 0;
    for (size_t i = 0; i < r->contract->rule_count; i++)
        if (contract_rule_applies(&r->contract->rules[i], r->device))
            rules |= UINT64_C(1) << r->contract->rules[i].rule;
    return rules & rules_not_asked(r->op);
}

void result_free(struct result *r)
{
    for (size_t i = 0; i < r->finding_count; i++) {
        recording_free(&r->findings[i].recording);
        free(r->findings[i].accesses);
        free(r->findings[i].chart);
        story_free(r->findings[i].story);
    }
    coverage_free(&r->coverage);
    patterns_free(&r->patterns);
    free(r->chart);
    memset(r, 0, sizeof *r);
}
