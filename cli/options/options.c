// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/options/options.h"

#include "backends/call.h"
#include "backends/path_backends.h"
#include "cli/cli.h"
#include "cli/options/option_groups.h"
#include "reports/where.h"

#include <assert.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

enum { TIMEOUT_DEFAULT_MS = 2000, ROWS_DEFAULT = 256 };

static error_t read_word(int key, char *text, struct argp_state *state)
{
    struct reading *r = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        for (size_t i = 0; state->root_argp->children[i].argp != NULL; i++)
            state->child_inputs[i] = r;
        return 0;
    case ARGP_KEY_ARG:
        r->o->words[r->o->word_count++] = text;
        while (r->words_end_options && state->next < state->argc)
            r->o->words[r->o->word_count++] = state->argv[state->next++];
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static unsigned cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0)
        return 1;
    int count = CPU_COUNT(&set);
    return count < 1 ? 1 : count > JOBS_MAX ? JOBS_MAX : (unsigned)count;
}

bool options_read(const struct command_help *help, int argc, char **argv, struct options *o,
                  int *status)
{
    struct argp_child children[OPTION_GROUPS + 2] = {0};
    struct output_group output;
    struct reading r = {
        .o = o, .command = help->command, .words_end_options = help->words_end_options};
    *o = (struct options){.command = help->command,
                          .help = help,
                          .rows_max = ROWS_DEFAULT,
                          .own = help->into,
                          .format = format_find("text", help->command)};
    o->run = (struct sweep_options){.recorder = recorder_default(),
                                    .device = DEVICE_DST,
                                    .jobs = cores(),
                                    .timeout_ms = TIMEOUT_DEFAULT_MS,
                                    .name_site = where_name_site};
    o->command_line = options_command_line(help->name, argc, argv);
    o->words = calloc((size_t)argc + 1, sizeof *o->words);
    assert(o->words != NULL);
    size_t own = 0;
    if (help->own != NULL)
        children[own++].argp = help->own;
    options_groups(help, &output, children + own);
    struct argp argp = {
        .parser = read_word, .args_doc = help->arguments, .doc = help->about, .children = children};
    char *name = strdup(help->name);
    argv[0] = name;
    unsigned flags = ARGP_SILENT | (r.words_end_options ? ARGP_IN_ORDER : 0);
    error_t problem = argp_parse(&argp, argc, argv, flags, NULL, &r);
    if (!r.has_format && o->output != NULL) {
        const struct format *by_name = format_of_file(o->output, help->command);
        o->format = by_name != NULL ? by_name : o->format;
    }
    // What is a device, where nothing else was said, is the FIFO.
    if (!o->has_device && o->ops == 1u << OP_FROM_FIFO)
        o->run.device = DEVICE_SRC;
    *status = r.help    ? options_show_help(&argp, help->name)
              : problem ? options_complain(help, &r, argv)
                        : EXIT_CLEAN;
    free(name);
    argv[0] = NULL;
    if (r.help || problem)
        options_free(o);
    return !r.help && !problem;
}

char *options_own(struct options *o, char *word)
{
    size_t count = 0;
    while (o->own_words != NULL && o->own_words[count] != NULL)
        count++;
    o->own_words = reallocarray(o->own_words, count + 2, sizeof *o->own_words);
    assert(o->own_words != NULL);
    o->own_words[count] = word;
    o->own_words[count + 1] = NULL;
    return word;
}

char *options_called(struct options *o, char *word, struct error *error)
{
    if (o->call == NULL)
        return word;
    struct call *call = call_parse(o->call, error);
    char *whole = call != NULL ? path_with_call(word, call, error) : NULL;
    call_free(call);
    return whole != NULL ? options_own(o, whole) : NULL;
}

bool options_call_words(struct options *o, size_t count, struct error *error)
{
    for (size_t i = 0; i < count && i < o->word_count; i++) {
        char *whole = options_called(o, o->words[i], error);
        if (whole == NULL)
            return false;
        o->words[i] = whole;
    }
    return true;
}

void options_all_contracts(struct options *o)
{
    o->contracts = calloc(contract_builtin_count, sizeof *o->contracts);
    assert(o->contracts != NULL);
    for (size_t i = 0; i < contract_builtin_count; i++)
        if (contract_builtin(i)->ops == 0)
            o->contracts[o->contract_count++] = *contract_builtin(i);
}

void options_free(struct options *o)
{
    free(o->words);
    free(o->contracts);
    free(o->contract_names);
    free(o->more);
    free(o->history);
    for (size_t i = 0; i < o->run.setup.link_count; i++)
        free(o->run.setup.link[i]);
    free(o->run.setup.link);
    for (size_t i = 0; o->own_words != NULL && o->own_words[i] != NULL; i++)
        free(o->own_words[i]);
    free(o->own_words);
    free(o->cc);
    free(o->command_line);
    *o = (struct options){.words = NULL};
}
