// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/cli.h"
#include "cli/generated/generated.h"
#include "cli/options/option_reader.h"
#include "judge/contract.h"
#include "reports/rule_help.h"

#include <ctype.h>
#include <string.h>

// TEXT where roff reads it: what it would take for commands or typography is
// escaped. START: a line begins here.
static void put_text(FILE *out, const char *text, size_t length, bool start)
{
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (start && (c == '.' || c == '\''))
            fputs("\\&", out);
        if (c == '\\')
            fputs("\\e", out);
        else if (c == '-')
            fputs("\\-", out);
        else if (c == '\'')
            fputs("\\(aq", out);
        else if (c == '`')
            fputs("\\(ga", out);
        else if (c == '~')
            fputs("\\(ti", out);
        else if (c == '^')
            fputs("\\(ha", out);
        else
            fputc(c, out);
        start = c == '\n';
    }
}

static void put(FILE *out, const char *text)
{
    put_text(out, text, strlen(text), true);
}

// One paragraph: examples, which are indented, line by line as they are.
static void put_paragraph(FILE *out, const char *text, size_t length)
{
    const char *end = text + length;
    bool filled = true;
    while (text < end) {
        size_t line = strcspn(text, "\n");
        if (line > (size_t)(end - text))
            line = (size_t)(end - text);
        bool indented = line > 1 && text[0] == ' ' && text[1] == ' ';
        if (indented == filled)
            fputs(indented ? ".RS 4\n.nf\n" : ".fi\n.RE\n", out);
        filled = !indented;
        while (line > 0 && *text == ' ')
            text++, line--;
        put_text(out, text, line, true);
        fputc('\n', out);
        text += line + 1;
    }
    if (!filled)
        fputs(".fi\n.RE\n", out);
}

static void put_paragraphs(FILE *out, const char *text)
{
    for (bool first = true; *text; first = false) {
        const char *end = strstr(text, "\n\n");
        size_t length = end ? (size_t)(end - text) : strlen(text);
        if (strncmp(text, "Examples:\n", 10) == 0) {
            fputs(".SH EXAMPLES\n", out);
            text += 10;
            length -= 10;
        } else if (strncmp(text, "Exit status: ", 13) == 0) {
            fputs(".SH EXIT STATUS\n", out);
            text += 13;
            length -= 13;
        } else {
            fputs(first ? ".SH NOTES\n" : ".PP\n", out);
        }
        put_paragraph(out, text, length);
        text += length + (end ? 2 : 0);
    }
}

static void put_option(const struct argp_option *option, void *context)
{
    FILE *out = context;
    fputs(".TP\n.B ", out);
    if (option->key > ' ' && option->key < 0x7f)
        fprintf(out, "\\-%c, ", option->key);
    fputs("\\-\\-", out);
    put_text(out, option->name, strlen(option->name), false);
    if (option->arg != NULL) {
        bool optional = option->flags & OPTION_ARG_OPTIONAL;
        fputs(optional ? "[=\\fI" : "=\\fI", out);
        put_text(out, option->arg, strlen(option->arg), false);
        fputs(optional ? "\\fB]\\fR" : "\\fR", out);
    }
    fputc('\n', out);
    put(out, option->doc);
    fputs(".\n", out);
}

static void put_title(FILE *out, const char *name, int section)
{
    fputs(".\\\" made by `storescope manual'\n.TH ", out);
    for (const char *at = name; *at; at++)
        fputc(toupper((unsigned char)*at), out);
    fprintf(out, " %d %s \"storescope %s\" \"storescope manual\"\n", section, STORESCOPE_DATE,
            STORESCOPE_VERSION);
}

// "[BACKEND...]\n--diff A B": a line a form.
static void put_synopsis(FILE *out, const struct command_help *help)
{
    fputs(".SH SYNOPSIS\n", out);
    for (const char *at = help->arguments; at != NULL;) {
        size_t length = strcspn(at, "\n");
        fputs(".B ", out);
        put(out, help->name);
        fputs("\n[\\fIOPTION\\fR...] ", out);
        put_text(out, at, length, false);
        fputc('\n', out);
        at = at[length] ? at + length + 1 : NULL;
        if (at != NULL)
            fputs(".br\n", out);
    }
}

static void print_command(const struct command *c, FILE *out)
{
    char name[64];
    const char *more = strchr(c->help->about, '\v');
    size_t length = more ? (size_t)(more - c->help->about) : strlen(c->help->about);
    snprintf(name, sizeof name, "storescope-%s", c->name);
    put_title(out, name, 1);
    fputs(".SH NAME\n", out);
    put(out, name);
    fputs(" \\- ", out);
    fputc(tolower((unsigned char)c->summary[0]), out);
    put(out, c->summary + 1);
    fputc('\n', out);
    put_synopsis(out, c->help);
    fputs(".SH DESCRIPTION\n", out);
    put_text(out, c->help->about, length, true);
    fputs("\n.SH OPTIONS\n", out);
    options_each(c->help, put_option, out);
    if (more != NULL)
        put_paragraphs(out, more + 1);
    fputs(".SH SEE ALSO\n.BR storescope (1)\n", out);
}

static void print_program(FILE *out)
{
    put_title(out, "storescope", 1);
    fputs(".SH NAME\nstorescope \\- a logic analyser for memory copies\n"
          ".SH SYNOPSIS\n.B storescope\n\\fICOMMAND\\fR [\\fIOPTION\\fR...] [\\fIARGUMENT\\fR...]\n"
          ".SH DESCRIPTION\n"
          "Runs a real copy routine, records every load and store that its machine code makes,\n"
          "and says for which kind of memory it is safe: private RAM, RAM that a guest polls, a\n"
          "write\\-combining buffer, a PCI BAR, device memory, a 32\\-bit bus, persistent memory.\n"
          ".SH COMMANDS\n",
          out);
    for (size_t i = 0; i < command_count; i++) {
        fprintf(out, ".TP\n.BR storescope\\-%s (1)\n", commands[i].name);
        put(out, commands[i].summary);
        fputs(".\n", out);
    }
    fputs(".SH EXIT STATUS\n.TP\n0\nNo finding.\n.TP\n1\nFindings.\n.TP\n2\n"
          "Bad usage, nothing to test, or a case that could not be judged; one line on standard\n"
          "error says what to do.\n"
          ".SH ENVIRONMENT\n.TP\nNO_COLOR\nIf set to something, there is no colour unless "
          "\\-\\-color=always is given.\n.TP\nTERM\nNo colour on a terminal of type dumb.\n"
          ".TP\nLC_ALL, LC_CTYPE, LANG\nCharacters beyond ASCII are printed in a UTF\\-8 locale "
          "alone.\n"
          ".SH EXAMPLES\n.RS 4\n.nf\nstorescope list backends\n"
          "storescope trace musl/memcpy \\(aqmemcpy size=15\\(aq\n"
          "storescope check musl/memcpy \\-\\-contract shared\nstorescope compare\n.fi\n.RE\n"
          ".SH SEE ALSO\n",
          out);
    for (size_t i = 0; i < command_count; i++)
        fprintf(out, ".BR storescope\\-%s (1)%s\n", commands[i].name,
                i + 1 < command_count ? "," : "");
}

static void put_sentence(FILE *out, const char *before, const char *title, const char *text)
{
    if (text == NULL)
        return;
    fprintf(out, "%s%s: ", before, title);
    put_text(out, text, strlen(text), false);
    fputc('\n', out);
}

static void print_rules(FILE *out)
{
    put_title(out, "storescope-rules", 7);
    fputs(".SH NAME\nstorescope\\-rules \\- ways in which a copy can be wrong for its memory\n"
          ".SH DESCRIPTION\nA section a rule; \\fBstorescope explain\\fR RULE has its picture.\n",
          out);
    for (size_t i = 0; i < RULE_COUNT; i++) {
        const struct rule_help *help = rule_help((enum rule_id)i);
        fputs(".SS ", out);
        put(out, rule_name[i]);
        fputc('\n', out);
        put_sentence(out, "", "Broken when", rule_broken_when[i]);
        put_sentence(out, ".PP\n", "Why it matters", help->why);
        put_sentence(out, ".PP\n", "What to do", help->fix);
        put_sentence(out, ".PP\n", "In the field", help->field);
    }
    fputs(".SH SEE ALSO\n.BR storescope\\-explain (1),\n.BR storescope\\-contracts (7)\n", out);
}

// A built-in contract is its own text, comments and all.
static void print_contracts(FILE *out)
{
    put_title(out, "storescope-contracts", 7);
    fputs(
        ".SH NAME\nstorescope\\-contracts \\- kinds of memory, and what a copy must keep to there\n"
        ".SH DESCRIPTION\nA section a built\\-in contract, as the file that it is read from. One "
        "of\n"
        "your own is such a file, which \\-\\-contract takes.\n",
        out);
    for (size_t i = 0; i < contract_builtin_count; i++) {
        const char *text = contract_builtin_text(i);
        fputs(".SS ", out);
        put(out, contract_builtin(i)->name);
        fputs("\n.nf\n", out);
        put(out, text);
        fputs(".fi\n", out);
    }
    fputs(".SH SEE ALSO\n.BR storescope\\-explain (1),\n.BR storescope\\-rules (7)\n", out);
}

static const struct {
    const char *name;
    void (*print)(FILE *out);
} pages[] = {{"rules", print_rules}, {"contracts", print_contracts}};

static void (*page_of(const char *name))(FILE *out)
{
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        if (strcmp(name, pages[i].name) == 0)
            return pages[i].print;
    return NULL;
}

int command_manual(int argc, char **argv)
{
    struct output out;
    struct error error;
    const struct command *c = NULL;
    for (size_t i = 0; argc == 2 && i < command_count; i++)
        if (strcmp(argv[1], commands[i].name) == 0)
            c = &commands[i];
    void (*page)(FILE *) = argc == 2 ? page_of(argv[1]) : print_program;
    if (argc > 2 || (c == NULL && page == NULL))
        return error_tell("the manual of which command? storescope manual [COMMAND]");
    if (!output_open(&out, NULL, &error))
        return error_tell("%s", error.text);
    if (c != NULL)
        print_command(c, out.file);
    else
        page(out.file);
    return output_end(&out, EXIT_CLEAN);
}
