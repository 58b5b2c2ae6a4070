// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "sweep/sweep.h"

#include "base/clock.h"
#include "sweep/dispatch.h"
#include "sweep/explain.h"
#include "sweep/worker.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    // For all witnesses together, once the user wants to stop.
    WITNESSES_MS = 1000,
    SLICE_MS = 100,
};

// Waits until the worker has something to say. False when it will not: HOW says
// what the routine did.
static bool wait_for_answer(struct worker *w, uint64_t until_ms, const char **how)
{
    for (;;) {
        struct pollfd answer = {.fd = w->fd, .events = POLLIN};
        if (poll(&answer, 1, SLICE_MS) > 0)
            return true;
        struct pollfd again = {.fd = w->fd, .events = POLLIN};
        if (worker_is_dead(w))
            return poll(&again, 1, 0) > 0;
        uint64_t now = clock_now_ms();
        const char *hangs = worker_hangs(w, now, 0);
        if (hangs || now >= until_ms) {
            *how = hangs ? hangs : "stopped the recorder's clock";
            return false;
        }
    }
}

// One message from a worker that was asked for a recording. False and one line in
// ERROR when it gives none; the worker is ended then.
static bool next_message(struct worker *w, enum message_kind kind, uint64_t until_ms,
                         struct message *out, struct error *error)
{
    char how[80];
    *out = (struct message){0};
    const char *hung = "ended its process";
    if (!wait_for_answer(w, until_ms, &hung)) {
        worker_end(w, NULL, 0);
        return error_set(error, "the routine %s", hung);
    }
    uint64_t now = clock_now_ms();
    unsigned left_ms = until_ms > now ? (unsigned)(until_ms - now) : 1;
    bool whole = message_receive(w->fd, MESSAGE_BYTES_MAX, left_ms, out);
    if (whole && out->kind == kind)
        return true;
    worker_end(w, how, sizeof how);
    if (whole && out->kind == MESSAGE_FAILED)
        message_text(out, error->text, sizeof error->text);
    else
        error_set(error, "the worker %s while recording this case", how);
    message_free(out);
    return false;
}

// The recording that a message holds, if it can be one of the case.
static bool recording_of_case(const struct message *f, const struct copy_case *c,
                              struct recording *out)
{
    if (!recording_read(f->bytes, (size_t)f->length, out))
        return false;
    // A case that was not run was not laid out.
    if (out->layout.size == c->size || out->layout.dst == NULL)
        return true;
    recording_free(out);
    return false;
}

// What the recorder needs of the routine before workers are forked.
static bool job_prepare(struct job *job, const struct sweep_options *options, struct error *error)
{
    if (job->recorder->prepare)
        job->recorder_options.prepared =
            job->recorder->prepare(job->backend, &options->setup, error);
    return !job->recorder->prepare || job->recorder_options.prepared;
}

static void job_unprepare(struct job *job)
{
    if (job->recorder->unprepare)
        job->recorder->unprepare((void *)(uintptr_t)job->recorder_options.prepared);
}

static void copy_cpu(const struct job *job, char *cpu, size_t cpu_size)
{
    const void *prepared = job->recorder_options.prepared;
    snprintf(cpu, cpu_size, "%s",
             job->recorder->cpu && prepared ? job->recorder->cpu(prepared) : "");
}

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
    unsigned stall_ms = dispatch_stall_ms(options);
    char cpu[RECORDER_CPU_MAX];
    if (!job_prepare(&job, options, error))
        return false;
    copy_cpu(&job, cpu, sizeof cpu);
    if (!worker_start(&w, &job, error)) {
        job_unprepare(&job);
        return false;
    }
    (void)worker_ask(&w, &command); // when it fails the worker is dead
    uint64_t until_ms = clock_now_ms() + stall_ms;
    bool ok = next_message(&w, MESSAGE_RECORDING, until_ms, &f, error);
    worker_end(&w, NULL, 0);
    job_unprepare(&job);
    if (ok && !recording_of_case(&f, c, out)) {
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
static bool next_stores(struct worker *w, const struct copy_case *c, unsigned stall_ms,
                        struct recording *out)
{
    const struct worker_command command = {.kind = COMMAND_STORES, .c = *c};
    struct error error;
    struct message f;
    (void)worker_ask(w, &command); // when it fails the worker is dead
    bool ok = next_message(w, MESSAGE_RECORDING, clock_now_ms() + stall_ms, &f, &error) &&
              recording_of_case(&f, c, out);
    message_free(&f);
    return ok;
}

void sweep_patterns(const struct backend *backend, enum copy_op op,
                    const struct sweep_options *options, struct patterns *out)
{
    struct job job = {
        .backend = backend,
        .recorder = recorder_for(backend, options->recorder),
        .recorder_options = {.timeout_ms = options->timeout_ms},
    };
    struct worker w;
    struct error error;
    uint64_t unit = backend->size_unit, size = (backend->size_min + unit - 1) / unit * unit;
    uint64_t last = options->patterns_to ? options->patterns_to : SWEEP_PATTERNS_SIZE;
    *out = (struct patterns){0};
    if (!job_prepare(&job, options, &error))
        return;
    if (!worker_start(&w, &job, &error)) {
        job_unprepare(&job);
        return;
    }
    for (; size <= last; size += unit) {
        const struct copy_case c = {.op = op, .size = size, .fill = 1};
        struct recording r;
        memset(&r, 0, sizeof r);
        if ((options->stop && *options->stop) || w.pid <= 0 ||
            !next_stores(&w, &c, dispatch_stall_ms(options), &r))
            break;
        patterns_add(out, &r, size, unit);
        recording_free(&r);
    }
    worker_end(&w, NULL, 0);
    job_unprepare(&job);
}

// A finding's witness as a worker sent it. Decoded anew for each contract that
// has the finding.
struct witness {
    struct message note, recording;
    struct error error; // why there is none; "" when there is
};

// The worker that records all witnesses of one sweep, and how long it may take.
struct witness_desk {
    const struct job *job;
    const struct sweep_options *options;
    struct worker worker;
    uint64_t last_ms; // 0, or when the user's patience ends
};

static bool note_is_sound(const struct message *f)
{
    const struct witness_note *note = (const struct witness_note *)(const void *)f->bytes;
    return f->length >= sizeof *note && note->accesses <= f->length &&
           f->length == sizeof *note + note->accesses * sizeof(uint32_t) &&
           memchr(note->message, '\0', sizeof note->message) && note->params.record.bytes <= 64 &&
           message_bool_is_sound(&note->params.same_page) &&
           message_bool_is_sound(&note->params.all_stores) &&
           message_bool_is_sound(&note->params.by_device) &&
           message_bool_is_sound(&note->params.on_device) &&
           message_bool_is_sound(&note->params.glance) &&
           (unsigned)note->params.order < ORDER_WANTED_COUNT;
}

static uint64_t witness_deadline(struct witness_desk *desk)
{
    uint64_t now = clock_now_ms();
    if (!desk->last_ms && desk->options->stop && *desk->options->stop)
        desk->last_ms = now + WITNESSES_MS;
    return desk->last_ms ? desk->last_ms : now + dispatch_stall_ms(desk->options);
}

static void witness_fetch(struct witness_desk *desk, size_t check, const struct copy_case *c,
                          struct witness *out)
{
    const struct worker_command command = {
        .kind = COMMAND_WITNESS,
        .check = check,
        .values = explain_wants_values(&desk->job->judge->checks[check]),
        .c = *c,
    };
    struct worker *w = &desk->worker;
    uint64_t until_ms = witness_deadline(desk);
    *out = (struct witness){0};
    if (w->pid <= 0 && !worker_start(w, desk->job, &out->error))
        return;
    (void)worker_ask(w, &command); // when it fails the worker is dead
    if (!next_message(w, MESSAGE_WITNESS, until_ms, &out->note, &out->error) ||
        !next_message(w, MESSAGE_RECORDING, until_ms, &out->recording, &out->error))
        return;
    const struct witness_note *note = (const struct witness_note *)(const void *)out->note.bytes;
    if (!note_is_sound(&out->note))
        error_set(&out->error, "the worker's answer makes no sense");
    if (out->error.text[0] || note->ends)
        worker_end(w, NULL, 0); // the next witness is not to find it dying
}

static void witness_free(struct witness *w)
{
    message_free(&w->note);
    message_free(&w->recording);
}

static void finding_without_witness(struct finding *f, const char *why)
{
    snprintf(f->message, sizeof f->message, "%s (%.*s)", rule_broken_when[f->rule],
             TRACE_REASON_MAX - 1, why);
}

static bool indices_are_sound(const struct witness_note *note, const uint32_t *indices,
                              const struct recording *r)
{
    for (uint64_t i = 0; i < note->accesses; i++)
        if (indices[i] >= r->trace.count)
            return false;
    return true;
}

static void finding_explain(struct finding *f, const struct witness *w)
{
    if (w->error.text[0]) {
        finding_without_witness(f, w->error.text);
        return;
    }
    const struct witness_note *note = (const struct witness_note *)(const void *)w->note.bytes;
    const uint32_t *indices = (const uint32_t *)(const void *)(note + 1);
    if (!recording_of_case(&w->recording, &f->witness, &f->recording) ||
        !indices_are_sound(note, indices, &f->recording)) {
        recording_free(&f->recording);
        finding_without_witness(f, "its recording makes no sense");
        return;
    }
    if (!note->again) {
        finding_without_witness(f, "not seen again when the case was recorded once more");
        return;
    }
    f->params = note->params;
    memcpy(f->message, note->message, sizeof f->message);
    message_text_clean(f->message, sizeof f->message);
    size_t bytes = (size_t)note->accesses * sizeof *indices;
    f->accesses = malloc(bytes + 1); // malloc(0) may be NULL
    if (!f->accesses)
        abort();
    memcpy(f->accesses, indices, bytes);
    f->access_count = (size_t)note->accesses;
}

static struct chart *chart_copy(const struct chart *chart)
{
    struct chart *copy = chart ? malloc(sizeof *copy) : NULL;
    if (chart && !copy)
        abort();
    if (chart)
        *copy = *chart;
    return copy;
}

// The last contract of the judge is of these, and has no result of its own: what
// they find is told in the result of every contract that allows it.
static const struct contract facts = {
    .name = "facts",
    .rules = {{.rule = RULE_STATIC_STORE, .sides = DEVICE_BOTH, .always = true}},
    .rule_count = 1,
};

static void add_fact(struct result *r, const struct fact *fact, const struct witness *w)
{
    struct finding f = {.rule = fact->rule, .witness = fact->witness};
    finding_explain(&f, w);
    r->facts[r->fact_count] = *fact;
    memcpy(r->facts[r->fact_count++].message, f.message, sizeof f.message);
    recording_free(&f.recording);
    free(f.accesses);
}

// Adds the finding of a check to each result whose contract makes it.
static void add_findings(const struct judge *j, size_t check, const struct dispatch_sum *sum,
                         const struct witness *w, struct result *results)
{
    enum rule_id rule = j->checks[check].rule;
    const struct tally *tally = &sum->tallies[check];
    const struct fact fact = {.rule = rule, .cases = tally->cases, .witness = tally->witness};
    bool is_fact = j->check_of[j->contract_count - 1][rule] == check;
    for (size_t i = 0; i + 1 < j->contract_count; i++) {
        if (is_fact && j->check_of[i][rule] == CHECK_NONE)
            add_fact(&results[i], &fact, w);
        if (j->check_of[i][rule] != check)
            continue;
        struct finding *f = &results[i].findings[results[i].finding_count++];
        *f = (struct finding){
            .rule = rule,
            .params = j->checks[check].params[0],
            .cases = tally->cases,
            .witness = tally->witness,
            .chart = chart_copy(sum->charts ? &sum->charts[check] : NULL),
        };
        finding_explain(f, w);
    }
}

static void explain_findings(const struct job *dispatch_job, const struct sweep_options *options,
                             const struct dispatch_sum *sum, struct result *results)
{
    struct job job = *dispatch_job;
    struct witness_desk desk = {.job = &job, .options = options, .worker = {.fd = -1}};
    job.recorder_options.loads = true; // a person wants to see them, too
    for (size_t i = 0; i < job.judge->count; i++) {
        struct witness w;
        if (sum->tallies[i].cases == 0)
            continue;
        witness_fetch(&desk, i, &sum->tallies[i].witness, &w);
        add_findings(job.judge, i, sum, &w, results);
        witness_free(&w);
    }
    worker_end(&desk.worker, NULL, 0);
}

static void result_take_sum(struct result *r, const struct dispatch_sum *sum)
{
    const struct reason *reason = &sum->broken_reason;
    r->cases = sum->judged;
    r->stores_nothing = sum->stored[STORED_NOTHING] > 0 && sum->stored[STORED_SOMETHING] == 0;
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
            .recorder = recorder_for(backend, options->recorder)->name,
            .setup = &options->setup,
            .planned = plan->cases,
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

static bool judge_with_facts(struct judge *judge, const struct contract *contracts, size_t count,
                             enum device_side device)
{
    struct contract *all = malloc((count + 1) * sizeof *all);
    if (!all)
        return false;
    memcpy(all, contracts, count * sizeof *all);
    all[count] = facts;
    bool ok = judge_init(judge, all, count + 1, device); // which keeps none of them
    free(all);
    return ok;
}

bool sweep_run(const struct backend *backend, const struct plan *plan,
               const struct contract *contracts, size_t contract_count,
               const struct sweep_options *options, struct result *results, struct error *error)
{
    struct judge judge;
    struct dispatch_sum sum;
    const char *missing = backend->missing;
    results_start(backend, plan, contracts, contract_count, options, results);
    const struct recorder_kind *recorder = recorder_for(backend, options->recorder);
    if (!missing)
        missing = recorder_lacks(recorder, backend);
    if (missing) {
        results_skip(results, contract_count, missing);
        return true;
    }
    if (!judge_with_facts(&judge, contracts, contract_count, options->device))
        return error_set(error, "out of memory for the contracts' rules");
    struct job job = {
        .backend = backend,
        .plan = plan,
        .judge = &judge,
        .recorder = recorder,
        .recorder_options = {.loads = judge.loads,
                             .blocks = recorder->cover != NULL,
                             .timeout_ms = options->timeout_ms},
        .charts = options->charts,
    };
    struct error reason;
    if (!job_prepare(&job, options, &reason)) {
        results_skip(results, contract_count, reason.text);
        judge_free(&judge);
        return true;
    }
    for (size_t i = 0; i < contract_count; i++)
        copy_cpu(&job, results[i].cpu, sizeof results[i].cpu);
    bool ok = dispatch_run(&job, options, &sum, error);
    if (ok)
        explain_findings(&job, options, &sum, results);
    for (size_t i = 0; i < contract_count && ok; i++) {
        result_take_sum(&results[i], &sum);
        if (i == 0 && options->patterns && sum.judged > 0)
            sweep_patterns(backend, results[i].op, options, &results[i].patterns);
        results[i].chart = chart_copy(sum.charts ? &sum.charts[judge.count] : NULL);
        coverage_add(&results[i].coverage, sum.coverage.insns, sum.coverage.count);
        result_decide(&results[i]);
    }
    dispatch_free(&sum);
    judge_free(&judge);
    job_unprepare(&job);
    return ok;
}
