// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What options say to people: help, and complaints of a command line.

#include "base/nearest.h"
#include "cli/cli.h"
#include "cli/options/option_reader.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static void offer_option(const struct argp_option *option, void *context)
{
    char name[NEAREST_NAME_MAX];
    snprintf(name, sizeof name, "--%s", option->name);
    nearest_offer(context, name);
}

// argp's complaint of an option that the command has not, with those it has of
// a like name.
static void near_options(const struct command_help *help, const char *complaint, char *text,
                         size_t text_size)
{
    char wanted[NEAREST_NAME_MAX];
    const char *at = strstr(complaint, "unrecognized option '--");
    *text = '\0';
    if (at == NULL)
        return;
    at += strlen("unrecognized option '");
    snprintf(wanted, sizeof wanted, "%.*s", (int)strcspn(at, "'="), at);
    struct nearest n = {.wanted = wanted};
    options_each(help, offer_option, &n);
    nearest_print(&n, text, text_size);
}

int options_complain(const struct command_help *help, const struct reading *r,
                     const char *complaint)
{
    size_t prefix = strlen(help->name);
    char near_text[NEAREST_TEXT_MAX];
    if (r->error.text[0] != '\0')
        return error_tell("%s", r->error.text);
    if (strncmp(complaint, help->name, prefix) == 0 && complaint[prefix] == ':')
        complaint += prefix + 2;
    near_options(help, complaint, near_text, sizeof near_text);
    return error_tell("%.*s%s; try `%s --help'", (int)strcspn(complaint, "\n"), complaint,
                      near_text, help->name);
}

int options_show_help(const struct argp *argp, const char *name)
{
    struct output out;
    struct error error;
    char *copy = strdup(name);
    assert(copy != NULL);
    if (!output_open(&out, NULL, &error))
        return error_tell("%s", error.text);
    argp_help(argp, stdout, ARGP_HELP_STD_HELP, copy);
    free(copy);
    return output_end(&out, EXIT_CLEAN);
}

char *options_command_line(const char *name, int argc, char **argv)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    assert(out != NULL);
    fputs(name, out);
    for (int i = 1; i < argc; i++) {
        fputc(' ', out);
        terminal_quote(out, argv[i]);
    }
    fclose(out);
    return text;
}
