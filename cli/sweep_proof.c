// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/sweep_proof.h"

#include "base/clock.h"
#include "base/memory.h"
#include "findings/minimise.h"
#include "findings/rejudge.h"

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

bool sweep_prove(const struct options *o, const struct result *results, struct sweep_proof *out,
                 struct error *error)
{
    struct proof_options how = limits_of(o);
    *out = (struct sweep_proof){.proofs = NULL};
    if (!is_provable(o, &results[0]))
        return true;
    out->proofs = must(calloc(o->contract_count, sizeof *out->proofs));
    return prove_results(results, o->contract_count, &o->cases.size, &how, out->proofs,
                         &out->reached, error);
}

void sweep_proof_free(struct sweep_proof *p)
{
    coverage_free(&p->reached.insns);
    free(p->proofs);
}

bool sweep_join_proof(const struct options *o, const struct sweep_proof *p, struct result *results,
                      struct error *error)
{
    bool ok = true;
    for (size_t i = 0; i < o->contract_count && ok && p->proofs; i++) {
        if (says_all(o, &p->reached))
            result_join_reached(&results[i], &p->reached);
        result_join_proof(&results[i], &p->proofs[i]);
        results[i].proof.asked_for = o->has_prove;
        ok = take_all_unmet(o, &p->proofs[i], &results[i], error);
    }
    return ok;
}

// ---- a light sweep instead of the whole one ----

bool sweep_may_be_light(const struct options *o, const struct backend *b, enum copy_op op)
{
    return o->prove != PROVE_NOTHING && !o->full && !b->arch && o->shard.of <= 1 &&
           plan_request_is_default(&o->cases) && !prove_lacks(b, op);
}

static bool ran_all_there_is(const struct coverage *c)
{
    return c->count > 0 && coverage_reached(c) + coverage_unreachable(c) == coverage_known(c);
}

bool sweep_is_enough(const struct options *o, const struct result *results)
{
    for (size_t i = 0; i < o->contract_count; i++)
        if (results[i].verdict != VERDICT_CONFORMS ||
            proof_reach(&results[i].proof) != PROVED_EVERY_SIZE ||
            !ran_all_there_is(&results[i].coverage))
            return false;
    return true;
}
