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

// To a complaint of an option that the command has not, with those it has of
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

// A word of the command line, and what the command has for it.
struct word {
    const char *text; // behind its hyphens
    bool letter;      // one, or a long option's name, which may be shortened
    size_t length;    // of that
    struct argp_option option;
    size_t found; // options that it can be
    bool whole;   // its name is not shortened
    FILE *names;  // of those options
};

static void match_word(const struct argp_option *option, void *context)
{
    struct word *w = context;
    bool like = w->letter ? option->key == (unsigned char)*w->text
                          : strncmp(option->name, w->text, w->length) == 0;
    bool whole = like && (w->letter || option->name[w->length] == '\0');
    if (!like || w->whole)
        return;
    if (whole || w->found == 0)
        w->option = *option;
    w->whole = whole;
    w->found = whole ? 1 : w->found + 1;
    fprintf(w->names, " '--%s'", option->name);
}

// The option, or options, that the text may mean. The caller frees NAMES.
static struct word find_word(const struct command_help *help, const char *text, bool letter,
                             size_t length, char **names)
{
    size_t size;
    struct word w = {
        .text = text, .letter = letter, .length = length, .names = open_memstream(names, &size)};
    assert(w.names != NULL);
    options_each(help, match_word, &w);
    fclose(w.names);
    return w;
}

// What is wrong with --TEXT, to OUT, or whether the NEXT word is its argument.
static bool long_is_wrong(const struct command_help *help, const char *text, const char *next,
                          bool *takes_next, FILE *out)
{
    char *names;
    size_t length = strcspn(text, "=");
    bool has_value = text[length] == '=', wrong = true;
    struct word w = find_word(help, text, false, length, &names);
    *takes_next = w.found == 1 && w.option.arg != NULL && !has_value;
    if (w.found == 0)
        fprintf(out, "unrecognized option '--%s'", text);
    else if (w.found > 1)
        fprintf(out, "option '--%s' is ambiguous; possibilities:%s", text, names);
    else if (has_value && w.option.arg == NULL)
        fprintf(out, "option '--%s' doesn't allow an argument", w.option.name);
    else if (*takes_next && next == NULL)
        fprintf(out, "option '--%s' requires an argument", w.option.name);
    else
        wrong = false;
    free(names);
    return wrong;
}

// The same of -LETTERS.
static bool letters_are_wrong(const struct command_help *help, const char *letters,
                              const char *next, bool *takes_next, FILE *out)
{
    *takes_next = false;
    for (; *letters != '\0' && !*takes_next; letters++) {
        char *names;
        struct word w = find_word(help, letters, true, 1, &names);
        free(names);
        if (w.found == 0) {
            fprintf(out, "invalid option -- '%c'", *letters);
            return true;
        }
        if (w.option.arg != NULL && letters[1] != '\0')
            return false;
        *takes_next = w.option.arg != NULL;
        if (*takes_next && next == NULL) {
            fprintf(out, "option requires an argument -- '%c'", *letters);
            return true;
        }
    }
    return false;
}

// What getopt would say of the first word that argp could not read. It says so on
// stderr alone, with a second line of argp's, and argp does not tell which word it was.
static void complain_of(const struct command_help *help, char *const *argv, FILE *out)
{
    bool wrong = false, takes_next;
    for (char *const *at = argv + 1; *at != NULL && !wrong; at++) {
        const char *word = *at;
        if (word[0] != '-' || word[1] == '\0')
            continue;
        wrong = word[1] == '-' ? long_is_wrong(help, word + 2, at[1], &takes_next, out)
                               : letters_are_wrong(help, word + 1, at[1], &takes_next, out);
        at += takes_next && !wrong;
    }
}

int options_complain(const struct command_help *help, const struct reading *r, char *const *argv)
{
    char near_text[NEAREST_TEXT_MAX], *complaint = NULL;
    size_t size;
    if (r->error.text[0] != '\0')
        return error_tell("%s", r->error.text);
    FILE *out = open_memstream(&complaint, &size);
    assert(out != NULL);
    complain_of(help, argv, out);
    fclose(out);
    near_options(help, complaint, near_text, sizeof near_text);
    int status = error_tell("%.*s%s; try `%s --help'", (int)strcspn(complaint, "\n"), complaint,
                            near_text, help->name);
    free(complaint);
    return status;
}

// Where a command that is shown goes on below, so that what is copied is still one: before
// an option, else at any blank that leaves room for a backslash. 0: nowhere.
static size_t break_of(const char *line, size_t length)
{
    enum { COLUMNS = 77, INDENT = 6 };
    size_t blank = 0, option = 0;
    for (size_t at = INDENT; length > COLUMNS && at < COLUMNS - 1; at++) {
        blank = line[at] == ' ' ? at : blank;
        option = line[at] == ' ' && line[at + 1] == '-' && line[at + 2] != ' ' ? at : option;
    }
    return option > 0 ? option : blank;
}

static void put_example(const char *line, size_t length, FILE *out)
{
    for (size_t at; (at = break_of(line, length)) > 0; line += at, length -= at) {
        fprintf(out, "%.*s \\\n     ", (int)at, line);
    }
    fprintf(out, "%.*s\n", (int)length, line);
}

// argp fills lines, which breaks commands in two.
static char *keep_examples(int key, const char *text, void *input)
{
    char *whole = NULL;
    size_t size;
    (void)input;
    if (key != ARGP_KEY_HELP_POST_DOC || text == NULL)
        return (char *)(uintptr_t)text;
    FILE *out = open_memstream(&whole, &size);
    assert(out != NULL);
    for (size_t length; *text != '\0'; text += length + (text[length] == '\n')) {
        length = strcspn(text, "\n");
        if (strncmp(text, "  storescope ", 13) == 0)
            put_example(text, length, out);
        else
            fprintf(out, "%.*s%s", (int)length, text, text[length] ? "\n" : "");
    }
    fclose(out);
    return whole;
}

int options_show_help(const struct argp *argp, const char *name)
{
    struct output out;
    struct error error;
    char *copy = strdup(name);
    assert(copy != NULL);
    if (!output_open(&out, NULL, &error))
        return error_tell("%s", error.text);
    struct argp shown = *argp;
    shown.help_filter = keep_examples;
    argp_help(&shown, stdout, ARGP_HELP_STD_HELP, copy);
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
