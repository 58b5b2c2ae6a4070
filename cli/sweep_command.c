// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/sweep_command.h"
#include "cli/emulation.h"
#include "cli/history_files.h"
#include "cli/select_words.h"
#include "cli/sweep_aside.h"
#include "cli/sweep_proof.h"
#include "cli/sweep_routines.h"

#include "backends/selection.h"
#include "base/clock.h"
#include "base/memory.h"
#include "reports/hint.h"
#include "reports/progress.h"
#include "reports/text/rows.h"

#include "sweep/sweep.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Of more routines nobody has said one by one how they are called.
enum { HINTED_MAX = 16 };

// One report, and where it goes.
struct sink {
    struct output out;
    struct report report;
};

struct run {
    struct options *o;
    const struct run_observer *observer; // or NULL
    struct selection selection;
    struct sink *sinks; // that of --format and --output first
    size_t sink_count;
    struct host host;
    char date[DATE_TEXT_MAX]; // when it began
    struct sweep_routines routines;
    const struct run_source *source; // of results that are there already, or NULL
    struct run_facts facts;
    struct history history;
    struct progress progress;
    struct rows rows; // of the matrix, while it is made
    struct totals totals;
    bool light;             // at the boundaries of each routine's branches alone
    struct result *results; // one a contract, of the backend at hand
    bool excused;           // ... may be left unjudged: it cannot run, and was not named
    char note[256];         // of the report's reader: "", or which part of a sweep it is
    char unjudged[512];     // of the first result that was not judged: what and why
    bool failed;            // the system let us down; ERROR says how
    struct error error;
};

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
        snprintf(r->reason, sizeof r->reason, "%.*s", (int)sizeof r->reason - 1, reason);
    }
}

// What was asked for and not judged makes the status 2, whatever else conforms. A glob
// asks for what can be run here: the rest of it is in the report.
static void note_unjudged(struct run *run)
{
    for (size_t i = 0; i < run->o->contract_count; i++) {
        const struct result *r = &run->results[i];
        bool judged = r->verdict == VERDICT_CONFORMS || r->verdict == VERDICT_VIOLATES;
        if (judged || (run->source == NULL && result_is_sound_part(r)))
            continue;
        if (!run->excused)
            totals_add_unjudged(&run->totals, r);
        if (run->unjudged[0] == '\0' || (!run->excused && run->totals.unjudged == 1))
            snprintf(run->unjudged, sizeof run->unjudged, "%s under %s: %s", r->backend->name,
                     r->contract->name, r->reason);
    }
}

// Nothing may be left in the buffers when workers are forked.
static void flush_sinks(struct run *run)
{
    for (size_t i = 0; i < run->sink_count; i++)
        fflush(run->sinks[i].out.file);
}

static void report_results(struct run *run)
{
    progress_clear(&run->progress);
    rows_add(&run->rows, run->results);
    note_unjudged(run);
    totals_add(&run->totals, run->results, run->o->contract_count);
    if (run->observer != NULL)
        run->observer->results(run->observer->context, run->results, run->o->contract_count);
    for (size_t i = 0; i < run->sink_count; i++) {
        struct report *r = &run->sinks[i].report;
        r->format->add(r, run->results, run->o->contract_count);
    }
    for (size_t i = 0; i < run->o->contract_count; i++)
        result_free(&run->results[i]);
    flush_sinks(run);
}

// What the plan of a routine is made of.
struct planning {
    const struct run *run;
    const struct sweep_entry *entry;
    enum shard_share share;
    uint64_t digest; // of the plan before it was cut
};

// Of the sizes that matter, where the sweep is a light one, and the cases of the shard.
static void take_plan(void *context, const struct plan_sizes *sizes, struct plan *plan)
{
    struct planning *p = context;
    struct plan_request request = p->run->o->cases;
    struct error ignored; // the same plan with other sizes
    request.light = sizes;
    if (sizes && !plan_build(p->entry->backend, p->entry->op, &request, plan, &ignored))
        plan_build(p->entry->backend, p->entry->op, &p->run->o->cases, plan, &ignored);
    if (p->share != SHARE_CASES)
        return;
    p->digest = sweep_plan_digest(plan);
    plan_take_shard(plan, p->run->o->shard);
}

// False when the system lets us down.
static bool sweep_plan(struct run *run, struct planning *planning, struct plan *plan, bool light)
{
    const struct options *o = run->o;
    const struct backend *b = planning->entry->backend;
    const struct sweep_lightly lightly = {o->cases.tunable, take_plan, planning};
    if (!light)
        take_plan(planning, NULL, plan);
    return sweep_run_lightly(b, plan, light ? &lightly : NULL, o->contracts, o->contract_count,
                             &o->run, run->results, &run->error);
}

static bool sweep_again(struct run *run, struct planning *planning, struct plan *plan)
{
    const struct sweep_entry *entry = planning->entry;
    for (size_t i = 0; i < run->o->contract_count; i++)
        result_free(&run->results[i]);
    return plan_build(entry->backend, entry->op, &run->o->cases, plan, &run->error) &&
           sweep_plan(run, planning, plan, false);
}

// A light sweep first where it may be enough; the whole one where it is not.
static bool sweep_and_prove(struct run *run, struct planning *planning, struct plan *plan)
{
    const struct options *o = run->o;
    struct sweep_proof proof = {.proofs = NULL};
    bool light = run->light || sweep_may_be_light(o, planning->entry->backend, planning->entry->op);
    bool ok = sweep_plan(run, planning, plan, light) &&
              sweep_prove(o, run->results, &proof, &run->error) &&
              sweep_join_proof(o, &proof, run->results, &run->error);
    if (ok && light && !run->light && !*o->run.stop && !sweep_is_enough(o, run->results))
        ok = sweep_again(run, planning, plan) &&
             sweep_join_proof(o, &proof, run->results, &run->error);
    sweep_proof_free(&proof);
    return ok;
}

// The routine of an index in the head, or its cases of the shard.
static void sweep_one(struct run *run, size_t index, enum shard_share share)
{
    const struct sweep_entry *entry = &run->routines.entries[index];
    const struct sweep_routine *routine = &run->routines.head.routines[index];
    struct planning planning = {.run = run, .entry = entry, .share = share};
    struct plan *plan = must(malloc(sizeof *plan));
    const char *missing = sweep_lacks(run->o, entry->backend, entry->op, plan);
    run->excused = missing != NULL && !routine->named;
    if (missing != NULL)
        skip_backend(run, entry->backend, entry->op, missing);
    else
        run->failed = !sweep_and_prove(run, &planning, plan);
    free(plan);
    for (size_t i = 0; i < run->o->contract_count && !run->failed; i++)
        run->results[i].plan = planning.digest;
    if (!run->failed && missing == NULL && run->selection.count <= HINTED_MAX)
        hint_find(run->results, run->o->contract_count, &run->o->run);
}

static enum shard_share share_of(const struct run *run, size_t index)
{
    return sweep_head_share(&run->routines.head, index, run->o->shard);
}

static bool is_swept(const struct run *run, size_t index)
{
    return run->routines.head.routines[index].runs && share_of(run, index) != SHARE_NOTHING;
}

// In a process beside this one.
static void sweep_aside(void *context, size_t index, struct aside_row *row)
{
    struct run *run = context;
    run->results = row->results;
    sweep_one(run, index, share_of(run, index));
    row->excused = run->excused;
    row->failed = run->failed;
    row->error = run->error;
}

// What came of a routine that was swept beside this process. False: it was not.
static bool take_aside(struct run *run, struct aside *aside, size_t index)
{
    struct aside_row row;
    if (!aside || !is_swept(run, index) || !aside_take(aside, index, &row))
        return false;
    run->excused = row.excused;
    run->failed = row.failed;
    if (row.failed)
        run->error = row.error;
    memcpy(run->results, row.results, run->o->contract_count * sizeof *row.results);
    free(row.results);
    return true;
}

static void sweep_in_order(struct run *run, struct aside *aside)
{
    const size_t count = run->routines.head.routine_count;
    for (size_t i = 0; i < count && !run->failed; i++) {
        enum shard_share share = share_of(run, i);
        if (share == SHARE_NOTHING)
            continue;
        run->progress.backend += is_swept(run, i);
        if (*run->o->run.stop) {
            run->totals.interrupted = true;
            return;
        }
        if (!take_aside(run, aside, i)) {
            if (*run->o->run.stop) {
                run->totals.interrupted = true;
                return;
            }
            sweep_one(run, i, share);
        }
        if (!run->failed)
            report_results(run);
    }
    run->totals.interrupted |= run->failed;
}

static void sweep_all(struct run *run)
{
    const size_t count = run->routines.head.routine_count;
    size_t *numbers = must(calloc(count + 1, sizeof *numbers));
    for (size_t i = 0; i < count; i++)
        if (is_swept(run, i))
            numbers[run->progress.backends++] = i;
    const struct aside_job job = {.sweep = sweep_aside,
                                  .context = run,
                                  .options = run->o,
                                  .result_count = run->o->contract_count,
                                  .numbers = numbers,
                                  .number_count = run->progress.backends};
    uint64_t started_ms = clock_now_ms();
    struct aside *aside = aside_start(&job);
    sweep_in_order(run, aside);
    if (aside) // routines at once take less than the sum of their times
        run->totals.seconds = (double)(clock_now_ms() - started_ms) / 1e3;
    aside_end(aside);
    free(numbers);
}

// The results that another made before.
static void report_given(struct run *run)
{
    const struct run_source *source = run->source;
    while (!run->failed && source->next(source->context, run->results, &run->excused, &run->error))
        report_results(run);
    run->failed = run->error.text[0] != '\0';
    run->totals.interrupted |= run->failed;
}

// Ranges that suit no backend are a mistake in the command line; ranges that do
// not suit one of many only skip that one.
static bool any_plan(struct run *run)
{
    const struct sweep_routines *routines = &run->routines;
    struct plan *plan = must(malloc(sizeof *plan));
    bool tried = false, built = false;
    for (size_t i = 0; i < routines->head.routine_count && !built; i++) {
        const struct sweep_entry *entry = &routines->entries[i];
        if (entry->backend->missing != NULL)
            continue;
        tried = true;
        built = plan_build(entry->backend, entry->op, &run->o->cases, plan, &run->error);
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
    if (run->observer != NULL)
        return run->observer->status(run->observer->context, t);
    if (run->source != NULL && run->source->incomplete[0])
        return error_tell("the report is incomplete: %s; run what is lacking, and merge again",
                          run->source->incomplete);
    if (t->findings > 0)
        return EXIT_FINDINGS;
    if (t->interrupted)
        return EXIT_TROUBLE;
    if (t->unjudged == 0 && (t->verdicts[VERDICT_CONFORMS] > 0 || run->o->shard.of > 1))
        return EXIT_CLEAN;
    return error_tell("%s: %s; the report gives every reason",
                      t->cases > 0 ? "not all could be judged" : "nothing was judged",
                      run->unjudged);
}

static void report_all(struct run *run)
{
    for (size_t i = 0; i < run->sink_count; i++)
        run->sinks[i].report.format->begin(&run->sinks[i].report);
    flush_sinks(run);
    run->source != NULL ? report_given(run) : sweep_all(run);
    progress_clear(&run->progress);
    rows_clear(&run->rows);
    if (run->observer != NULL)
        run->observer->end(run->observer->context, &run->totals);
    for (size_t i = 0; i < run->sink_count; i++)
        run->sinks[i].report.format->end(&run->sinks[i].report);
}

// Two reports in one place would be neither.
static bool is_taken(const struct run *run, const struct output *out)
{
    for (size_t i = 0; i < run->sink_count; i++)
        if (output_same(&run->sinks[i].out, out))
            return true;
    return false;
}

static bool open_sink(struct run *run, const struct format *format, const char *path,
                      const char *option)
{
    struct sink *sink = &run->sinks[run->sink_count];
    if (!cli_open(&sink->out, format, path, &run->error))
        return false;
    sink->out.quiet = run->o->quiet;
    if (is_taken(run, &sink->out)) {
        error_set(&run->error, "--%s '%s' is where another report goes, too; name another file",
                  option, path);
        output_abandon(&sink->out);
        return false;
    }
    sink->report = (struct report){.format = format,
                                   .facts = &run->facts,
                                   .out = sink->out.file,
                                   .terminal = output_terminal(&sink->out, run->o->color)};
    run->sink_count++;
    return true;
}

static bool open_sinks(struct run *run)
{
    const struct options *o = run->o;
    run->sinks = calloc(o->more_count + 1, sizeof *run->sinks);
    assert(run->sinks != NULL);
    bool open = open_sink(run, o->format, o->output, "output");
    for (size_t i = 0; i < o->more_count && open; i++)
        open = open_sink(run, o->more[i].format, o->more[i].path, o->more[i].option);
    for (size_t i = 0; i < run->sink_count && !open; i++)
        output_abandon(&run->sinks[i].out);
    return open;
}

static size_t longest_name(const struct selection *s)
{
    size_t longest = 0;
    for (size_t i = 0; i < s->count; i++)
        if (s->items[i]->missing == NULL && strlen(s->items[i]->name) > longest)
            longest = strlen(s->items[i]->name);
    return longest;
}

// Who makes a matrix of many routines sees each line when it is there; in a log, where the
// matrix goes elsewhere.
static bool wants_rows(const struct run *run)
{
    const struct options *o = run->o;
    return o->command == FORMAT_COMPARE && !o->quiet && run->observer == NULL &&
           run->selection.count > 1 && (isatty(STDERR_FILENO) || o->output != NULL);
}

static void show_progress(struct run *run, struct options *o)
{
    progress_init(&run->progress, stderr, o->quiet);
    o->run.progress = run->progress.out != NULL ? progress_show : NULL;
    o->run.context = &run->progress;
    if (wants_rows(run))
        rows_init(&run->rows, stderr, o->contracts, o->contract_count,
                  longest_name(&run->selection));
    o->run.stop = cli_stop_on_signal();
}

static int close_sink(struct sink *sink, int status)
{
    if (sink->report.trouble[0] == '\0')
        return output_end(&sink->out, status);
    output_abandon(&sink->out);
    return error_tell("%s", sink->report.trouble);
}

static int sweep_and_report(struct run *run)
{
    run->results = calloc(run->o->contract_count, sizeof *run->results);
    assert(run->results != NULL);
    report_all(run);
    if (run->failed)
        error_tell("%s", run->error.text);
    int status = status_of(run);
    for (size_t i = 0; i < run->sink_count; i++)
        status = close_sink(&run->sinks[i], status);
    free(run->results);
    return status;
}

// What the reports want to know beyond the verdicts.
static void want_facts(struct options *o)
{
    o->run.charts |= o->format->charts;
    o->run.patterns |= o->patterns || o->format->patterns;
    for (size_t i = 0; i < o->more_count; i++) {
        o->run.charts |= o->more[i].format->charts;
        o->run.patterns |= o->more[i].format->patterns;
    }
}

static void note_shard(struct run *run)
{
    const struct shard *shard = &run->o->shard;
    if (shard->of > 1)
        snprintf(
            run->note, sizeof run->note,
            "shard %u of %u: the other shards have the rest; `storescope merge REPORT...' puts "
            "the JSON reports of all together",
            shard->number, shard->of);
}

static bool prepare(struct run *run, struct options *o)
{
    const char *missing = o->run.recorder->missing ? o->run.recorder->missing() : NULL;
    if (missing != NULL)
        return error_set(&run->error, "recorder %s cannot run here: %s", o->run.recorder->name,
                         missing);
    if (!options_call_words(o, o->word_count, &run->error) ||
        !select_words(o, o->word_count, &run->selection, &run->error))
        return false;
    if (!emulation_fits(&run->selection, &o->run, &run->error))
        return false;
    if (o->shard.of > 1 && o->history_count > 0)
        return error_set(&run->error, "--shard has a part of the sweep only, which says nothing "
                                      "new of a routine; give --history to `storescope merge'");
    host_describe(&run->host);
    clock_date(time(NULL), run->date);
    note_shard(run);
    if (!history_files_read(o, run->date, &run->history, &run->error))
        return false;
    run->facts = (struct run_facts){.command = o->command,
                                    .command_line = o->command_line,
                                    .date = run->date,
                                    .host = &run->host,
                                    .backends = run->selection.items,
                                    .backend_count = run->selection.count,
                                    .contracts = o->contracts,
                                    .contract_count = o->contract_count,
                                    .run = &o->run,
                                    .totals = &run->totals,
                                    .unreached = o->unreached,
                                    .patterns = o->patterns,
                                    .sweep = o->command == FORMAT_EMIT ? NULL : &run->routines.head,
                                    .history = o->history_count ? &run->history : NULL,
                                    .note = run->note[0] ? run->note : NULL,
                                    .baseline = run->observer ? run->observer->baseline : NULL};
    run->light = o->light && plan_request_is_default(&o->cases);
    want_facts(o);
    show_progress(run, o);
    sweep_routines_take(o, &run->selection, &run->routines);
    return any_plan(run);
}

static int finish(struct run *run, bool ready)
{
    int status = ready ? sweep_and_report(run) : error_tell("%s", run->error.text);
    free(run->sinks);
    sweep_routines_free(&run->routines);
    select_free(&run->selection);
    history_free(&run->history);
    return status;
}

int run_command(struct options *o, const struct run_observer *observer)
{
    struct run run = {.o = o, .observer = observer};
    return finish(&run, prepare(&run, o) && open_sinks(&run));
}

int run_given(struct options *o, const struct run_source *source)
{
    struct run run = {.o = o, .source = source, .host = *source->host};
    run.facts = (struct run_facts){.command = o->command,
                                   .command_line = o->command_line,
                                   .date = source->date,
                                   .host = &run.host,
                                   .contracts = o->contracts,
                                   .contract_count = o->contract_count,
                                   .run = &o->run,
                                   .totals = &run.totals,
                                   .unreached = o->unreached,
                                   .sweep = source->sweep,
                                   .history = o->history_count ? &run.history : NULL,
                                   .note = source->note};
    return finish(&run, history_files_read(o, source->date, &run.history, &run.error) &&
                            open_sinks(&run));
}

int run_into(struct options *o, const struct run_observer *observer, const struct format *format,
             FILE *out)
{
    struct run run = {.o = o, .observer = observer, .sink_count = 1};
    run.sinks = calloc(1, sizeof *run.sinks);
    assert(run.sinks != NULL);
    run.sinks[0].out = (struct output){.file = out};
    run.sinks[0].report = (struct report){.format = format, .facts = &run.facts, .out = out};
    bool ready = prepare(&run, o);
    if (!ready)
        fclose(out);
    return finish(&run, ready);
}
