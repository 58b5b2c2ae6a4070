// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "run.h"

#include "progress.h"
#include "select.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct run {
    const struct options *o;
    const struct run_text *text;
    struct selection selection;
    struct output out, json_out; // json_out: only with --json
    struct look look;
    struct json_results json, json_too; // of --format, of --json
    struct progress progress;
    struct totals totals;
    struct result *results; // one a contract, of the backend at hand
    char unjudged[512];     // of the first result that was not judged: what and why
    bool failed;            // the system let us down; ERROR says how
    char error[512];
};

// The ops to sweep a backend with: those asked for, or its own.
static unsigned ops_of(const struct options *o, const struct backend *b)
{
    return o->ops ? o->ops : 1u << b->op;
}

static void skip_backend(struct run *run, const struct backend *b, enum copy_op op,
                         const char *reason)
{
    for (size_t i = 0; i < run->o->contract_count; i++) {
        struct result *r = &run->results[i];
        *r = (struct result){.backend = b,
                             .contract = &run->o->contracts[i],
                             .op = op,
                             .recorder = recorder_for(b, run->o->run.recorder)->name,
                             .verdict = VERDICT_SKIPPED};
        snprintf(r->reason, sizeof r->reason, "%s", reason);
    }
}

static void note_unjudged(struct run *run)
{
    for (size_t i = 0; i < run->o->contract_count && !run->unjudged[0]; i++) {
        const struct result *r = &run->results[i];
        if (r->verdict == VERDICT_BROKEN || r->verdict == VERDICT_SKIPPED)
            snprintf(run->unjudged, sizeof run->unjudged, "%s under %s: %s", r->backend->name,
                     r->contract->name, r->reason);
    }
}

static void report_results(struct run *run)
{
    progress_clear(&run->progress);
    note_unjudged(run);
    totals_add(&run->totals, run->results, run->o->contract_count);
    if (run->o->format == FORMAT_JSON)
        json_results_add(&run->json, run->results, run->o->contract_count);
    else
        run->text->add(run->text->context, run->results, run->o->contract_count, &run->look,
                       run->out.file);
    if (run->o->json != NULL)
        json_results_add(&run->json_too, run->results, run->o->contract_count);
    for (size_t i = 0; i < run->o->contract_count; i++)
        result_free(&run->results[i]);
    // Nothing may be left in the buffers when workers are forked.
    fflush(run->out.file);
    if (run->o->json != NULL)
        fflush(run->json_out.file);
}

static void sweep(struct run *run, const struct backend *b, enum copy_op op)
{
    char reason[512];
    struct plan *plan = malloc(sizeof *plan);
    assert(plan != NULL);
    if (b->missing != NULL)
        skip_backend(run, b, op, b->missing);
    else if (!plan_build(b, op, &run->o->cases, plan, reason, sizeof reason))
        skip_backend(run, b, op, reason);
    else
        run->failed = !campaign_run(b, plan, run->o->contracts, run->o->contract_count,
                                    &run->o->run, run->results, run->error, sizeof run->error);
    free(plan);
    if (!run->failed)
        report_results(run);
}

static void sweep_all(struct run *run)
{
    const struct selection *s = &run->selection;
    run->progress.backends = s->count;
    for (size_t i = 0; i < s->count && !run->failed; i++) {
        run->progress.backend = i + 1;
        for (unsigned op = 0; op < OP_COUNT && !run->failed; op++) {
            if (*run->o->run.stop) {
                run->totals.interrupted = true;
                return;
            }
            if (ops_of(run->o, s->items[i]) >> op & 1)
                sweep(run, s->items[i], (enum copy_op)op);
        }
    }
    run->totals.interrupted |= run->failed;
}

// Ranges that suit no backend are a mistake in the command line; ranges that do
// not suit one of many only skip that one.
static bool any_plan(struct run *run)
{
    struct plan *plan = malloc(sizeof *plan);
    bool tried = false, built = false;
    assert(plan != NULL);
    for (size_t i = 0; i < run->selection.count && !built; i++) {
        const struct backend *b = run->selection.items[i];
        for (unsigned op = 0; op < OP_COUNT && !built; op++)
            if (b->missing == NULL && (ops_of(run->o, b) >> op & 1)) {
                tried = true;
                built = plan_build(b, (enum copy_op)op, &run->o->cases, plan, run->error,
                                   sizeof run->error);
            }
    }
    free(plan);
    return built || !tried;
}

// A line on stderr for every status 2 but that of a user's own interruption.
static int status_of(const struct run *run)
{
    const struct totals *t = &run->totals;
    if (run->failed)
        return EXIT_TROUBLE;
    if (t->findings > 0)
        return EXIT_FINDINGS;
    if (t->interrupted)
        return EXIT_TROUBLE;
    if (t->verdicts[VERDICT_BROKEN] > 0)
        return cli_trouble("not all could be judged: %s; the report gives every reason",
                           run->unjudged);
    if (t->verdicts[VERDICT_CONFORMS] > 0)
        return EXIT_CLEAN;
    return cli_trouble("nothing was judged: %s; the report gives every reason", run->unjudged);
}

static void report(struct run *run)
{
    bool json = run->o->format == FORMAT_JSON;
    if (json)
        json_results_begin(&run->json, run->out.file);
    fflush(run->out.file);
    if (run->o->json != NULL) {
        json_results_begin(&run->json_too, run->json_out.file);
        fflush(run->json_out.file);
    }
    sweep_all(run);
    progress_clear(&run->progress);
    if (run->o->json != NULL)
        json_results_end(&run->json_too, run->totals.interrupted);
    if (json)
        json_results_end(&run->json, run->totals.interrupted);
    else
        run->text->end(run->text->context, &run->look, run->out.file);
    if (!json)
        totals_print(&run->totals, &run->look, run->out.file);
}

static bool open_outputs(struct run *run)
{
    const struct options *o = run->o;
    if (!output_open(&run->out, o->output, run->error, sizeof run->error))
        return false;
    if (o->json == NULL)
        return true;
    bool open = output_open(&run->json_out, o->json, run->error, sizeof run->error);
    if (open && !output_same(&run->out, &run->json_out))
        return true;
    if (open) {
        snprintf(run->error, sizeof run->error,
                 "--json '%s' is where the report goes, too; name another file", o->json);
        output_abandon(&run->json_out);
    }
    output_abandon(&run->out);
    return false;
}

int run_command(struct options *o, const struct run_text *text)
{
    struct run run = {.o = o, .text = text};
    const struct recorder_kind *recorder = o->run.recorder;
    const char *missing = recorder && recorder->missing ? recorder->missing() : NULL;
    if (missing != NULL)
        return cli_trouble("recorder %s cannot run here: %s", recorder->name, missing);
    if (!select_backends(o->words, o->word_count, &run.selection, run.error, sizeof run.error))
        return cli_trouble("%s", run.error);
    if (!any_plan(&run) || !open_outputs(&run)) {
        select_free(&run.selection);
        return cli_trouble("%s", run.error);
    }
    run.look = look_of(run.out.file, o->color);
    run.results = calloc(o->contract_count, sizeof *run.results);
    assert(run.results != NULL);
    progress_init(&run.progress, stderr, o->quiet);
    o->run.progress = run.progress.out != NULL ? progress_show : NULL;
    o->run.context = &run.progress;
    o->run.stop = cli_stop_on_signal();
    report(&run);
    if (run.failed)
        cli_trouble("%s", run.error);
    int status = cli_close(&run.out, status_of(&run));
    if (o->json != NULL)
        status = cli_close(&run.json_out, status);
    free(run.results);
    select_free(&run.selection);
    return status;
}
