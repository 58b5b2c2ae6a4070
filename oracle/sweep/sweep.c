// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "sweep/sweep.h"

#include "backends/call.h"
#include "base/clock.h"
#include "base/memory.h"
#include "sweep/ask.h"
#include "sweep/boundaries.h"
#include "sweep/dispatch.h"
#include "sweep/witnesses.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool sweep_record(const struct backend *backend, const struct copy_case *c, bool values,
                  const struct sweep_options *options, struct recording *out, struct error *error)
{
    struct job job = {
        .backend = backend,
        .recorder = recorder_for(backend, options->recorder),
        .recorder_options = {.loads = true, .timeout_ms = options->timeout_ms},
    };
    const struct worker_command command = {.kind = COMMAND_RECORD, .values = values, .c = *c};
    struct worker w;
    struct message f;
    memset(out, 0, sizeof *out);
    if (backend->missing)
        return error_set(error, "%s", backend->missing);
    unsigned stall_ms = ask_stall_ms(options);
    char cpu[RECORDER_CPU_MAX];
    if (!job_prepare(&job, options, error))
        return false;
    job_cpu(&job, cpu, sizeof cpu);
    if (!worker_start(&w, &job, error))
        return false;
    (void)worker_ask(&w, &command); // when it fails the worker is dead
    uint64_t until_ms = clock_now_ms() + stall_ms;
    bool ok = ask_message(&w, MESSAGE_RECORDING, until_ms, &f, error);
    worker_end(&w, NULL, 0);
    if (ok && !ask_recording(&f, &job, c, out)) {
        error_set(error, "the worker's recording makes no sense: the routine may "
                         "have written over it");
        ok = false;
    }
    message_free(&f);
    memcpy(out->cpu, cpu, sizeof cpu);
    return ok;
}

// The recording of one case, from a worker that may record others. False when
// there is none.
static bool next_stores(struct worker *w, const struct job *job,
                        const struct worker_command *command, unsigned stall_ms,
                        struct recording *out)
{
    struct error error;
    struct message f;
    (void)worker_ask(w, command); // when it fails the worker is dead
    bool ok = ask_message(w, MESSAGE_RECORDING, clock_now_ms() + stall_ms, &f, &error) &&
              ask_recording(&f, job, &command->c, out);
    message_free(&f);
    return ok;
}

// By a worker of the job, which may be none yet, and is none afterwards.
static void read_patterns(const struct job *job, enum copy_op op,
                          const struct sweep_options *options, struct worker *w,
                          struct patterns *out)
{
    const struct backend *backend = job->backend;
    struct error error;
    uint64_t unit = backend->size_unit, size = (backend->size_min + unit - 1) / unit * unit;
    uint64_t last = options->patterns_to ? options->patterns_to : SWEEP_PATTERNS_SIZE;
    struct worker_command command = {
        .kind = COMMAND_STORES, .hi = last, .step = unit, .c = {.op = op, .fill = 1}};
    *out = (struct patterns){0};
    if (w->pid <= 0 && !worker_start(w, job, &error))
        return;
    for (; size <= last; size += unit) {
        struct recording r;
        if (backend->call && !call_takes(backend->call, size))
            continue;
        memset(&r, 0, sizeof r);
        command.c.size = size;
        if ((options->stop && *options->stop) || w->pid <= 0 ||
            !next_stores(w, job, &command, ask_stall_ms(options), &r))
            break;
        patterns_add(out, &r, size, unit);
        recording_free(&r);
        command.id++;
    }
    worker_end(w, NULL, 0);
}

void sweep_patterns(const struct backend *backend, enum copy_op op,
                    const struct sweep_options *options, struct patterns *out)
{
    struct job job = {
        .backend = backend,
        .recorder = recorder_for(backend, options->recorder),
        .recorder_options = {.loads = op == OP_FROM_FIFO, .timeout_ms = options->timeout_ms},
    };
    struct worker none = {.fd = -1};
    struct error error;
    *out = (struct patterns){0};
    if (job_prepare(&job, options, &error))
        read_patterns(&job, op, options, &none, out);
}

// The last contract of the judge is of these, and has no result of its own: what
// they find is told in the result of every contract that allows it.
static const struct contract facts = {
    .name = "facts",
    .rules = {{.rule = RULE_STATIC_STORE, .sides = DEVICE_BOTH, .always = true}},
    .rule_count = 1,
};

static void result_take_sum(struct result *r, const struct dispatch_sum *sum)
{
    const struct reason *reason = &sum->broken_reason;
    r->cases = sum->judged;
    r->stores_nothing = sum->stored[STORED_NOTHING] > 0 && sum->stored[STORED_SOMETHING] == 0;
    r->stores_something = sum->stored[STORED_SOMETHING] > 0;
    r->planned -= sum->left_out;
    r->skipped_cases = sum->skipped;
    r->broken_cases = sum->broken;
    r->interrupted = sum->interrupted;
    r->cut_short = sum->given_up[0] != '\0';
    r->seconds = sum->seconds;
    if (sum->not_opened[0]) {
        // Another worker may have run some of them before.
        r->skipped_cases = r->planned - r->cases - r->broken_cases;
        snprintf(r->reason, sizeof r->reason, "%s", sum->not_opened);
        return;
    }
    // Given up on a routine that no case could be recorded of: that is the reason.
    if (r->cut_short && sum->judged == 0 && sum->broken == 0 && sum->skip_reason.text[0]) {
        r->cut_short = false;
        reason = &sum->skip_reason;
    }
    if (!reason->text[0] && r->cut_short) {
        snprintf(r->reason, sizeof r->reason, "%.90s; %" PRIu64 " of %" PRIu64 " cases judged",
                 sum->given_up, r->cases, r->planned);
        return;
    }
    if (!reason->text[0] && !r->interrupted)
        reason = &sum->skip_reason;
    if (!reason->text[0])
        return;
    memcpy(r->reason, reason->text, sizeof r->reason);
    r->reason_case = reason->c;
    r->has_reason_case = true;
}

static void results_start(const struct backend *backend, const struct plan *plan,
                          const struct contract *contracts, size_t contract_count,
                          const struct sweep_options *options, struct result *results)
{
    for (size_t i = 0; i < contract_count; i++)
        results[i] = (struct result){
            .backend = backend,
            .contract = &contracts[i],
            .op = plan->op,
            .device = options->device,
            .recorder = recorder_for(backend, options->recorder)->name,
            .setup = &options->setup,
            .light = plan->sizes.count > 0,
            .planned = plan->cases,
            .part = plan->shard.of > 1,
        };
}

// Nothing was run, for a reason outside of the routine.
static void results_skip(struct result *results, size_t count, const char *why)
{
    for (size_t i = 0; i < count; i++) {
        results[i].skipped_cases = results[i].planned;
        snprintf(results[i].reason, sizeof results[i].reason, "%.*s", TRACE_REASON_MAX - 1, why);
        result_decide(&results[i]);
    }
}

// Of contracts under which nothing can be said, no rule but that the routine returns.
static bool judge_with_facts(struct judge *judge, const struct contract *contracts, size_t count,
                             enum copy_op op, enum device_side device)
{
    struct contract *all = malloc((count + 1) * sizeof *all);
    if (!all)
        return false;
    memcpy(all, contracts, count * sizeof *all);
    for (size_t i = 0; i < count; i++)
        if (contract_foreign(&contracts[i], op, device))
            all[i].rule_count = 0;
    all[count] = facts;
    bool ok = judge_init(judge, all, count + 1, device); // which keeps none of them
    free(all);
    return ok;
}

// Is there no contract under which anything can be said?
static bool are_foreign(const struct contract *contracts, size_t count, enum copy_op op,
                        enum device_side device)
{
    for (size_t i = 0; i < count; i++)
        if (!contract_foreign(&contracts[i], op, device))
            return false;
    return true;
}

// What came of a contract under which nothing can be said goes.
static void skip_foreign(struct result *results, size_t count, enum copy_op op,
                         const struct sweep_options *options)
{
    for (size_t i = 0; i < count; i++) {
        struct result *r = &results[i];
        const char *why = contract_foreign(r->contract, op, options->device);
        if (!why)
            continue;
        struct result kept = *r;
        *r = (struct result){.backend = r->backend,
                             .contract = r->contract,
                             .op = op,
                             .recorder = r->recorder,
                             .setup = r->setup,
                             .light = r->light,
                             .planned = r->planned,
                             .seconds = r->seconds};
        memcpy(r->cpu, kept.cpu, sizeof r->cpu);
        result_free(&kept);
        results_skip(r, 1, why);
    }
}

// Another plan than the worker inherited.
static bool give_plan(struct worker *w, const struct plan *plan)
{
    const struct worker_command command = {.kind = COMMAND_PLAN};
    return worker_ask(w, &command) && message_send(w->fd, MESSAGE_PLAN, plan, sizeof *plan);
}

// A lighter plan. A worker that it was found with is left in FIRST, where it can go on.
static void lighten(const struct job *job, const struct sweep_lightly *lightly,
                    const struct sweep_options *options, struct plan *plan, struct worker *first)
{
    struct plan_sizes sizes;
    struct error ignored; // the whole sweep will tell
    bool found = false, goes_on = job->recorder->elsewhere && job->recorder_options.loads;
    if (goes_on && !op_has_fifo(plan->op) && worker_start(first, job, &ignored))
        found = boundaries_survey(first, job, plan->op, lightly->tunable, options, &sizes);
    else if (!goes_on)
        found = boundaries_find(job->backend, plan->op, lightly->tunable, options, &sizes);
    lightly->plan(lightly->context, found ? &sizes : NULL, plan);
    if (!found || first->pid <= 0 || !give_plan(first, plan))
        worker_end(first, NULL, 0);
}

// Sweeps a plan that is as it is to be, and tells of it.
static bool sweep_plan(const struct job *job, const struct sweep_options *options,
                       struct worker *first, struct result *results, struct error *error)
{
    size_t count = job->judge->contract_count - 1; // the last one is of facts
    struct dispatch_sum sum;
    for (size_t i = 0; i < count; i++)
        job_cpu(job, results[i].cpu, sizeof results[i].cpu);
    bool ok = dispatch_run(job, options, first, &sum, error);
    if (ok)
        witnesses_explain(job, options, &sum, first, results);
    for (size_t i = 0; i < count && ok; i++) {
        struct result *r = &results[i];
        result_take_sum(r, &sum);
        if (i == 0 && options->patterns && sum.judged > 0 && first->pid > 0)
            read_patterns(job, r->op, options, first, &r->patterns);
        else if (i == 0 && options->patterns && sum.judged > 0)
            sweep_patterns(job->backend, r->op, options, &r->patterns);
        r->chart = chart_copy(sum.charts ? &sum.charts[job->judge->count] : NULL);
        coverage_add(&r->coverage, sum.coverage.insns, sum.coverage.count);
        result_decide(r);
    }
    worker_end(first, NULL, 0);
    dispatch_free(&sum);
    return ok;
}

bool sweep_run(const struct backend *backend, const struct plan *plan,
               const struct contract *contracts, size_t contract_count,
               const struct sweep_options *options, struct result *results, struct error *error)
{
    struct plan *mine = must(malloc(sizeof *mine));
    *mine = *plan;
    bool ok =
        sweep_run_lightly(backend, mine, NULL, contracts, contract_count, options, results, error);
    free(mine);
    return ok;
}

// Why it cannot be run here, or NULL.
static const char *backend_lacks(const struct backend *backend, const struct sweep_options *options)
{
    return backend->missing ? backend->missing
                            : recorder_lacks(recorder_for(backend, options->recorder), backend);
}

bool sweep_run_lightly(const struct backend *backend, struct plan *plan,
                       const struct sweep_lightly *lightly, const struct contract *contracts,
                       size_t contract_count, const struct sweep_options *options,
                       struct result *results, struct error *error)
{
    struct judge judge;
    struct error reason;
    struct worker first = {.fd = -1};
    const struct recorder_kind *recorder = recorder_for(backend, options->recorder);
    const char *missing = backend_lacks(backend, options);
    if (!judge_with_facts(&judge, contracts, contract_count, plan->op, options->device))
        return error_set(error, "out of memory for the contracts' rules");
    struct job job = {
        .backend = backend,
        .plan = plan,
        .judge = &judge,
        .recorder = recorder,
        .recorder_options = {.loads = judge.loads || plan->op == OP_FROM_FIFO,
                             .blocks = recorder->cover != NULL,
                             .timeout_ms = options->timeout_ms},
        .charts = options->charts,
    };
    bool foreign = are_foreign(contracts, contract_count, plan->op, options->device);
    bool ready = !missing && !foreign && job_prepare(&job, options, &reason);
    if (ready && lightly)
        lighten(&job, lightly, options, plan, &first);
    else if (lightly)
        lightly->plan(lightly->context, NULL, plan);
    results_start(backend, plan, contracts, contract_count, options, results);
    bool ok = true;
    if (missing)
        results_skip(results, contract_count, missing);
    else if (!ready && !foreign)
        results_skip(results, contract_count, reason.text);
    else if (ready)
        ok = sweep_plan(&job, options, &first, results, error);
    if (ok && !missing && (ready || foreign))
        skip_foreign(results, contract_count, plan->op, options);
    judge_free(&judge);
    return ok;
}
