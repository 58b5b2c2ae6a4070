// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/select_words.h"

#include "base/nearest.h"
#include "cli/meant.h"
#include "cli/options/option_reader.h"

#include <stdio.h>
#include <string.h>

struct option_wanted {
    const char *word;
    bool found;
};

static void match_option(const struct argp_option *option, void *context)
{
    struct option_wanted *w = context;
    w->found = w->found || strcmp(option->name, w->word) == 0;
}

// `check memcpy contract ram': an option without its hyphens.
static bool is_option(const struct command_help *help, const char *word)
{
    struct option_wanted wanted = {.word = word};
    options_each(help, match_option, &wanted);
    return wanted.found;
}

bool select_words(const struct options *o, size_t count, struct selection *out, struct error *error)
{
    if (select_backends(o->words, count, out, error))
        return true;
    for (size_t i = 0; i < count; i++) {
        char quoted[NEAREST_NAME_MAX + 2];
        snprintf(quoted, sizeof quoted, "'%.*s'", NEAREST_NAME_MAX - 1, o->words[i]);
        if (strncmp(error->text, "no backend", 10) == 0 && strstr(error->text, quoted) != NULL)
            return !meant_is_known(o->words[i]) && is_option(o->help, o->words[i])
                       ? error_add(error, " (%s is an option: --%s)", o->words[i], o->words[i])
                       : meant_add(o->words[i], error);
    }
    return false;
}
