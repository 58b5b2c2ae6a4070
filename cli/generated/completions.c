// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/cli.h"
#include "cli/generated/completion_texts.h"
#include "cli/generated/generated.h"
#include "cli/list_rows.h"
#include "cli/options/option_reader.h"
#include "record/recorder.h"
#include "reports/glossary.h"
#include "story/observer.h"

#include <assert.h>
#include <string.h>

// What the value of an option can be: words, names that storescope is asked for,
// files. None of them: anything, such as a number.
struct values {
    const char *words; // blanks between
    const char *names; // a KIND of `completions values'
    bool files;
};

static struct values values_of(const struct argp_option *option, enum format_command command,
                               char *text, size_t text_size)
{
    static const struct {
        const char *option;
        struct values values;
    } known[] = {
        {"contract", {.names = "contracts", .files = true}},
        {"recorder", {.names = "recorders"}},
        {"backend", {.names = "backends", .files = true}},
        {"rule", {.names = "rules"}},
        {"story", {.names = "observers", .files = true}},
        {"op", {.words = "memcpy memmove mempcpy set to-fifo from-fifo"}},
        {"device", {.words = "dst src both"}},
        {"color", {.words = "auto always never"}},
    };
    if (option->arg == NULL)
        return (struct values){.words = NULL};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcmp(known[i].option, option->name) == 0)
            return known[i].values;
    if (strcmp(option->name, "format") == 0 || strcmp(option->name, "report") == 0) {
        bool report = *option->name == 'r';
        format_names(command, report ? ": " : " ", text, text_size);
        if (report && strlen(text) + 1 < text_size)
            strcat(text, ":");
        return (struct values){.words = text, .files = report};
    }
    return (struct values){.files = strstr(option->arg, "FILE") || strstr(option->arg, "DIR")};
}

// Is its argument only ever written behind an equals sign?
static bool is_optional(const struct argp_option *option)
{
    return option->flags & OPTION_ARG_OPTIONAL;
}

static bool has_short(const struct argp_option *option)
{
    return option->key > ' ' && option->key < 0x7f;
}

// What the words are that are no options; NULL: files.
static const char *arguments_of(const struct command *c)
{
    if (strcmp(c->name, "list") == 0)
        return "kinds";
    if (strcmp(c->name, "explain") == 0)
        return "words";
    bool files = strcmp(c->name, "replay") == 0 || strcmp(c->name, "watch") == 0 ||
                 strcmp(c->name, "merge") == 0;
    return files ? NULL : "backends";
}

struct printing {
    FILE *out;
    const struct command *command;
};

// ---- bash ----

static void bash_commands(FILE *out)
{
    for (size_t i = 0; i < command_count; i++)
        fprintf(out, " %s", commands[i].name);
}

static void bash_option_values(const struct argp_option *option, void *context)
{
    struct printing *p = context;
    char text[512];
    if (option->arg == NULL)
        return;
    struct values v = values_of(option, p->command->help->command, text, sizeof text);
    fprintf(p->out, "    %s:--%s", p->command->name, option->name);
    if (has_short(option))
        fprintf(p->out, " | %s:-%c", p->command->name, option->key);
    fputs(is_optional(option) ? ") [[ $equals ]] &&" : ")", p->out);
    if (v.words != NULL)
        fprintf(p->out, " words=\"%s\"", v.words);
    if (v.names != NULL)
        fprintf(p->out, " words=$(storescope completions values %s 2>/dev/null)", v.names);
    fprintf(p->out, " files=%s value=yes ;;\n", v.files ? "yes" : "");
}

static void bash_values(FILE *out)
{
    for (size_t i = 0; i < command_count; i++) {
        struct printing p = {.out = out, .command = &commands[i]};
        options_each(commands[i].help, bash_option_values, &p);
    }
}

static void bash_option_name(const struct argp_option *option, void *context)
{
    struct printing *p = context;
    if (has_short(option))
        fprintf(p->out, "-%c ", option->key);
    fprintf(p->out, "--%s ", option->name);
}

static void bash_options(FILE *out)
{
    for (size_t i = 0; i < command_count; i++) {
        struct printing p = {.out = out, .command = &commands[i]};
        fprintf(out, "        %s) words=\"", commands[i].name);
        options_each(commands[i].help, bash_option_name, &p);
        fputs("\" ;;\n", out);
    }
}

static void bash_arguments(FILE *out)
{
    for (size_t i = 0; i < command_count; i++)
        if (arguments_of(&commands[i]) != NULL)
            fprintf(out, "        %s) words=$(storescope completions values %s 2>/dev/null) ;;\n",
                    commands[i].name, arguments_of(&commands[i]));
}

// `help' is no command of its own, and takes one.
static void bash_help(FILE *out)
{
    fputs("        help) words=\"", out);
    bash_commands(out);
    fputs("\"; files= ;;\n", out);
}

// ---- zsh ----

// In single quotes and brackets, where [ ] : \ and ' have a meaning.
static void zsh_text(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", out);
        else if (strchr("[]:\\", *text) != NULL)
            fprintf(out, "\\%c", *text);
        else
            fputc(*text, out);
    }
}

static void zsh_option(const struct argp_option *option, void *context)
{
    struct printing *p = context;
    char text[512];
    struct values v = values_of(option, p->command->help->command, text, sizeof text);
    // Which options may be given again is argp's to say, and costs nothing here.
    fputs("                ", p->out);
    if (has_short(option))
        fprintf(p->out, "'*'{-%c%s,--%s%s}'[", option->key, option->arg ? "+" : "", option->name,
                option->arg ? "=" : "");
    else
        fprintf(p->out, "'*--%s%s[", option->name,
                !option->arg          ? ""
                : is_optional(option) ? "=-"
                                      : "=");
    zsh_text(p->out, option->doc);
    fputs("]", p->out);
    if (option->arg != NULL) {
        fputs(is_optional(option) ? "::" : ":", p->out);
        zsh_text(p->out, option->arg);
        fputs(":", p->out);
        if (v.words != NULL && !v.files)
            fprintf(p->out, "(%s)", v.words);
        else if (v.words != NULL)
            fputs("_storescope_reports", p->out);
        else if (v.names != NULL)
            fprintf(p->out, "_storescope_%s", v.names);
        else if (v.files)
            fputs("_files", p->out);
        else
            fputc(' ', p->out);
    }
    fputs("' \\\n", p->out);
}

static void zsh_reports(FILE *out)
{
    char text[512];
    format_names(FORMAT_CHECK, ": ", text, sizeof text);
    fputs(text, out);
}

static void zsh_commands(FILE *out)
{
    for (size_t i = 0; i < command_count; i++) {
        fprintf(out, "        '%s:", commands[i].name);
        zsh_text(out, commands[i].summary);
        fputs("'\n", out);
    }
}

static void zsh_help(FILE *out)
{
    fputs("        help)\n            _arguments ':command:(", out);
    bash_commands(out);
    fputs(")'\n            ;;\n", out);
}

static void zsh_arguments(FILE *out)
{
    for (size_t i = 0; i < command_count; i++) {
        const char *names = arguments_of(&commands[i]);
        struct printing p = {.out = out, .command = &commands[i]};
        fprintf(out, "        %s)\n            _arguments -s \\\n", commands[i].name);
        options_each(commands[i].help, zsh_option, &p);
        fprintf(out, "                '*:%s:%s%s'\n            ;;\n", names ? names : "file",
                names ? "_storescope_" : "_files", names ? names : "");
    }
}

// ---- fish ----

static void fish_text(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++)
        fprintf(out, strchr("'\\", *text) != NULL ? "\\%c" : "%c", *text);
    fputc('\'', out);
}

static void fish_option(const struct argp_option *option, void *context)
{
    struct printing *p = context;
    char text[512];
    struct values v = values_of(option, p->command->help->command, text, sizeof text);
    fprintf(p->out, "complete -c storescope -n '__fish_seen_subcommand_from %s' -l %s",
            p->command->name, option->name);
    if (has_short(option))
        fprintf(p->out, " -s %c", option->key);
    if (option->arg != NULL && !is_optional(option))
        fputs(v.files ? " -r -F" : " -x", p->out);
    if (v.words != NULL)
        fprintf(p->out, " -a '%s'", v.words);
    if (v.names != NULL)
        fprintf(p->out, " -a '(storescope completions values %s 2>/dev/null)'", v.names);
    fputs(" -d ", p->out);
    fish_text(p->out, option->doc);
    fputc('\n', p->out);
}

static void fish_help(FILE *out)
{
    fputs(
        "complete -c storescope -n __fish_use_subcommand -f -a help -d 'What a command does, with "
        "examples'\ncomplete -c storescope -n '__fish_seen_subcommand_from help' -f -a '",
        out);
    bash_commands(out);
    fputs("'\n", out);
}

static void fish_commands(FILE *out)
{
    for (size_t i = 0; i < command_count; i++) {
        const char *names = arguments_of(&commands[i]);
        struct printing p = {.out = out, .command = &commands[i]};
        fprintf(out, "complete -c storescope -n __fish_use_subcommand -f -a %s -d ",
                commands[i].name);
        fish_text(out, commands[i].summary);
        fputc('\n', out);
        if (names != NULL)
            fprintf(out,
                    "complete -c storescope -n '__fish_seen_subcommand_from %s' -a "
                    "'(storescope completions values %s 2>/dev/null)'\n",
                    commands[i].name, names);
        options_each(commands[i].help, fish_option, &p);
    }
}

// ---- templates ----

// What fills the slots of the texts, a row for each.
static const struct slot {
    const char *shell, *name;
    void (*print)(FILE *out);
} slots[] = {
    {"bash", "commands", bash_commands}, {"bash", "values", bash_values},
    {"bash", "options", bash_options},   {"bash", "arguments", bash_arguments},
    {"bash", "help", bash_help},         {"zsh", "help", zsh_help},
    {"fish", "help", fish_help},         {"zsh", "reports", zsh_reports},
    {"zsh", "commands", zsh_commands},   {"zsh", "arguments", zsh_arguments},
    {"fish", "commands", fish_commands},
};

// The slot that TEXT begins with, or NULL.
static const struct slot *slot_at(const char *shell, const char *text)
{
    for (size_t i = 0; *text == '@' && i < sizeof slots / sizeof *slots; i++) {
        size_t length = strlen(slots[i].name);
        if (strcmp(slots[i].shell, shell) == 0 && strncmp(text + 1, slots[i].name, length) == 0 &&
            text[1 + length] == '@')
            return &slots[i];
    }
    return NULL;
}

static void print_template(const char *shell, const char *text, FILE *out)
{
    for (const char *at = text; *at; at++) {
        const struct slot *slot = slot_at(shell, at);
        if (slot == NULL) {
            fputc(*at, out);
            continue;
        }
        bool begins_line = at == text || at[-1] == '\n';
        slot->print(out);
        at += strlen(slot->name) + 1;
        if (begins_line && at[1] == '\n')
            at++;
    }
}

static bool print_shell(const char *shell, FILE *out)
{
    for (size_t i = 0; i < COMPLETION_TEXTS; i++) {
        const char *dot = strchr(completion_texts[i].file, '.');
        if (strcmp(dot + 1, shell) == 0) {
            print_template(shell, completion_texts[i].text, out);
            return true;
        }
    }
    return false;
}

// ---- names ----

static bool print_names(const char *kind, FILE *out)
{
    struct selection s;
    struct error error;
    if (strcmp(kind, "backends") == 0) {
        if (!select_backends(NULL, 0, &s, &error))
            return true;
        for (size_t i = 0; i < s.count; i++)
            fprintf(out, "%s\n", s.items[i]->name);
        select_free(&s);
    } else if (strcmp(kind, "contracts") == 0) {
        for (size_t i = 0; i < contract_builtin_count; i++)
            fprintf(out, "%s\n", contract_builtin(i)->name);
    } else if (strcmp(kind, "recorders") == 0) {
        for (size_t i = 0; i < recorder_kind_count; i++)
            fprintf(out, "%s\n", recorder_kinds[i]->name);
    } else if (strcmp(kind, "rules") == 0) {
        for (size_t i = 0; i < RULE_COUNT; i++)
            fprintf(out, "%s\n", rule_name[i]);
    } else if (strcmp(kind, "observers") == 0) {
        for (size_t i = 0; i < observer_builtin_count; i++)
            fprintf(out, "%s\n", observer_builtin(i)->name);
    } else if (strcmp(kind, "words") == 0) { // that `explain' knows
        for (const char *const *part =
                 (const char *const[]){"rules", "contracts", "observers", NULL};
             *part != NULL; part++)
            print_names(*part, out);
        for (size_t i = 0; i < glossary_count; i++)
            fprintf(out, "%s\n", glossary[i].word);
    } else if (strcmp(kind, "kinds") == 0) {
        for (size_t i = 0; i < LIST_KIND_COUNT; i++)
            fprintf(out, "%s\n", list_kind_name[i]);
        fputs("regions\n", out);
    } else {
        return false;
    }
    return true;
}

static bool print_completions(int argc, char **argv, FILE *out)
{
    if (argc == 3 && strcmp(argv[1], "values") == 0)
        return print_names(argv[2], out);
    return argc == 2 && print_shell(argv[1], out);
}

int command_completions(int argc, char **argv)
{
    struct output out;
    struct error error;
    if (!output_open(&out, NULL, &error))
        return error_tell("%s", error.text);
    if (!print_completions(argc, argv, out.file))
        return error_tell("say for which shell: storescope completions bash, zsh or fish");
    return output_end(&out, EXIT_CLEAN);
}
