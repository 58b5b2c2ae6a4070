// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/sweep_proof.h"

#include "base/clock.h"
#include "base/memory.h"
#include "findings/minimise.h"
#include "findings/rejudge.h"
#include "prove/prove_results.h"

#include <stdlib.h>
#include <string.h>

enum { MINIMISE_TRIES = 200 };

static struct proof_options limits_of(const struct options *o)
{
    struct proof_options how = proof_quick;
    if (o->prove == PROVE_FOR) {
        how = proof_defaults;
        how.brief = true;
        how.solver_ms = proof_quick.solver_ms;
        how.until_ms = clock_now_ms() + o->prove_ms;
    }
    how.run = &o->run;
    return how;
}

// Is there no case of the sweep that it does not speak of?
static bool says_all(const struct options *o, const struct reached *reached)
{
    return reached->known && (reached->size_hi == PROOF_SIZE_MAX || o->cases.size.step != 0);
}

static bool is_provable(const struct options *o, const struct result *r)
{
    return o->prove != PROVE_NOTHING && !r->part && !r->interrupted && !o->cases.has_tunables &&
           !r->backend->arch && !*o->run.stop;
}

// ---- what the sweep did not meet ----

static bool judge_alone(const struct options *o, const struct result *of, const struct copy_case *c,
                        struct result *out, struct error *error)
{
    struct sweep_options run = o->run;
    run.progress = NULL;
    run.patterns = run.charts = false;
    return rejudge(of->backend, c, of->contract, 1, &run, out, error);
}

// The smallest case that breaks the rule at the same places.
static void make_small(const struct options *o, const struct result *of, const struct finding *f,
                       struct copy_case *c)
{
    char message[RULE_MESSAGE_MAX];
    struct saved saved = {.device = of->device, .has_rule = true, .rule = f->rule, .c = *c};
    struct error why;
    rejudge_sites(f, saved.sites);
    if (case_minimise(of->backend, of->contract, &saved, MINIMISE_TRIES, &o->run, message,
                      sizeof message, &why) &&
        plan_request_admits(&o->cases, &saved.c))
        *c = saved.c;
}

// What the judge does not say of the case is not told, nor what nobody asked about.
static bool take_unmet(const struct options *o, const struct proof_rule *rule, struct result *r,
                       struct error *error)
{
    struct copy_case c = rule->c;
    struct result alone;
    if (!plan_request_admits(&o->cases, &c))
        return true;
    if (!judge_alone(o, r, &c, &alone, error))
        return false;
    const struct finding *f = rejudge_finding(&alone, rule->rule);
    bool ok = true;
    if (f) {
        make_small(o, r, f, &c);
        result_free(&alone);
        ok = judge_alone(o, r, &c, &alone, error);
    }
    if (ok)
        result_take_finding(r, rule->rule, &alone);
    result_free(&alone);
    return ok;
}

static bool take_all_unmet(const struct options *o, const struct proof *p, struct result *r,
                           struct error *error)
{
    bool conforms = r->verdict == VERDICT_CONFORMS, ok = true;
    for (size_t i = 0; i < p->rule_count && ok && conforms; i++)
        if (p->rules[i].status == RULE_BROKEN)
            ok = take_unmet(o, &p->rules[i], r, error);
    return ok;
}

bool sweep_prove(const struct options *o, struct result *results, struct error *error)
{
    size_t count = o->contract_count;
    struct proof_options how = limits_of(o);
    struct reached reached;
    if (!is_provable(o, &results[0]))
        return true;
    struct proof *proofs = must(calloc(count, sizeof *proofs));
    bool ok = prove_results(results, count, &o->cases.size, &how, proofs, &reached, error);
    for (size_t i = 0; i < count && ok; i++) {
        if (says_all(o, &reached))
            result_join_reached(&results[i], &reached);
        result_join_proof(&results[i], &proofs[i]);
        results[i].proof.asked_for = o->has_prove;
        ok = take_all_unmet(o, &proofs[i], &results[i], error);
    }
    coverage_free(&reached.insns);
    free(proofs);
    return ok;
}
