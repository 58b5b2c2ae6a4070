// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "fuzz/campaign/campaign.h"

#include "backends/call.h"
#include "backends/selection.h"
#include "base/number.h"
#include "cli/cli.h"
#include "cli/options/option_reader.h"
#include "cli/select_words.h"
#include "cli/source_object.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEY_TIME = KEY_OWN,
    KEY_CORPUS,
    KEY_RESUME,
    KEY_ENGINE,
    KEY_DB,
    KEY_HISTORY,
    KEY_BASELINE,
    KEY_WRITE_BASELINE,
    KEY_FUZZ_OP,
    KEY_FUZZ_DATA,
    KEY_FUZZ_JOBS = 'j',
    KEY_FUZZ_QUIET = 'q',
};

enum { TIME_DEFAULT_S = 60 };
#define TIME_MAX_MS    (UINT64_C(30) * 24 * 3600 * 1000)
#define CORPUS_DEFAULT "storescope-campaign"

static const struct argp_option own_options[] = {
    OPTION("time", KEY_TIME, "TIME",
           "How long: 60s, 10m, 8h (default: 60s; resumed: what is left)"),
    OPTION("jobs", KEY_FUZZ_JOBS, "N", "Cores for the engines (default: those there are)"),
    OPTION("corpus", KEY_CORPUS, "DIR",
           "The campaign's folder; saved cases in it are seeds (default: " CORPUS_DEFAULT ")"),
    OPTION("resume", KEY_RESUME, NULL, "Go on with the campaign in that folder"),
    OPTION("engine", KEY_ENGINE, "ENGINE", "libfuzzer, afl or both (default: both), solve or all"),
    OPTION("op", KEY_FUZZ_OP, "OP",
           "memcpy, memmove, mempcpy, set, to-fifo or from-fifo (default: the backend's own)"),
    OPTION("data", KEY_FUZZ_DATA, "FIELD=RANGE",
           "Set a field of the source in every case, such as u32@4=0..64"),
    OPTION("baseline", KEY_BASELINE, "FILE|DIR",
           "Expectations: report only what is new, gone or worse"),
    OPTION("write-baseline", KEY_WRITE_BASELINE, "FILE|DIR",
           "Add what was found to the expectations, whole or not at all"),
    OPTION("db", KEY_DB, "FILE",
           "The history (default: storescope/history.db in the state folder)"),
    OPTION("history", KEY_HISTORY, NULL, "Show the history of campaigns instead; runs nothing"),
    OPTION("quiet", KEY_FUZZ_QUIET, NULL, "No screen; a line now and then"),
    {0},
};

static error_t read_engine(struct reading *r, const char *text, enum engine_kind *out)
{
    static const struct {
        const char *name;
        enum engine_kind kind;
    } rows[] = {{"libfuzzer", ENGINE_LIBFUZZER},
                {"afl", ENGINE_AFL},
                {"both", ENGINE_BOTH},
                {"solve", ENGINE_SOLVE},
                {"all", ENGINE_ALL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].name, text) == 0) {
            *out = rows[i].kind;
            return 0;
        }
    return options_refuse(r, "--engine '%s': expected libfuzzer, afl, both, solve or all", text);
}

static error_t read_data(struct reading *r, const char *text, struct fuzz_options *own)
{
    struct error error;
    if (own->field_count == CASE_FIELDS_MAX)
        return options_refuse(r, "--data '%s': expected at most %d fields", text, CASE_FIELDS_MAX);
    if (!plan_field_parse(text, &own->fields[own->field_count], &error))
        return options_refuse(r, "--data '%s': %s", text, error.text);
    own->data[own->field_count++] = text;
    return 0;
}

static error_t read_own_option(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    struct fuzz_options *own = r->o->own;
    uint64_t ms;
    switch (key) {
    case KEY_TIME:
        if (!number_time(text, NUMBER_S, NUMBER_D, TIME_MAX_MS, &ms))
            return options_refuse(r, "--time '%s': expected 1s to 30d, such as 60s, 10m or 8h",
                                  text);
        own->seconds = ms / 1000;
        return 0;
    case KEY_FUZZ_JOBS:
        return options_jobs(r, text);
    case KEY_CORPUS:
        own->corpus = text;
        return *text ? 0 : options_refuse(r, "--corpus '': expected a folder");
    case KEY_RESUME:
        own->resume = true;
        return 0;
    case KEY_ENGINE:
        return read_engine(r, text, &own->engine);
    case KEY_FUZZ_OP:
        own->has_op = copy_op_parse(text, &own->op);
        return own->has_op ? 0
                           : options_refuse(r, "--op '%s': expected %s", text, copy_op_expected);
    case KEY_FUZZ_DATA:
        return read_data(r, text, own);
    case KEY_BASELINE:
        own->baseline = text;
        return 0;
    case KEY_WRITE_BASELINE:
        own->write = text;
        return 0;
    case KEY_DB:
        own->db = text;
        return 0;
    case KEY_HISTORY:
        own->history = true;
        return 0;
    case KEY_FUZZ_QUIET:
        r->o->quiet = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp own_argp = {.options = own_options, .parser = read_own_option};

const struct command_help help_fuzz = {
    .name = "storescope fuzz",
    .arguments = "BACKEND...",
    .about =
        "Fuzzes copy routines with libFuzzer and AFL++ side by side, and saves what breaks a "
        "contract, minimised, once for each backend, rule and pair of instructions."
        "\vWithout --contract: every built-in contract. `script/fuzzers' builds the programs that "
        "the engines run. Ctrl-C ends a campaign with what it has; --resume goes on.\n\n"
        "Examples:\n"
        "  storescope fuzz musl/memmove --time 60s\n"
        "  storescope fuzz 'glibc/*' --contract mmio --time 8h --jobs 4 --corpus night\n"
        "  storescope fuzz --resume --corpus night\n"
        "  storescope fuzz 'glibc/*' --time 10m --baseline corpus/expect\n"
        "  storescope fuzz ./libmine.so:my_copy --contract shared --engine libfuzzer\n"
        "  storescope fuzz ./libmine.so:my_copy --contract shared --engine solve\n"
        "  storescope fuzz mine.o:take --contract shared --data u32@4=0..4096\n"
        "  storescope fuzz --history\n"
        "  storescope replay storescope-campaign/findings\n\n"
        "Exit status: 0 no finding, with --baseline no difference; 1 findings, or differences; 2 "
        "bad usage, no engine, nothing to fuzz, or findings that could not be confirmed.",
    .command = FORMAT_FUZZ,
    .own = &own_argp,
    .groups = OPTIONS_CALL | OPTIONS_SOURCE | OPTIONS_CONTRACT | OPTIONS_OUTPUT,
};

// ---- the history alone ----

static char *history_path(const struct fuzz_options *own)
{
    char *path = own->db ? strdup(own->db) : history_default_path();
    assert(path != NULL || own->db == NULL);
    return path;
}

static int show_history(const struct options *o, const struct fuzz_options *own)
{
    struct output out;
    struct error error;
    char *path = history_path(own);
    if (path == NULL)
        return error_tell("no folder is known for the history: HOME is not set; say --db FILE");
    struct history *h = history_open(path, false, &error);
    free(path);
    if (h == NULL)
        return error_tell("%s", error.text);
    bool ok = output_open(&out, o->output, &error);
    struct terminal terminal = {.columns = 0};
    if (ok)
        terminal = output_terminal(&out, o->color);
    bool shown = ok && (o->format == &format_json ? history_json(h, out.file, &error)
                                                  : history_text(h, &terminal, out.file, &error));
    history_close(h);
    if (ok && !shown)
        output_abandon(&out);
    return shown ? output_end(&out, EXIT_CLEAN) : error_tell("%s", error.text);
}

// ---- a campaign ----

// Contracts as harnesses take them: names, and files by their whole path.
static char *contract_list(const struct options *o, char *const *said, struct error *error)
{
    char *list = NULL;
    size_t size;
    FILE *out = open_memstream(&list, &size);
    assert(out != NULL);
    for (size_t i = 0; i < o->contract_count; i++) {
        char *path = contract_find(said[i]) ? NULL : realpath(said[i], NULL);
        const char *name = path ? path : said[i];
        if (strpbrk(name, ",\n"))
            error_set(error,
                      "--contract '%s': the engines take no path with a comma; "
                      "rename the file",
                      said[i]);
        fprintf(out, "%s%s", i ? "," : "", name);
        free(path);
    }
    for (size_t i = 0; o->contract_count == 0 && i < contract_builtin_count; i++)
        if (contract_builtin(i)->ops == 0)
            fprintf(out, "%s%s", i ? "," : "", contract_builtin(i)->name);
    fclose(out);
    return list;
}

// Fields as harnesses take them; NULL: none.
static char *data_list(const struct fuzz_options *own)
{
    char *list = NULL;
    size_t size;
    FILE *out = own->field_count > 0 ? open_memstream(&list, &size) : NULL;
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < own->field_count; i++)
        fprintf(out, "%s%s", i ? "," : "", own->data[i]);
    fclose(out);
    return list;
}

// Fills the folder's state with what the command line says.
static bool take_state(struct fuzz *x, const struct options *o, struct error *error)
{
    struct fuzz_folder *f = &x->folder;
    error->text[0] = '\0';
    f->contracts = contract_list(o, o->contract_names, error);
    f->op = x->own->has_op ? (int)x->own->op : -1;
    // As options_read has it for sweeps.
    f->device = !o->has_device && f->op == OP_FROM_FIFO ? DEVICE_SRC : o->run.device;
    f->data = data_list(x->own);
    f->total = (double)(x->own->seconds ? x->own->seconds : TIME_DEFAULT_S);
    for (size_t i = 0; i < x->selection.count; i++) {
        const struct backend *b = x->selection.items[i];
        struct error reason;
        if (!plan_fields_are_sound(x->own->has_op ? x->own->op : b->op, x->own->fields,
                                   x->own->field_count, &reason))
            error_set(error, "%s: %s", b->name, reason.text);
        size_t own = b->call ? strlen(call_text(b->call)) : 0; // its commas are known
        if (strcspn(b->name, ",\n") < strlen(b->name) - own)
            error_set(error, "'%s': the engines take no name with a comma; rename it", b->name);
        f->backends = reallocarray(f->backends, f->backend_count + 1, sizeof *f->backends);
        assert(f->backends != NULL);
        if (b->missing == NULL)
            f->backends[f->backend_count++] = strdup(b->name);
    }
    if (f->backend_count == 0 && x->selection.count > 0)
        error_set(error, "nothing to fuzz: %s cannot run here: %s", x->selection.items[0]->name,
                  x->selection.items[0]->missing);
    return error->text[0] == '\0';
}

// A campaign that is resumed is what it was, but for its time.
static bool take_up_state(struct fuzz *x, const struct options *o, struct error *error)
{
    struct fuzz_folder *f = &x->folder;
    if (o->word_count > 0 || o->contract_count > 0 || o->has_device || x->own->has_op || o->call ||
        x->own->field_count > 0)
        return error_set(error, "a campaign is resumed as it was: leave backends, --contract, "
                                "--device, --call, --op and --data out");
    if (x->own->seconds)
        f->total = f->seconds + (double)x->own->seconds;
    if (f->total - f->seconds < 1)
        return error_set(error,
                         "the campaign in '%s' has run its %.0f seconds; --time says how much more",
                         f->root, f->total);
    return select_backends(f->backends, f->backend_count, &x->selection, error);
}

// Is there a contract for each backend that says something of its op, on that side?
static bool all_are_judged(const struct fuzz *x, struct error *error)
{
    for (size_t i = 0; i < x->selection.count; i++) {
        const struct backend *b = x->selection.items[i];
        const enum copy_op op = x->folder.op < 0 ? b->op : (enum copy_op)x->folder.op;
        const char *why = NULL;
        size_t k = 0;
        while (k < x->contract_count &&
               (why = contract_foreign(&x->contracts[k], op, x->folder.device)) != NULL)
            k++;
        if (b->missing == NULL && k == x->contract_count)
            return error_set(error, "%s: %s", b->name, why);
    }
    return true;
}

static bool prepare(struct fuzz *x, struct options *o, struct error *error)
{
    const struct fuzz_options *own = x->own;
    const char *root = own->corpus ? own->corpus : CORPUS_DEFAULT;
    if (own->resume && o->source)
        return error_set(error, "a campaign is resumed as it was: leave --source out");
    if (!own->resume && o->word_count == 0 && !o->source)
        return error_set(error, "fuzz what? Name a BACKEND; `storescope list backends' has them");
    if (!programs_find(&x->programs, own->engine, error) ||
        !source_words(o, o->word_count, error) ||
        (!own->resume && !options_call_words(o, o->word_count, error)) ||
        (!own->resume && !select_words(o, o->word_count, &x->selection, error)))
        return false;
    if (!folder_open(&x->folder, root, own->resume, error))
        return false;
    x->open = true;
    bool ok = own->resume ? take_up_state(x, o, error) : take_state(x, o, error);
    return ok && rejudge_contracts(x->folder.contracts, &x->contracts, &x->contract_count, error) &&
           all_are_judged(x, error);
}

static int fuzz(struct options *o, const struct fuzz_options *own)
{
    struct fuzz x = {.output = o->output,
                     .json = o->format == &format_json,
                     .quiet = o->quiet,
                     .color = o->color,
                     .own = own,
                     .run = o->run};
    struct error error = {""};
    x.run.stop = cli_stop_on_signal();
    x.history_path = history_path(own);
    int status = EXIT_TROUBLE;
    if (x.history_path == NULL)
        error_tell("no folder is known for the history: HOME is not set; say --db FILE");
    else if (!prepare(&x, o, &error))
        error_tell("%s", error.text);
    else {
        x.run.device = x.folder.device;
        status = fuzz_run(&x);
    }
    programs_free(&x.programs);
    if (x.open)
        folder_close(&x.folder);
    select_free(&x.selection);
    free(x.contracts);
    free(x.history_path);
    return status;
}

int command_fuzz(int argc, char **argv)
{
    struct fuzz_options own = {.engine = ENGINE_BOTH};
    struct command_help mine = help_fuzz;
    struct options o;
    int status;
    mine.into = &own;
    if (!options_read(&mine, argc, argv, &o, &status))
        return status;
    status = own.history ? show_history(&o, &own) : fuzz(&o, &own);
    options_free(&o);
    return status;
}
