// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "backends/selection.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/emulation.h"
#include "cli/options/option_reader.h"
#include "findings/expectations.h"
#include "findings/rejudge.h"
#include "reports/access_text.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BACKEND = KEY_OWN, KEY_BASELINE };

struct replay_options {
    char *backend;
    const char *baseline;
};

static const struct argp_option own_options[] = {
    OPTION("backend", KEY_BACKEND, "NAME",
           "Replay on this routine, whatever the files name (a glob or PATH:SYMBOL, too)"),
    OPTION("baseline", KEY_BASELINE, "FILE|DIR",
           "Expectations: findings that they have are shown and do not count"),
    {0},
};

static error_t read_own_option(int key, char *text, struct argp_state *state)
{
    struct replay_options *own = ((struct reading *)state->input)->o->own;
    switch (key) {
    case KEY_BACKEND:
        own->backend = text;
        return 0;
    case KEY_BASELINE:
        own->baseline = text;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp own_argp = {.options = own_options, .parser = read_own_option};

const struct command_help help_replay = {
    .name = "storescope replay",
    .arguments = "FILE...",
    .about =
        "Runs saved cases and findings again, and says whether they still show what they showed."
        "\vFILE is what a campaign saved, a file of your own (a line such as `memmove size=15' is "
        "enough, with --backend and --contract), or a folder, of which every file is taken. What "
        "is no saved case is counted and named.\n\n"
        "Examples:\n"
        "  storescope replay storescope-campaign/findings\n"
        "  storescope replay corpus/case --backend 'musl/*' --contract shared\n"
        "  storescope replay finding.case --backend ./libmine.so:my_copy\n"
        "  storescope replay corpus/found --baseline corpus/expect --format json\n\n"
        "Exit status: 0 no finding shows, or only expected ones; 1 a finding shows; 2 bad usage, "
        "nothing to replay, or a case that could not be judged.",
    .command = FORMAT_REPLAY,
    .groups = OPTIONS_CALL | OPTIONS_CONTRACT | OPTIONS_RUN | OPTIONS_EMULATE | OPTIONS_OUTPUT,
    .own = &own_argp,
};

enum state { HELD, HELD_ELSEWHERE, GONE, FOUND, CLEAN, SKIPPED, BROKEN, STATE_COUNT };
static const char *const state_name[STATE_COUNT] = {
    [HELD] = "held",     [HELD_ELSEWHERE] = "held, at other sites",
    [GONE] = "gone",     [FOUND] = "findings",
    [CLEAN] = "clean",   [SKIPPED] = "skipped",
    [BROKEN] = "broken",
};

struct replay {
    const struct options *o;
    const struct replay_options *own;
    struct sweep_options run;
    struct backend_list all;
    struct expectations expected;
    struct terminal terminal;
    FILE *out;
    cJSON *items; // with --format json
    uint64_t states[STATE_COUNT], news;
    bool named;         // the file at hand is one of the command line, not of a folder
    uint64_t owed;      // cases that were run in vain, and files that were named, not judged
    char unjudged[512]; // the first of these, or else of what was skipped
    bool failed;
    struct error error;
};

// One file on one backend.
struct item {
    const char *file;
    const struct saved *saved;
    const struct backend *backend; // NULL: none is known
    enum device_side device;
    struct result *results; // one a contract
    size_t count;
    const char *reason; // SKIPPED, BROKEN
};

static struct expect_key key_of(const struct result *r, enum device_side device)
{
    struct expect_key key = {.device = device, .op = r->op};
    snprintf(key.contract, sizeof key.contract, "%s", r->contract->name);
    return key;
}

static bool is_expected(const struct replay *x, const struct item *i, const struct result *r,
                        const struct finding *f)
{
    char sites[SIGNATURE_PAIR_MAX];
    struct expect_key key = key_of(r, i->device);
    rejudge_sites(f, sites);
    return expect_covers(&x->expected, i->backend->name, &key, f->rule, sites);
}

static cJSON *finding_object(const struct replay *x, const struct item *i, const struct result *r,
                             const struct finding *f)
{
    char sites[SIGNATURE_PAIR_MAX];
    cJSON *o = cJSON_CreateObject();
    rejudge_sites(f, sites);
    cJSON_AddStringToObject(o, "contract", r->contract->name);
    cJSON_AddStringToObject(o, "rule", rule_name[f->rule]);
    cJSON_AddStringToObject(o, "sites", sites);
    cJSON_AddBoolToObject(o, "expected", is_expected(x, i, r, f));
    cJSON_AddStringToObject(o, "message", f->message);
    return o;
}

static void json_item(struct replay *x, const struct item *i, enum state state)
{
    char text[CASE_TEXT_MAX] = "";
    cJSON *o = cJSON_CreateObject();
    assert(o != NULL);
    if (i->saved != NULL)
        case_print(&i->saved->c, text);
    json_add_text_or_null(o, "file", i->file);
    json_add_text_or_null(o, "state", state_name[state]);
    json_add_text_or_null(o, "reason", i->reason);
    json_add_text_or_null(o, "backend", i->backend ? i->backend->name : NULL);
    json_add_text_or_null(o, "case", text);
    json_add_text_or_null(o, "rule",
                          i->saved && i->saved->has_rule ? rule_name[i->saved->rule] : NULL);
    json_add_text_or_null(o, "sites", i->saved ? i->saved->sites : NULL);
    cJSON *findings = cJSON_AddArrayToObject(o, "findings");
    for (size_t k = 0; k < i->count; k++)
        for (size_t f = 0; f < i->results[k].finding_count; f++)
            cJSON_AddItemToArray(findings,
                                 finding_object(x, i, &i->results[k], &i->results[k].findings[f]));
    cJSON_AddItemToArray(x->items, o);
}

// Of several contracts that make a rule alike, the first speaks for all.
static bool told_before(const struct item *i, size_t result, enum rule_id rule)
{
    for (size_t k = 0; k < result; k++)
        if (rejudge_finding(&i->results[k], rule) != NULL)
            return true;
    return false;
}

static void text_findings(const struct replay *x, const struct item *i)
{
    for (size_t k = 0; k < i->count; k++)
        for (size_t n = 0; n < i->results[k].finding_count; n++) {
            const struct finding *f = &i->results[k].findings[n];
            if ((i->saved->has_rule && i->saved->rule != f->rule) || told_before(i, k, f->rule))
                continue;
            fputs("  ", x->out);
            terminal_put(&x->terminal, x->out, HUE_BAD, rule_name[f->rule]);
            fprintf(x->out, " under %s%s\n", i->results[k].contract->name,
                    is_expected(x, i, &i->results[k], f) ? ", as expected" : "");
            terminal_wrap(&x->terminal, x->out, 4, f->message);
        }
}

static void text_item(struct replay *x, const struct item *i, enum state state)
{
    static const enum hue hues[STATE_COUNT] = {HUE_BAD,  HUE_BAD,   HUE_GOOD, HUE_BAD,
                                               HUE_GOOD, HUE_DOUBT, HUE_DOUBT};
    char text[CASE_TEXT_MAX];
    terminal_put(&x->terminal, x->out, hues[state], state_name[state]);
    fprintf(x->out, ": %s\n", i->file);
    if (i->saved != NULL && i->backend != NULL) {
        case_print(&i->saved->c, text);
        fprintf(x->out, "  %s: %s\n", i->backend->name, text);
    }
    if (i->saved != NULL && i->saved->has_rule && state == GONE)
        fprintf(x->out, "  %s does not show any more\n", rule_name[i->saved->rule]);
    if (i->reason != NULL)
        terminal_wrap(&x->terminal, x->out, 2, i->reason);
    text_findings(x, i);
}

// OWED: the file was to be judged, whatever becomes of the others.
static void report(struct replay *x, const struct item *i, enum state state, bool owed)
{
    x->states[state]++;
    x->owed += owed;
    if (i->reason != NULL && (x->unjudged[0] == '\0' || (owed && x->owed == 1)))
        snprintf(x->unjudged, sizeof x->unjudged, "%s: %s", i->file, i->reason);
    if (x->items != NULL)
        json_item(x, i, state);
    else
        text_item(x, i, state);
    fflush(x->out); // nothing may be left in it when a worker is forked
}

static void skip(struct replay *x, const char *file, const struct saved *saved, const char *reason)
{
    const struct item i = {.file = file, .saved = saved, .reason = reason};
    report(x, &i, SKIPPED, x->named);
}

// What the results say of what the file says.
static enum state state_of(struct item *i)
{
    const struct saved *s = i->saved;
    enum state state = s->has_rule ? GONE : CLEAN;
    for (size_t k = 0; k < i->count; k++) {
        const struct result *r = &i->results[k];
        const struct finding *f = s->has_rule ? rejudge_finding(r, s->rule) : &r->findings[0];
        char sites[SIGNATURE_PAIR_MAX];
        if (f != NULL && r->finding_count > 0) {
            rejudge_sites(f, sites);
            bool same = !s->sites[0] || strcmp(sites, s->sites) == 0;
            return !s->has_rule ? FOUND : same ? HELD : HELD_ELSEWHERE;
        }
        if (r->verdict == VERDICT_SKIPPED || r->verdict == VERDICT_BROKEN) {
            state = r->verdict == VERDICT_SKIPPED ? SKIPPED : BROKEN;
            i->reason = r->reason;
        }
    }
    return state;
}

static bool is_news(const struct replay *x, const struct item *i)
{
    for (size_t k = 0; k < i->count; k++)
        for (size_t n = 0; n < i->results[k].finding_count; n++) {
            const struct finding *f = &i->results[k].findings[n];
            if ((!i->saved->has_rule || i->saved->rule == f->rule) &&
                !is_expected(x, i, &i->results[k], f))
                return true;
        }
    return false;
}

static void replay_on(struct replay *x, const char *file, const struct saved *s,
                      const struct backend *b, const struct contract *contracts, size_t count)
{
    struct item i = {.file = file, .saved = s, .backend = b, .count = count};
    i.device = x->o->has_device ? x->o->run.device : s->device;
    x->run.device = i.device;
    if (b->missing != NULL) {
        i.count = 0;
        i.reason = b->missing;
        report(x, &i, SKIPPED, x->named);
        return;
    }
    struct error reason;
    const struct backend *items[] = {b};
    const struct selection alone = {.items = items, .count = 1};
    if (!emulation_fits(&alone, &x->run, &reason)) {
        i.count = 0;
        i.reason = reason.text;
        report(x, &i, SKIPPED, x->named);
        return;
    }
    i.results = calloc(count, sizeof *i.results);
    assert(i.results != NULL);
    x->failed = !rejudge(b, &s->c, contracts, count, &x->run, i.results, &x->error);
    if (!x->failed) {
        enum state state = state_of(&i);
        if (state != SKIPPED && state != BROKEN)
            i.reason = NULL;
        x->news += is_news(x, &i);
        report(x, &i, state, state == SKIPPED || state == BROKEN);
        for (size_t k = 0; k < count; k++)
            result_free(&i.results[k]);
    }
    free(i.results);
}

static void replay_saved(struct replay *x, const char *file, const struct saved *s)
{
    const char *backend = x->own->backend ? x->own->backend : s->backend;
    struct backend_list found = {.count = 0};
    struct contract *loaded = NULL;
    const struct contract *contracts = x->o->contracts;
    size_t count = x->o->contract_count;
    struct error reason = {""};
    if (backend[0] == '\0')
        error_set(&reason, "names no backend; give --backend NAME");
    else if (count == 0 && s->contracts[0] == '\0')
        error_set(&reason, "names no contract; give --contract NAME");
    else if (count == 0 && !rejudge_contracts(s->contracts, &loaded, &count, &reason))
        assert(reason.text[0] != '\0');
    else if (!backend_list_find(&x->all, backend, &found, &reason))
        assert(reason.text[0] != '\0');
    if (loaded != NULL)
        contracts = loaded;
    if (reason.text[0] != '\0')
        skip(x, file, s, reason.text);
    for (size_t i = 0; i < found.count && !x->failed && !*x->run.stop; i++)
        replay_on(x, file, s, &found.items[i], contracts, count);
    backend_list_free(&found);
    free(loaded);
}

static void replay_file(struct replay *x, const char *file)
{
    struct saved s;
    struct error error;
    if (saved_load(file, &s, &error))
        replay_saved(x, file, &s);
    else
        skip(x, file, NULL, error.text);
}

static void replay_all(struct replay *x)
{
    FTS *tree = file_tree(x->o->words);
    assert(tree != NULL);
    for (FTSENT *e; !x->failed && !*x->run.stop && (e = fts_read(tree)) != NULL;) {
        x->named = e->fts_level == 0;
        if (e->fts_info == FTS_F || (e->fts_info == FTS_DEFAULT && e->fts_level == 0))
            replay_file(x, e->fts_path);
        else if (e->fts_info != FTS_D && e->fts_info != FTS_DP)
            skip(x, e->fts_path, NULL,
                 e->fts_errno ? strerror(e->fts_errno) : "no file that can be read");
    }
    fts_close(tree);
}

static void end_report(struct replay *x)
{
    if (x->items != NULL) {
        cJSON *o = cJSON_CreateObject();
        cJSON_AddStringToObject(o, "storescope", STORESCOPE_VERSION);
        cJSON_AddItemToObject(o, "replayed", x->items);
        cJSON_AddNumberToObject(o, "news", (double)x->news);
        cJSON_AddBoolToObject(o, "interrupted", *x->run.stop != 0);
        char *text = cJSON_Print(o);
        assert(text != NULL);
        fprintf(x->out, "%s\n", text);
        free(text);
        cJSON_Delete(o);
        return;
    }
    const char *separator = "\n";
    for (size_t i = 0; i < STATE_COUNT; i++)
        if (x->states[i] > 0) {
            fprintf(x->out, "%s%" PRIu64 " %s", separator, x->states[i], state_name[i]);
            separator = "; ";
        }
    fprintf(x->out, "%s\n", *separator == ';' ? "" : "nothing replayed");
}

static int status_of(const struct replay *x)
{
    uint64_t judged = x->states[HELD] + x->states[HELD_ELSEWHERE] + x->states[GONE] +
                      x->states[FOUND] + x->states[CLEAN];
    if (x->failed)
        return error_tell("%s", x->error.text);
    if (x->news > 0)
        return EXIT_FINDINGS;
    if (*x->run.stop)
        return EXIT_TROUBLE;
    if (x->owed > 0 && judged > 0)
        return error_tell("not all could be judged: %s", x->unjudged);
    if (judged > 0)
        return EXIT_CLEAN;
    return error_tell("nothing was replayed: %s",
                      x->unjudged[0] ? x->unjudged : "no file there; name a saved case");
}

static int run(struct replay *x)
{
    const struct options *o = x->o;
    struct output out;
    if (!output_open(&out, o->output, &x->error))
        return error_tell("%s", x->error.text);
    x->out = out.file;
    x->terminal = output_terminal(&out, o->color);
    x->items = o->format == &format_json ? cJSON_CreateArray() : NULL;
    replay_all(x);
    end_report(x);
    return output_end(&out, status_of(x));
}

int command_replay(int argc, char **argv)
{
    struct replay_options own = {.backend = NULL};
    struct command_help mine = help_replay;
    struct options o;
    struct replay x = {.o = &o, .own = &own};
    int status;
    mine.into = &own;
    if (!options_read(&mine, argc, argv, &o, &status))
        return status;
    const char *missing = o.run.recorder->missing ? o.run.recorder->missing() : NULL;
    x.run = o.run;
    x.run.stop = cli_stop_on_signal();
    if (o.word_count == 0)
        status = error_tell("replay what? Name a FILE that a campaign saved, or a folder of them");
    else if (missing != NULL)
        status = error_tell("recorder %s cannot run here: %s", o.run.recorder->name, missing);
    else if (own.baseline && !expect_load(own.baseline, &x.expected, &x.error))
        status = error_tell("%s", x.error.text);
    else if (o.call && !own.backend)
        status = error_tell("--call is for the routine of --backend; a saved case has its own");
    else if (own.backend && !(own.backend = options_called(&o, own.backend, &x.error)))
        status = error_tell("%s", x.error.text);
    else {
        backend_list_all(&x.all);
        status = run(&x);
        backend_list_free(&x.all);
        expect_free(&x.expected);
    }
    options_free(&o);
    return status;
}
