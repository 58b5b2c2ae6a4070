// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The groups of options that commands offer, and what is one command's own.

#include "cli/options/option_groups.h"

#include <string.h>

static const struct {
    enum option_group group;
    const struct argp *argp;
} groups[] = {
    {OPTIONS_CALL, &options_call},       {OPTIONS_SOURCE, &options_source},
    {OPTIONS_CASES, &options_case},      {OPTIONS_CONTRACT, &options_contract},
    {OPTIONS_SWEEP, &options_sweep},     {OPTIONS_REPORTS, &options_report},
    {OPTIONS_HISTORY, &options_history}, {OPTIONS_SHARD, &options_shard},
    {OPTIONS_PICTURE, &options_picture}, {OPTIONS_RUN, &options_run},
    {OPTIONS_EMULATE, &options_emulate}, {OPTIONS_MACHINE, &options_machine},
    {OPTIONS_AT, &options_at},           {OPTIONS_LIST, &options_list},
    {OPTIONS_PROVE, &options_prove},     {OPTIONS_OUTPUT, &options_output},
};
_Static_assert(sizeof groups / sizeof *groups == OPTION_GROUPS, "OPTION_GROUPS counts them");

// An option as a command has it: which formats there are depends on that. TEXT
// is where the text is made.
static struct argp_option option_of(const struct argp_option *option, enum format_command command,
                                    char *text, size_t text_size)
{
    struct argp_option mine = *option;
    if (strcmp(option->name, "format") != 0)
        return mine;
    size_t length = (size_t)snprintf(text, text_size, "How to report: ");
    format_names(command, ", ", text + length, text_size - length);
    length = strlen(text);
    snprintf(text + length, text_size - length,
             " (default: by the name of --output's FILE, else text)");
    mine.doc = text;
    return mine;
}

static void visit_one(const struct argp_option *option, const struct command_help *help,
                      options_visit *visit, void *context)
{
    char text[FORMATS_TEXT_MAX];
    struct argp_option mine = option_of(option, help->command, text, sizeof text);
    visit(&mine, context);
}

void options_each(const struct command_help *help, options_visit *visit, void *context)
{
    const struct argp_option *at = help->own != NULL ? help->own->options : NULL;
    for (; at != NULL && at->name != NULL; at++)
        visit_one(at, help, visit, context);
    for (size_t i = 0; i < OPTION_GROUPS; i++)
        if (help->groups & groups[i].group)
            for (at = groups[i].argp->options; at->name != NULL; at++)
                visit_one(at, help, visit, context);
}

struct option_wanted {
    const char *word;
    bool found;
};

static void match_option(const struct argp_option *option, void *context)
{
    struct option_wanted *w = context;
    w->found = w->found || strcmp(option->name, w->word) == 0;
}

bool options_have(const struct command_help *help, const char *word)
{
    struct option_wanted wanted = {.word = word};
    options_each(help, match_option, &wanted);
    return wanted.found;
}

size_t options_groups(const struct command_help *help, struct output_group *output,
                      struct argp_child *children)
{
    size_t n = 0;
    *output = (struct output_group){0};
    for (size_t i = 0; options_output.options[i].name != NULL; i++)
        output->options[i] = option_of(&options_output.options[i], help->command, output->formats,
                                       sizeof output->formats);
    output->argp.options = output->options;
    output->argp.parser = options_output.parser;
    for (size_t i = 0; i < OPTION_GROUPS; i++)
        if (help->groups & groups[i].group)
            children[n++].argp = groups[i].group == OPTIONS_OUTPUT ? &output->argp : groups[i].argp;
    return n;
}
