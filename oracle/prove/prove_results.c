// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/prove_results.h"

#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Every size to here is swept at all alignments without ranges; see plan_default.c.
enum { DENSE_SIZES = 192 };

const struct proof_options proof_quick = {
    .size_hi = PROOF_SIZE_MAX,
    .instructions_max = 20 * 1000,
    .memory_max = (size_t)128 << 20,
    .solver_ms = 2000,
    .paths_max = 256,
    .questions_max = 400,
    .case_max = 64 * 1024,
    .solver_effort = 100 * 1000,
    .brief = true,
};

// ---- the proof of what was swept ----

static bool is_judged(const struct result *r)
{
    return r->verdict == VERDICT_CONFORMS || r->verdict == VERDICT_VIOLATES;
}

static bool any_conforms(const struct result *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (results[i].verdict == VERDICT_CONFORMS)
            return true;
    return false;
}

static bool is_settled(const struct proof *p, const struct range *asked)
{
    return p->verdict != PROOF_OPEN && (p->verdict != PROOF_VIOLATES || asked->step == 0);
}

static bool all_settled(const struct result *results, size_t count, const struct proof *proofs,
                        const struct range *asked)
{
    for (size_t i = 0; i < count; i++)
        if (results[i].verdict == VERDICT_CONFORMS && !is_settled(&proofs[i], asked))
            return false;
    return true;
}

// Those of contracts that were not judged are left out of what is asked.
static struct contract *contracts_of(const struct result *results, size_t count)
{
    struct contract *contracts = must(calloc(count, sizeof *contracts));
    for (size_t i = 0; i < count; i++) {
        contracts[i] = *results[i].contract;
        if (!is_judged(&results[i]))
            contracts[i].rule_count = 0;
    }
    return contracts;
}

static bool prove_sizes(const struct result *results, size_t count, struct proof_options *options,
                        struct proof *proofs, struct reached *reached, struct error *error)
{
    struct contract *contracts = contracts_of(results, count);
    struct coverage followed = {0};
    options->followed = &followed;
    bool ok =
        prove_run(results[0].backend, results[0].op, contracts, count, options, proofs, error);
    for (size_t i = 0; i < count; i++)
        proofs[i].contract = results[i].contract;
    free(contracts);
    if (reached->known || followed.count == 0)
        coverage_free(&followed);
    else
        *reached = (struct reached){true, followed, options->size_lo, options->size_hi};
    return ok;
}

bool prove_results(const struct result *results, size_t count, const struct range *asked,
                   const struct proof_options *options, struct proof *proofs,
                   struct reached *reached, struct error *error)
{
    struct proof_options o = *options;
    *reached = (struct reached){.known = false};
    for (size_t i = 0; i < count; i++)
        proofs[i] = (struct proof){.verdict = PROOF_SKIPPED};
    if (!any_conforms(results, count))
        return true;
    o.size_lo = 0;
    o.size_hi = proof_defaults.size_hi;
    if (!prove_sizes(results, count, &o, proofs, reached, error))
        return false;
    if (all_settled(results, count, proofs, asked))
        return true;
    struct proof *some = must(calloc(count, sizeof *some));
    o.size_lo = asked->step ? (uint64_t)asked->lo : 0;
    o.size_hi = asked->step ? (uint64_t)asked->hi : DENSE_SIZES;
    bool ok = prove_sizes(results, count, &o, some, reached, error);
    for (size_t i = 0; i < count && ok; i++)
        if (!is_settled(&proofs[i], asked))
            proofs[i] = some[i];
    free(some);
    return ok;
}

void result_join_reached(struct result *result, const struct reached *reached)
{
    struct coverage *c = &result->coverage;
    const struct coverage *may = &reached->insns;
    for (size_t i = 0, k = 0; i < c->count && reached->known; i++) {
        while (k < may->count && may->insns[k].offset < c->insns[i].offset)
            k++;
        bool led_to = k < may->count && may->insns[k].offset == c->insns[i].offset;
        c->insns[i].unreachable = !led_to && !c->insns[i].reached;
    }
    c->unreachable_lo = reached->size_lo;
    c->unreachable_hi = reached->size_hi;
}

// ---- what both say ----

// Were all paths followed to their ends, and found to be as recorded?
static bool is_whole(const struct proof *p)
{
    return (p->verdict == PROOF_PROVED || p->verdict == PROOF_VIOLATES ||
            p->verdict == PROOF_OPEN) &&
           p->paths > 0 && p->confirmed == p->paths && p->why[0] == '\0';
}

// Is the case one of those that the proof is about?
static bool is_about(const struct proof *p, const struct copy_case *c)
{
    static const uint64_t own[TUNABLE_COUNT];
    bool into = c->overlapping && c->overlap < (int64_t)c->size && -c->overlap < (int64_t)c->size;
    return c->op == p->op && c->size >= p->size_lo && c->size <= p->size_hi &&
           memcmp(c->tunable, own, sizeof own) == 0 && (!into || p->op == OP_MEMMOVE);
}

static const struct proof_rule *rule_of(const struct proof *p, enum rule_id rule)
{
    for (size_t i = 0; i < p->rule_count; i++)
        if (p->rules[i].rule == rule)
            return &p->rules[i];
    return NULL;
}

// The finding of a case of which it is proved that it cannot be, or NULL.
static const struct finding *contradicted(const struct result *r, const struct proof *p)
{
    for (size_t i = 0; i < r->finding_count && is_whole(p); i++) {
        const struct proof_rule *rule = rule_of(p, r->findings[i].rule);
        if (rule && rule->status == RULE_HOLDS && is_about(p, &r->findings[i].witness))
            return &r->findings[i];
    }
    return NULL;
}

static void tell_why(const struct proof *p, char *why, size_t size)
{
    if (p->why[0]) {
        snprintf(why, size, "%s", p->why);
        return;
    }
    for (size_t i = 0; i < p->rule_count; i++) {
        const struct proof_rule *rule = &p->rules[i];
        char text[CASE_TEXT_MAX];
        case_print(&rule->c, text);
        if (rule->status == RULE_OPEN)
            snprintf(why, size, "%s: %s", rule_name[rule->rule], rule->why);
        else if (rule->status == RULE_BROKEN)
            snprintf(why, size, "%s: broken by %.90s, which is none of the sweep's cases",
                     rule_name[rule->rule], text);
        else
            continue;
        return;
    }
    snprintf(why, size, "a case of one of its paths was not recorded");
}

static struct proof_note note_of(const struct proof *p)
{
    struct proof_note n = {.tried = true,
                           .size_lo = p->size_lo,
                           .size_hi = p->size_hi,
                           .overlaps = p->op == OP_MEMMOVE,
                           .paths = p->paths,
                           .constant_count = p->constant_count};
    memcpy(n.constants, p->constants, sizeof n.constants);
    return n;
}

void result_join_proof(struct result *r, const struct proof *p)
{
    if (p->verdict == PROOF_SKIPPED || !is_judged(r))
        return;
    const struct finding *f = contradicted(r, p);
    if (f) {
        char text[CASE_TEXT_MAX];
        case_print(&f->witness, text);
        r->proof = note_of(p);
        r->proof.contradicted = true;
        snprintf(r->proof.why, sizeof r->proof.why, "the sweep broke %s", rule_name[f->rule]);
        snprintf(r->reason, sizeof r->reason,
                 "%s: broken by %.60s, and proved to hold on all %" PRIu64 " paths: one of the two "
                 "is wrong",
                 rule_name[f->rule], text, p->paths);
        result_decide(r);
    } else if (r->verdict == VERDICT_CONFORMS) {
        r->proof = note_of(p);
        r->proof.proved = p->verdict == PROOF_PROVED && is_whole(p);
        if (!r->proof.proved)
            tell_why(p, r->proof.why, sizeof r->proof.why);
    }
}

// ---- what the sweep did not meet ----

bool result_take_finding(struct result *r, enum rule_id rule, struct result *other)
{
    size_t at = 0, from = 0;
    while (from < other->finding_count && other->findings[from].rule != rule)
        from++;
    if (from == other->finding_count || r->finding_count == RULE_COUNT)
        return false;
    while (at < r->finding_count && r->findings[at].rule < rule)
        at++;
    memmove(&r->findings[at + 1], &r->findings[at], (r->finding_count - at) * sizeof *r->findings);
    r->findings[at] = other->findings[from];
    r->finding_count++;
    r->cases++;
    r->planned++;
    other->finding_count--;
    memmove(&other->findings[from], &other->findings[from + 1],
            (other->finding_count - from) * sizeof *other->findings);
    r->proof = (struct proof_note){.tried = false};
    result_decide(r);
    return true;
}
