// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/compare_diff.h"

#include "backends/selection.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "cli/meant.h"
#include "cli/report_file.h"
#include "cli/sweep_command.h"
#include "cli/sweep_routines.h"
#include "reports/diff/diff.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct side {
    const char *word; // of the command line
    bool live;        // swept here and now; else read from a file
    struct selection selection;
    char *selected; // of a saved report, which of its routines that is
    cJSON *report;
};

struct both {
    const struct options *o;
    struct side sides[2];
    FILE *out;
};

// The formats of two sides.
static const struct view {
    const char *format;
    void (*print)(const cJSON *diff, const struct diff_view *view);
} views[] = {{"text", diff_print}, {"html", diff_page}, {"markdown", diff_markdown}};
enum { VIEW_COUNT = sizeof views / sizeof *views };

// NULL: JSON, or a format that two sides do not have.
static const struct view *view_of(const struct format *format)
{
    for (size_t i = 0; i < VIEW_COUNT; i++)
        if (strcmp(views[i].format, format->name) == 0)
            return &views[i];
    return NULL;
}

static void ignore_results(void *context, const struct result *results, size_t count)
{
    (void)context, (void)results, (void)count;
}

static void ignore_end(void *context, const struct totals *totals)
{
    (void)context, (void)totals;
}

// Findings are what is compared, no trouble of their own.
static int whole_or_not(void *context, const struct totals *totals)
{
    (void)context;
    return totals->interrupted ? EXIT_TROUBLE : EXIT_CLEAN;
}

static bool sweep_side(struct side *s, const struct options *o)
{
    static const struct run_observer observer = {
        .results = ignore_results, .end = ignore_end, .status = whole_or_not};
    char *text = NULL, *words[] = {(char *)(uintptr_t)s->word, NULL};
    size_t length;
    FILE *out = open_memstream(&text, &length);
    assert(out != NULL);
    struct options mine = *o;
    mine.words = words;
    mine.word_count = 1;
    mine.call = NULL; // which the word has
    mine.format = &format_json;
    bool swept = run_into(&mine, &observer, &format_json, out) == EXIT_CLEAN;
    if (swept)
        s->report = cJSON_ParseWithLength(text, length);
    assert(!swept || s->report != NULL);
    free(text);
    return swept;
}

static bool read_side(struct side *s, struct error *error)
{
    struct error why;
    s->report = report_file_read(s->word, error);
    if (s->report == NULL)
        return false;
    return diff_report_is_valid(s->report, &why) || error_set(error, "'%s': %s", s->word, why.text);
}

static bool is_named_as_report(const char *word)
{
    const char *dot = strrchr(word, '.');
    return dot && strcmp(dot, ".json") == 0;
}

// No backend is named so; those of files have a colon.
static bool is_named_as_file(const char *word)
{
    return strchr(word, ':') == NULL &&
           (is_named_as_report(word) || word[0] == '/' || strncmp(word, "./", 2) == 0 ||
            strncmp(word, "../", 3) == 0);
}

// Finds out what a word means, before anything is run.
static bool open_side(struct side *s, const char *word, struct error *error)
{
    struct stat status;
    *s = (struct side){.word = word};
    if (stat(word, &status) == 0 && S_ISREG(status.st_mode))
        return read_side(s, error);
    if (is_named_as_file(word))
        return error_set(
            error, "there is no file '%s'; name a JSON report, or a routine of `storescope list'",
            word);
    s->live = select_backends((char *const[]){(char *)(uintptr_t)word}, 1, &s->selection, error);
    return s->live || meant_add(word, error);
}

static void close_side(struct side *s)
{
    cJSON_Delete(s->report);
    if (s->live || s->selected != NULL)
        select_free(&s->selection);
    free(s->selected);
}

static const struct backend *find_in(const struct selection *s, const char *name)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->items[i]->name, name) == 0)
            return s->items[i]->missing ? NULL : s->items[i];
    return NULL;
}

// Was a report made of this very code, and recorded as this command records?
static bool is_code_of(const cJSON *report, const struct backend *b)
{
    const cJSON *head = cJSON_GetObjectItemCaseSensitive(report, "sweep"), *routine;
    uint64_t code;
    if (json_text(head, "cpu") != NULL ||
        cJSON_GetArraySize(cJSON_GetObjectItemCaseSensitive(head, "link")) > 0)
        return false;
    cJSON_ArrayForEach(routine, cJSON_GetObjectItemCaseSensitive(head, "routines"))
    {
        const char *name = json_text(routine, "backend");
        if (name != NULL && strcmp(name, b->name) == 0)
            return json_count(routine, "code", &code) && code != 0 &&
                   code == sweep_code_digest(b->path);
    }
    return false;
}

// A routine of a saved report, where its file is still what it was.
static const struct backend *find_saved(struct side *s, const char *name)
{
    struct error ignored;
    if (s->selected == NULL || strcmp(s->selected, name) != 0) {
        if (s->selected != NULL)
            select_free(&s->selection);
        free(s->selected);
        s->selected = must(strdup(name));
        if (!select_backends(&s->selected, 1, &s->selection, &ignored))
            s->selection = (struct selection){.count = 0};
    }
    const struct backend *b = find_in(&s->selection, name);
    return b != NULL && is_code_of(s->report, b) ? b : NULL;
}

static const struct backend *backend_of(struct side *s, const char *name)
{
    return s->live ? find_in(&s->selection, name) : find_saved(s, name);
}

static bool record(void *context, int side, const char *name, const char *case_text,
                   struct diff_recorded *out)
{
    struct both *x = context;
    const struct backend *b = backend_of(&x->sides[side], name);
    struct error error;
    *out = (struct diff_recorded){.backend = b};
    if (b == NULL || !case_parse(case_text, &out->c, &error))
        return false;
    out->recorder = recorder_for(b, x->o->run.recorder)->name;
    fflush(x->out); // workers are forked
    return sweep_record(b, &out->c, false, &x->o->run, &out->recording, &error);
}

static int show(struct both *x)
{
    const struct options *o = x->o;
    struct output out;
    struct error error;
    const struct diff_side a = {x->sides[0].word, !x->sides[0].live, x->sides[0].report};
    const struct diff_side b = {x->sides[1].word, !x->sides[1].live, x->sides[1].report};
    struct host host;
    char date[DATE_TEXT_MAX];
    host_describe(&host);
    const struct run_facts facts = {.command = o->command,
                                    .command_line = o->command_line,
                                    .date = clock_date(time(NULL), date),
                                    .host = &host};
    if (!cli_open(&out, o->format, o->output, &error))
        return error_tell("%s", error.text);
    cJSON *diff = diff_make(&a, &b);
    size_t pairs = diff_pairs(diff), judged = diff_judged(diff);
    int status = diff_worse(diff) > 0 ? EXIT_FINDINGS : EXIT_CLEAN;
    x->out = out.file;
    if (o->format == &format_json) {
        json_print(diff, out.file);
        fputc('\n', out.file);
    } else {
        view_of(o->format)->print(diff,
                                  &(struct diff_view){.record = record,
                                                      .context = x,
                                                      .facts = &facts,
                                                      .terminal = output_terminal(&out, o->color),
                                                      .out = out.file});
        cJSON_Delete(diff);
    }
    if (pairs == 0)
        status = error_tell("nothing was compared: no routine of '%s' has a name of '%s'; name "
                            "one routine a side",
                            a.name, b.name);
    else if (judged == 0 && status == EXIT_CLEAN)
        status = error_tell("nothing was compared: no verdict was judged on both sides; the "
                            "report of each gives the reason");
    out.quiet = o->quiet;
    return output_end(&out, status);
}

// A report stays as it is.
static bool call_sides(struct options *o, struct error *error)
{
    for (size_t i = 0; i < 2; i++) {
        if (is_named_as_report(o->words[i]))
            continue;
        o->words[i] = options_called(o, o->words[i], error);
        if (o->words[i] == NULL)
            return false;
    }
    return true;
}

int side_by_side(struct options *o)
{
    struct both x = {.o = o};
    struct error error;
    int status = EXIT_TROUBLE;
    if (o->word_count != 2)
        return error_tell("--diff takes two sides: each a JSON report, a glob or PATH:SYMBOL");
    if (view_of(o->format) == NULL && o->format != &format_json)
        return error_tell("--diff has the formats text, json, html and markdown, not %s",
                          o->format->name);
    if (o->more_count > 0)
        return error_tell("--diff makes one report; leave out --report and --json");
    bool swept = call_sides(o, &error) && open_side(&x.sides[0], o->words[0], &error) &&
                 open_side(&x.sides[1], o->words[1], &error);
    if (!swept)
        error_tell("%s", error.text);
    for (size_t i = 0; i < 2 && swept; i++)
        swept = !x.sides[i].live || sweep_side(&x.sides[i], o);
    if (swept)
        status = show(&x);
    close_side(&x.sides[0]);
    close_side(&x.sides[1]);
    return status;
}
