// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/sweep_command.h"
#include "cli/emulation.h"
#include "cli/select_words.h"

#include "backends/selection.h"
#include "reports/hint.h"
#include "reports/progress.h"
#include "reports/text/rows.h"

#include "sweep/boundaries.h"

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
    const struct options *o;
    const struct run_observer *observer; // or NULL
    struct selection selection;
    struct sink *sinks; // that of --format and --output first
    size_t sink_count;
    struct host host;
    struct run_facts facts;
    struct progress progress;
    struct rows rows; // of the matrix, while it is made
    struct totals totals;
    bool light;             // at the boundaries of each routine's branches alone
    struct result *results; // one a contract, of the backend at hand
    bool excused;           // ... may be left unjudged: it cannot run, and was not named
    char unjudged[512];     // of the first result that was not judged: what and why
    bool failed;            // the system let us down; ERROR says how
    struct error error;
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
        snprintf(r->reason, sizeof r->reason, "%.*s", (int)sizeof r->reason - 1, reason);
    }
}

// Is there a word of the command line that is this very backend's name?
static bool is_named(const struct options *o, const struct backend *b)
{
    for (size_t i = 0; i < o->word_count; i++)
        if (strcmp(o->words[i], b->name) == 0)
            return true;
    return false;
}

// What was asked for and not judged makes the status 2, whatever else conforms. A glob
// asks for what can be run here: the rest of it is in the report.
static void note_unjudged(struct run *run)
{
    for (size_t i = 0; i < run->o->contract_count; i++) {
        const struct result *r = &run->results[i];
        if (r->verdict != VERDICT_BROKEN && r->verdict != VERDICT_SKIPPED)
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

static void sweep(struct run *run, const struct backend *b, enum copy_op op)
{
    struct error reason;
    struct plan *plan = malloc(sizeof *plan);
    assert(plan != NULL);
    struct plan_request request = run->o->cases;
    struct plan_sizes sizes;
    const char *missing = b->missing;
    if (missing == NULL)
        missing = recorder_lacks(recorder_for(b, run->o->run.recorder), b);
    if (missing == NULL && run->light && boundaries_find(b, op, &request, &run->o->run, &sizes))
        request.light = &sizes;
    if (missing == NULL && !plan_build(b, op, &request, plan, &reason))
        missing = reason.text;
    run->excused = missing != NULL && !is_named(run->o, b);
    if (missing != NULL)
        skip_backend(run, b, op, missing);
    else
        run->failed = !sweep_run(b, plan, run->o->contracts, run->o->contract_count, &run->o->run,
                                 run->results, &run->error);
    free(plan);
    if (!run->failed && missing == NULL && run->selection.count <= HINTED_MAX)
        hint_find(run->results, run->o->contract_count, &run->o->run);
    if (!run->failed)
        report_results(run);
}

static void sweep_all(struct run *run)
{
    const struct selection *s = &run->selection;
    for (size_t i = 0; i < s->count; i++)
        run->progress.backends += s->items[i]->missing == NULL;
    for (size_t i = 0; i < s->count && !run->failed; i++) {
        run->progress.backend += s->items[i]->missing == NULL;
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
                built = plan_build(b, (enum copy_op)op, &run->o->cases, plan, &run->error);
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
    if (run->observer != NULL)
        return run->observer->status(run->observer->context, t);
    if (t->findings > 0)
        return EXIT_FINDINGS;
    if (t->interrupted)
        return EXIT_TROUBLE;
    if (t->verdicts[VERDICT_CONFORMS] > 0 && t->unjudged == 0)
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
    sweep_all(run);
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
    host_describe(&run->host);
    run->facts = (struct run_facts){.command = o->command,
                                    .command_line = o->command_line,
                                    .host = &run->host,
                                    .backends = run->selection.items,
                                    .backend_count = run->selection.count,
                                    .contracts = o->contracts,
                                    .contract_count = o->contract_count,
                                    .run = &o->run,
                                    .totals = &run->totals,
                                    .unreached = o->unreached,
                                    .patterns = o->patterns,
                                    .baseline = run->observer ? run->observer->baseline : NULL};
    run->light = o->light && plan_request_is_default(&o->cases);
    want_facts(o);
    show_progress(run, o);
    return any_plan(run);
}

static int finish(struct run *run, bool ready)
{
    int status = ready ? sweep_and_report(run) : error_tell("%s", run->error.text);
    free(run->sinks);
    select_free(&run->selection);
    return status;
}

int run_command(struct options *o, const struct run_observer *observer)
{
    struct run run = {.o = o, .observer = observer};
    return finish(&run, prepare(&run, o) && open_sinks(&run));
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
