// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "sweep/witnesses.h"

#include "base/clock.h"
#include "base/memory.h"
#include "sweep/ask.h"
#include "sweep/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// For all witnesses together, once the user wants to stop.
enum { WITNESSES_MS = 1000 };

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
    return desk->last_ms ? desk->last_ms : now + ask_stall_ms(desk->options);
}

static void witness_fetch(struct witness_desk *desk, size_t check, const struct copy_case *c,
                          struct witness *out)
{
    const struct worker_command command = {
        .kind = COMMAND_WITNESS,
        .check = check,
        .values = desk->options->stories || explain_wants_values(&desk->job->judge->checks[check]),
        .c = *c,
    };
    struct worker *w = &desk->worker;
    uint64_t until_ms = witness_deadline(desk);
    *out = (struct witness){0};
    if (w->pid <= 0 && !worker_start(w, desk->job, &out->error))
        return;
    (void)worker_ask(w, &command); // when it fails the worker is dead
    if (!ask_message(w, MESSAGE_WITNESS, until_ms, &out->note, &out->error) ||
        !ask_message(w, MESSAGE_RECORDING, until_ms, &out->recording, &out->error))
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

// What message_name_sites is to be given.
struct naming {
    const struct sweep_options *options;
    const struct recording *recording;
};

static void name_site(const void *context, size_t site, char name[SITE_NAME_MAX])
{
    const struct naming *n = context;
    n->options->name_site(n->recording, site, name);
}

static void take_message(struct finding *f, const struct witness_note *note,
                         const struct sweep_options *options)
{
    const struct naming naming = {options, &f->recording};
    memcpy(f->message, note->message, sizeof f->message);
    message_text_clean(f->message, sizeof f->message);
    if (options->name_site)
        message_name_sites(&f->recording.trace, name_site, &naming, f->message, sizeof f->message);
}

static void finding_explain(struct finding *f, const struct witness_desk *desk,
                            const struct witness *w)
{
    if (w->error.text[0]) {
        finding_without_witness(f, w->error.text);
        return;
    }
    const struct witness_note *note = (const struct witness_note *)(const void *)w->note.bytes;
    const uint32_t *indices = (const uint32_t *)(const void *)(note + 1);
    if (!ask_recording(&w->recording, desk->job, &f->witness, &f->recording) ||
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
    take_message(f, note, desk->options);
    size_t bytes = (size_t)note->accesses * sizeof *indices;
    f->accesses = malloc(bytes + 1); // malloc(0) may be NULL
    if (!f->accesses)
        abort();
    memcpy(f->accesses, indices, bytes);
    f->access_count = (size_t)note->accesses;
}

static void add_fact(struct result *r, const struct witness_desk *desk, const struct fact *fact,
                     const struct witness *w)
{
    struct finding f = {.rule = fact->rule, .witness = fact->witness};
    finding_explain(&f, desk, w);
    r->facts[r->fact_count] = *fact;
    memcpy(r->facts[r->fact_count++].message, f.message, sizeof f.message);
    recording_free(&f.recording);
    free(f.accesses);
}

static void tell_story(struct finding *f, const struct contract *contract,
                       const struct sweep_options *options)
{
    if (options->stories)
        f->story = story_of(options->observer, f->rule, contract, options->device, &f->witness,
                            &f->recording);
}

// Adds the finding of a check to each result whose contract makes it.
static void add_findings(const struct witness_desk *desk, size_t check,
                         const struct dispatch_sum *sum, const struct witness *w,
                         struct result *results)
{
    const struct judge *j = desk->job->judge;
    enum rule_id rule = j->checks[check].rule;
    const struct tally *tally = &sum->tallies[check];
    const struct fact fact = {.rule = rule, .cases = tally->cases, .witness = tally->witness};
    bool is_fact = j->check_of[j->contract_count - 1][rule] == check;
    for (size_t i = 0; i + 1 < j->contract_count; i++) {
        if (is_fact && j->check_of[i][rule] == CHECK_NONE)
            add_fact(&results[i], desk, &fact, w);
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
        finding_explain(f, desk, w);
        tell_story(f, results[i].contract, desk->options);
    }
}

void witnesses_explain(const struct job *dispatch_job, const struct sweep_options *options,
                       const struct dispatch_sum *sum, struct worker *worker,
                       struct result *results)
{
    struct job job = *dispatch_job;
    struct witness_desk desk = {.job = &job, .options = options, .worker = *worker};
    if (!job.recorder_options.loads)
        worker_end(&desk.worker, NULL, 0);
    job.recorder_options.loads = true; // a person wants to see them, too
    for (size_t i = 0; i < job.judge->count; i++) {
        struct witness w;
        if (sum->tallies[i].cases == 0)
            continue;
        witness_fetch(&desk, i, &sum->tallies[i].witness, &w);
        add_findings(&desk, i, sum, &w, results);
        witness_free(&w);
    }
    *worker = desk.worker;
}
