// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/proving.h"

#include "backends/arch.h"
#include "base/memory.h"

#include <elf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *const proof_verdict_name[PROOF_VERDICT_COUNT] = {
    [PROOF_PROVED] = "proved",
    [PROOF_VIOLATES] = "violates",
    [PROOF_OPEN] = "not proved",
    [PROOF_SKIPPED] = "skipped",
};

const struct proof_options proof_defaults = {
    .size_hi = PROOF_SIZE_MAX,
    .instructions_max = 4 * 1000 * 1000,
    .memory_max = (size_t)1 << 30,
    .solver_ms = 10000,
};

static double processor_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

const char *prove_lacks(const struct backend *b, enum copy_op op)
{
    if (b->arch ? !prove_cpu_of(b->arch->machine, b->arch->big_endian)
                : arch_native.machine != EM_X86_64)
        return "only routines of x86-64, and of AArch64 that are emulated, are followed";
    if (b->call)
        return "routines that are called otherwise than memcpy are not followed";
    if (!op_is_copy(op))
        return "only copies from memory to memory are followed";
    return NULL;
}

static void proofs_begin(struct proof *proofs, const struct backend *b, enum copy_op op,
                         const struct contract *contracts, size_t count,
                         const struct proof_options *o)
{
    for (size_t i = 0; i < count; i++)
        proofs[i] = (struct proof){.backend = b,
                                   .contract = &contracts[i],
                                   .op = op,
                                   .size_lo = o->size_lo,
                                   .size_hi = o->size_hi};
}

static void proofs_end(struct proof *proofs, size_t count, enum proof_verdict verdict,
                       const char *why)
{
    for (size_t i = 0; i < count; i++) {
        proofs[i].verdict = verdict;
        snprintf(proofs[i].why, sizeof proofs[i].why, "%.*s", (int)sizeof proofs[i].why - 1, why);
    }
}

// ---- following ----

static void follow_all(struct proving *p)
{
    struct exploration *e = &p->exploration;
    *e = (struct exploration){.pool = p->pool,
                              .program = &p->program,
                              .solver = p->solver,
                              .backend = p->backend,
                              .op = p->op,
                              .size_lo = p->options->size_lo > p->backend->size_min
                                             ? p->options->size_lo
                                             : p->backend->size_min,
                              .size_hi = p->options->size_hi,
                              .instructions_max = p->options->instructions_max,
                              .path = proving_take_path,
                              .context = p,
                              .stop = p->options->run->stop};
    for (int a = 0; a < ARRANGED_COUNT && !e->given_up; a++) {
        bool empty = a == ARRANGED_EMPTY;
        bool overlaps = a == ARRANGED_DST_INTO || a == ARRANGED_SRC_INTO;
        if (!arrangement_is_promised((enum arrangement)a, p->op) || (empty && e->size_lo > 0) ||
            (!empty && e->size_hi == 0) || (overlaps && e->size_hi < 2))
            continue;
        explore(e, (enum arrangement)a, &p->settings[a], &p->inputs[a]);
    }
    if (e->given_up)
        proving_leave_open(p, "%s (%" PRIu64 " paths)", e->given_up, p->paths);
}

// ---- what breaks a rule is shown by the judge ----

static const struct finding *finding_of(const struct result *r, enum rule_id rule)
{
    for (size_t i = 0; i < r->finding_count; i++)
        if (r->findings[i].rule == rule)
            return &r->findings[i];
    return NULL;
}

static void confirm_broken(const struct proving *p, struct proof *proof, struct proof_rule *r)
{
    struct plan *plan = must(malloc(sizeof *plan));
    struct result *result = must(calloc(1, sizeof *result));
    struct sweep_options run = *p->options->run;
    struct error error = {""};
    run.progress = NULL;
    const struct finding *f = NULL;
    if (plan_of_case(p->backend, &r->c, plan, &error) &&
        sweep_run(p->backend, plan, proof->contract, 1, &run, result, &error))
        f = finding_of(result, r->rule);
    if (f) {
        r->status = RULE_BROKEN;
        snprintf(r->message, sizeof r->message, "%s", f->message);
    } else {
        r->status = RULE_OPEN;
        snprintf(r->why, sizeof r->why,
                 "a case was found that breaks it, which the judge "
                 "does not say");
    }
    result_free(result);
    free(result);
    free(plan);
}

static void tell_check(const struct proving *p, struct proof *proof, const struct check_state *s,
                       struct proof_rule *r)
{
    *r = (struct proof_rule){.rule = r->rule,
                             .paths = s->broken + s->open,
                             .size_lo = s->size_lo,
                             .size_hi = s->size_hi,
                             .has_case = s->has_case,
                             .c = s->c};
    memcpy(r->why, s->why, sizeof r->why);
    if (s->broken > 0 && s->has_case) {
        r->paths = s->broken;
        r->status = RULE_BROKEN;
        if (!p->options->brief)
            confirm_broken(p, proof, r);
    } else if (s->broken > 0) {
        r->status = RULE_OPEN;
        snprintf(r->why, sizeof r->why, "it can be broken, and no case was found that does");
    } else if (s->open > 0) {
        r->status = RULE_OPEN;
    }
}

static const char *first_open(const struct proof *proof)
{
    for (size_t i = 0; i < proof->rule_count; i++)
        if (proof->rules[i].status == RULE_OPEN)
            return proof->rules[i].why;
    return NULL;
}

static bool is_broken(const struct proof *proof)
{
    for (size_t i = 0; i < proof->rule_count; i++)
        if (proof->rules[i].status == RULE_BROKEN)
            return true;
    return false;
}

static void decide_verdict(const struct proving *p, struct proof *proof)
{
    const char *open = first_open(proof);
    proof->verdict = is_broken(proof)                                      ? PROOF_VIOLATES
                     : p->open[0] || open                                  ? PROOF_OPEN
                     : p->paths == 0                                       ? PROOF_OPEN
                     : p->confirmed < p->paths && !p->options->unconfirmed ? PROOF_OPEN
                                                                           : PROOF_PROVED;
    const char *why = p->open[0] ? p->open : open ? "" : p->paths == 0 ? "it has no path" : "";
    snprintf(proof->why, sizeof proof->why, "%s", why);
}

// The name of the variable there, where it is known.
static void name_constant(const struct proving *p, uint64_t at, struct proof_constant *out)
{
    const uint8_t *bytes = code_bytes(&p->program, at, 8, NULL);
    if (bytes)
        memcpy(&out->value, bytes, sizeof out->value);
    snprintf(out->name, sizeof out->name, "the variable at %+" PRId64 " from its entry",
             (int64_t)(at - p->program.entry));
}

static void tell_numbers(const struct proving *p, struct proof *proof, double seconds)
{
    proof->paths = p->paths;
    proof->ended = p->ended;
    proof->confirmed = p->confirmed;
    proof->also = p->also;
    proof->instructions = p->exploration.instructions;
    proof->asked = solver_asked(p->solver);
    proof->seconds = seconds;
    proof->constant_count = p->exploration.assumed_count;
    for (size_t i = 0; i < proof->constant_count; i++)
        name_constant(p, p->exploration.assumed[i], &proof->constants[i]);
}

// Every instruction that some path has, where all paths were followed to their ends.
static void tell_followed(const struct proving *p)
{
    struct coverage *out = p->options->followed;
    struct covered_insn *insns = must(calloc(p->program.step_count + 1, sizeof *insns));
    size_t count = 0;
    for (size_t i = 0; i < p->program.step_capacity; i++) {
        const struct step *s = p->program.steps[i];
        if (s)
            insns[count++] = (struct covered_insn){.offset = (int64_t)(s->at - p->program.entry),
                                                   .length = s->site.length,
                                                   .reached = true};
    }
    if (!p->open[0])
        coverage_add(out, insns, count);
    free(insns);
}

static void tell(struct proving *p, struct proof *proofs, size_t count, double seconds)
{
    for (size_t i = 0; i < count; i++) {
        struct proof *proof = &proofs[i];
        for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
            uint16_t check = p->judge->check_of[i][rule];
            if (check == CHECK_NONE)
                continue;
            struct proof_rule *r = &proof->rules[proof->rule_count++];
            r->rule = (enum rule_id)rule;
            tell_check(p, proof, &p->checks[check], r);
        }
        tell_numbers(p, proof, seconds);
        decide_verdict(p, proof);
    }
}

static void prove_loaded(struct proving *p, struct proof *proofs, size_t count)
{
    double began = processor_seconds();
    p->pool = pool_new(p->options->memory_max);
    p->solver = solver_new(p->pool, p->options->solver_ms, p->options->solver_effort);
    p->checks = must(calloc(p->judge->count, sizeof *p->checks));
    if (sampler_init(&p->sampler, p->pool, p->backend, p->op)) {
        if (p->options->case_max)
            p->sampler.size_max = p->options->case_max;
        follow_all(p);
        double seconds = processor_seconds() - began;
        if (!p->options->unconfirmed)
            proving_confirm(p);
        if (p->options->also) {
            if (!p->exploration.given_up)
                proving_compare_plan(p, p->options->also);
            proving_leave_open(p, "its paths are compared, and not judged");
        }
        if (p->options->followed)
            tell_followed(p);
        tell(p, proofs, count, seconds);
    } else {
        proofs_end(proofs, count, PROOF_OPEN, "out of memory for its cases");
    }
    sampler_free(&p->sampler);
    solver_free(p->solver);
    free(p->checks);
    free(p->taken);
    pool_free(p->pool);
}

bool prove_run(const struct backend *backend, enum copy_op op, const struct contract *contracts,
               size_t contract_count, const struct proof_options *options, struct proof *proofs,
               struct error *error)
{
    const char *why = backend->missing;
    struct judge judge;
    proofs_begin(proofs, backend, op, contracts, contract_count, options);
    if (!why)
        why = recorder_lacks(recorder_for(backend, options->run->recorder), backend);
    if (why || (why = prove_lacks(backend, op)) != NULL) {
        proofs_end(proofs, contract_count, backend->missing ? PROOF_SKIPPED : PROOF_OPEN, why);
        return true;
    }
    if (!judge_init(&judge, contracts, contract_count, options->run->device))
        return error_set(error, "out of memory for the contracts' rules");
    struct proving *p = must(calloc(1, sizeof *p));
    *p = (struct proving){.backend = backend, .op = op, .options = options, .judge = &judge};
    p->worker.fd = -1;
    struct error reason = {""};
    if (proving_load(p, &reason))
        prove_loaded(p, proofs, contract_count);
    else
        proofs_end(proofs, contract_count, PROOF_SKIPPED, reason.text);
    proving_unload(p);
    judge_free(&judge);
    free(p);
    return true;
}
