// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "findings/compare.h"
#include "cli/compare_diff.h"
#include "cli/options/option_reader.h"
#include "cli/source_object.h"
#include "cli/sweep_command.h"
#include "reports/text/differences.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { KEY_BASELINE = KEY_OWN, KEY_WRITE_BASELINE, KEY_DIFF };

struct compare_options {
    const char *baseline, *write;
    bool diff;
};

static const struct argp_option own_options[] = {
    OPTION("baseline", KEY_BASELINE, "FILE|DIR",
           "Report only what changed against these expectations"),
    OPTION("write-baseline", KEY_WRITE_BASELINE, "FILE|DIR",
           "Rewrite the expectations, whole or not at all, and report what changed in them"),
    OPTION("diff", KEY_DIFF, NULL, "What changed from A to B: two JSON reports or routines"),
    {0},
};

static error_t read_own_option(int key, char *text, struct argp_state *state)
{
    struct compare_options *own = ((struct reading *)state->input)->o->own;
    switch (key) {
    case KEY_BASELINE:
        own->baseline = text;
        return 0;
    case KEY_WRITE_BASELINE:
        own->write = text;
        return 0;
    case KEY_DIFF:
        own->diff = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp own_argp = {.options = own_options, .parser = read_own_option};

const struct command_help help_compare = {
    .name = "storescope compare",
    .arguments = "[BACKEND...]\n--diff A B",
    .about =
        "Sweeps copy routines and prints the matrix of backends and contracts: which routine is "
        "safe for which memory."
        "\vWithout BACKEND: all that `storescope list backends' has. Without --contract: every "
        "built-in contract.\n\n"
        "Examples:\n"
        "  storescope compare\n"
        "  storescope compare 'glibc/*' 'musl/*'\n"
        "  storescope compare 'aarch64/*' --full\n"
        "  storescope compare 'qemu/*' --contract qemu-ram --contract mmio\n"
        "  storescope compare --size 0..128 --format json -o matrix.json\n"
        "  storescope compare --shard 2/8 --format json -o part2.json\n"
        "  storescope compare 'glibc/*' --baseline corpus/expect\n"
        "  storescope compare 'glibc/*' --history nights/ -o page.html\n"
        "  storescope compare ./libmine.so:my_copy --write-baseline mine.expect\n"
        "  storescope compare --diff ./old.so:my_copy ./new.so:my_copy --contract mmio\n"
        "  storescope compare --diff before.json after.json --format html -o changed.html\n\n"
        "Without ranges the plan is a light one: every size to 64, and larger ones around those "
        "at which a routine takes another way through its code, as recordings of it at each size "
        "show. The report says so, and how many cases it judged. --full takes every size, with "
        "about ten times the cases.\n\n"
        "With --baseline a difference is a rule newly broken or no longer broken, a rule broken at "
        "sites that are new, or from a smaller size on.\n\n"
        "Exit status: 0 no finding, with --baseline no difference, with --diff nothing worse in B; "
        "1 "
        "findings, differences, or B is worse; 2 "
        "bad usage, nothing to test, or a case that could not be judged.",
    .command = FORMAT_COMPARE,
    .own = &own_argp,
    .groups = OPTIONS_CALL | OPTIONS_SOURCE | OPTIONS_CASES | OPTIONS_CONTRACT | OPTIONS_SWEEP |
              OPTIONS_REPORTS | OPTIONS_HISTORY | OPTIONS_SHARD | OPTIONS_PROVE | OPTIONS_RUN |
              OPTIONS_EMULATE | OPTIONS_OUTPUT,
};

// ---- against expectations ----

static void observe(void *context, const struct result *results, size_t count)
{
    comparing_results(context, results, count);
}

// What was interrupted is not written.
static void finish(void *context, const struct totals *totals)
{
    struct comparing *x = context;
    struct error error;
    x->report.interrupted = totals->interrupted;
    if (x->write == NULL || totals->interrupted || x->error.text[0])
        return;
    if (!comparing_write(x, &error))
        error_set(&x->error, "%s", error.text);
}

static int status_of(void *context, const struct totals *totals)
{
    const struct comparing *x = context;
    if (x->error.text[0])
        return error_tell("%s", x->error.text);
    if (x->baseline != NULL && x->report.count > 0)
        return EXIT_FINDINGS;
    if (totals->interrupted)
        return EXIT_TROUBLE;
    if (totals->unjudged > 0 && x->report.judged > 0)
        return error_tell("not all could be judged: %s; the report gives every reason",
                          totals->unjudged_names);
    if (x->report.judged == 0) {
        const struct unjudged *u = x->report.unjudged;
        return error_tell("nothing was judged: %s under %s: %s", u ? u->backend : "",
                          u ? u->contract : "", u ? u->reason : "");
    }
    return EXIT_CLEAN;
}

static void take_formats(struct options *o)
{
    o->format = o->format == &format_json              ? &format_json_baseline
                : strcmp(o->format->name, "text") == 0 ? &format_text_baseline
                                                       : o->format;
    for (size_t i = 0; i < o->more_count; i++)
        if (o->more[i].format == &format_json)
            o->more[i].format = &format_json_baseline;
        else if (strcmp(o->more[i].format->name, "text") == 0)
            o->more[i].format = &format_text_baseline;
}

static int compare_with_baseline(struct options *o, const struct compare_options *own)
{
    struct comparing x;
    struct error error;
    if (!comparing_open(&x, own->baseline, own->write, &o->run, &error))
        return error_tell("%s", error.text);
    take_formats(o);
    int status = run_command(o, &(struct run_observer){.results = observe,
                                                       .end = finish,
                                                       .status = status_of,
                                                       .baseline = &x.report,
                                                       .context = &x});
    comparing_free(&x);
    return status;
}

int command_compare(int argc, char **argv)
{
    struct compare_options own = {.baseline = NULL};
    struct command_help mine = help_compare;
    struct options o;
    struct error error;
    int status;
    mine.into = &own;
    if (!options_read(&mine, argc, argv, &o, &status))
        return status;
    if (o.contract_count == 0)
        options_all_contracts(&o);
    o.light = !o.full && !own.diff && !own.baseline && !own.write;
    if (!source_words(&o, o.word_count, &error))
        status = error_tell("%s", error.text);
    else if (o.shard.of > 1 && (own.diff || own.baseline || own.write))
        status = error_tell("--shard has a part of the sweep only, which cannot be compared; merge "
                            "the shards, then compare --diff the reports");
    else if (own.diff && (own.baseline || own.write || o.history_count > 0))
        status = error_tell("--diff compares two sides; leave out --%s",
                            o.history_count > 0 ? "history" : "baseline");
    else if (own.diff)
        status = side_by_side(&o);
    else
        status =
            own.baseline || own.write ? compare_with_baseline(&o, &own) : run_command(&o, NULL);
    options_free(&o);
    return status;
}
