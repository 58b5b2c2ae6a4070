// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "findings/rejudge.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool rejudge(const struct backend *b, const struct copy_case *c, const struct contract *contracts,
             size_t count, const struct sweep_options *options, struct result *results,
             struct error *error)
{
    struct plan plan;
    struct error reason;
    struct sweep_options alone = *options;
    alone.jobs = 1;
    alone.progress = NULL;
    if (plan_of_case(b, c, &plan, &reason))
        return sweep_run(b, &plan, contracts, count, &alone, results, error);
    for (size_t i = 0; i < count; i++) {
        results[i] = (struct result){.backend = b,
                                     .contract = &contracts[i],
                                     .op = c->op,
                                     .recorder = recorder_for(b, options->recorder)->name,
                                     .verdict = VERDICT_SKIPPED,
                                     .planned = 1,
                                     .skipped_cases = 1};
        snprintf(results[i].reason, sizeof results[i].reason, "%.*s", TRACE_REASON_MAX - 1,
                 reason.text);
    }
    return true;
}

const struct finding *rejudge_finding(const struct result *r, enum rule_id rule)
{
    for (size_t i = 0; i < r->finding_count; i++)
        if (r->findings[i].rule == rule)
            return &r->findings[i];
    return NULL;
}

void rejudge_sites(const struct finding *f, char *pair)
{
    signature_pair(&f->recording.trace, f->accesses, f->access_count, pair);
}

bool rejudge_contracts(const char *list, struct contract **out, size_t *count, struct error *error)
{
    char *copy = strdup(list), *rest = NULL;
    assert(copy != NULL);
    bool ok = true;
    *out = NULL;
    *count = 0;
    for (char *name = strtok_r(copy, ",", &rest); ok && name; name = strtok_r(NULL, ",", &rest)) {
        *out = reallocarray(*out, *count + 1, sizeof **out);
        assert(*out != NULL);
        ok = contract_load(name, &(*out)[*count], error);
        *count += ok;
    }
    if (ok && *count == 0) {
        error_set(error, "names no contract");
        ok = false;
    }
    free(copy);
    if (!ok) {
        free(*out);
        *out = NULL;
        *count = 0;
    }
    return ok;
}
