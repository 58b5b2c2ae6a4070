// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/nearest.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/explain_texts.h"
#include "cli/list_rows.h"
#include "reports/glossary.h"
#include "reports/rule_help.h"

#include <string.h>

const struct command_help help_explain = {
    .name = "storescope explain",
    .arguments = "RULE|CONTRACT|OBSERVER|WORD...",
    .about =
        "Tells what a rule, a contract, an observer or a word of the reports means: when a rule is "
        "broken, why that matters, what to do, and a picture of it."
        "\vExamples:\n"
        "  storescope explain duplicate-store\n"
        "  storescope explain mmio wc\n"
        "  storescope explain conforms\n"
        "  storescope explain 'light plan'\n\n"
        "Exit status: 0 all were explained; 2 bad usage, or a word that means nothing here.",
    .command = FORMAT_EXPLAIN,
    .groups = OPTIONS_OUTPUT,
};

struct page {
    const struct terminal *terminal;
    FILE *out;
};

static void put_title(const struct page *p, const char *kind, const char *name)
{
    terminal_put(p->terminal, p->out, HUE_STRONG, name);
    fprintf(p->out, ", %s\n", kind);
}

// "Broken when: a byte ...", as a paragraph.
static void put_paragraph(const struct page *p, const char *title, const char *text)
{
    char paragraph[2048];
    if (text == NULL)
        return;
    snprintf(paragraph, sizeof paragraph, "%s%s%s", title, *title ? ": " : "", text);
    terminal_wrap(p->terminal, p->out, 0, paragraph);
}

// ---- rules ----

// Where the picture of a rule begins in docs/findings.md; NULL: it has none.
static const char *picture_of(const char *rule)
{
    static const char fence[] = "```console\n";
    char title[64];
    snprintf(title, sizeof title, "\n### %s\n", rule);
    const char *section = strstr(explain_texts[0].text, title);
    if (section == NULL)
        return NULL;
    const char *next = strstr(section + 1, "\n### "), *from = strstr(section, fence);
    return from != NULL && (next == NULL || from < next) ? from + strlen(fence) : NULL;
}

// Its command alone, where the terminal lacks the characters of the picture.
static void put_picture(const struct page *p, const char *rule)
{
    const char *at = picture_of(rule);
    if (at == NULL)
        return;
    const char *end = strstr(at, p->terminal->utf8 ? "\n```" : "\n");
    fprintf(p->out, "\n%.*s\n", (int)(end - at), at);
}

static bool has_rule(const struct contract *c, enum rule_id rule)
{
    for (size_t i = 0; i < c->rule_count; i++)
        if (c->rules[i].rule == rule)
            return true;
    return false;
}

static void put_contracts_of(const struct page *p, enum rule_id rule)
{
    char names[1024] = "";
    size_t length = 0;
    for (size_t i = 0; i < contract_builtin_count; i++)
        if (has_rule(contract_builtin(i), rule))
            length += (size_t)snprintf(names + length, sizeof names - length, "%s%s",
                                       length ? ", " : "", contract_builtin(i)->name);
    put_paragraph(p, "Contracts that have it", length ? names : "none that is built in");
}

static bool explain_rule(const char *word, const struct page *p)
{
    for (enum rule_id rule = 0; rule < RULE_COUNT; rule++) {
        if (strcmp(rule_name[rule], word) != 0)
            continue;
        const struct rule_help *help = rule_help(rule);
        put_title(p, "a rule", word);
        put_paragraph(p, "Broken when", rule_broken_when[rule]);
        put_paragraph(p, "Why it matters", help->why);
        put_paragraph(p, "What to do", help->fix);
        put_paragraph(p, "In the field", help->field);
        put_contracts_of(p, rule);
        put_picture(p, word);
        return true;
    }
    return false;
}

// ---- contracts, observers, words ----

// The lines of a comment at the beginning of a contract's file, as one paragraph.
static void put_comment(const struct page *p, const char *text)
{
    char paragraph[2048] = "";
    size_t length = 0;
    while (*text == '#' && length + 2 < sizeof paragraph) {
        size_t line = strcspn(text, "\n"), skip = line > 1 && text[1] == ' ' ? 2 : 1;
        length += (size_t)snprintf(paragraph + length, sizeof paragraph - length, "%s%.*s",
                                   length ? " " : "", (int)(line - skip), text + skip);
        text += line + (text[line] == '\n');
    }
    put_paragraph(p, "", paragraph);
}

static bool explain_contract(const char *word, const struct page *p)
{
    for (size_t i = 0; i < contract_builtin_count; i++) {
        struct error error;
        struct list_rows rows;
        if (strcmp(contract_builtin(i)->name, word) != 0)
            continue;
        put_title(p, "a contract", word);
        put_comment(p, contract_builtin_text(i));
        fputc('\n', p->out);
        if (list_gather(&rows, 1u << LIST_CONTRACTS, word, false, &error))
            list_text(&rows, 1u << LIST_CONTRACTS, p->terminal, p->out);
        list_free(&rows);
        fprintf(p->out, "\nstorescope check BACKEND --contract %s\n", word);
        return true;
    }
    return false;
}

static bool explain_observer(const char *word, const struct page *p)
{
    struct error error;
    struct list_rows rows;
    if (strpbrk(word, "*?[") || !list_gather(&rows, 1u << LIST_OBSERVERS, word, false, &error))
        return false;
    put_title(p, "an observer of --story", word);
    list_text(&rows, 1u << LIST_OBSERVERS, p->terminal, p->out);
    list_free(&rows);
    return true;
}

static bool explain_word(const char *word, const struct page *p)
{
    for (size_t i = 0; i < glossary_count; i++)
        if (strcmp(glossary[i].word, word) == 0) {
            put_title(p, "a word of the reports", word);
            put_paragraph(p, "", glossary[i].meaning);
            return true;
        }
    return false;
}

static bool (*const kinds[])(const char *word, const struct page *p) = {
    explain_rule,
    explain_contract,
    explain_observer,
    explain_word,
};

// ---- all of them ----

static bool explain(const char *word, const struct page *p)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i](word, p))
            return true;
    return false;
}

static void refuse(const char *word, struct error *error)
{
    struct nearest n = {.wanted = word};
    char near_text[NEAREST_TEXT_MAX];
    for (size_t i = 0; i < RULE_COUNT; i++)
        nearest_offer(&n, rule_name[i]);
    for (size_t i = 0; i < contract_builtin_count; i++)
        nearest_offer(&n, contract_builtin(i)->name);
    for (size_t i = 0; i < glossary_count; i++)
        nearest_offer(&n, glossary[i].word);
    nearest_print(&n, near_text, sizeof near_text);
    error_set(error,
              "'%s' is no rule, contract, observer or word of the reports%s; see `storescope list "
              "rules', or contracts, or observers",
              word, near_text);
}

static bool explain_all(const struct options *o, const struct page *p, struct error *error)
{
    for (size_t i = 0; i < o->word_count; i++) {
        if (i > 0)
            fputc('\n', p->out);
        if (!explain(o->words[i], p)) {
            refuse(o->words[i], error);
            return false;
        }
    }
    return true;
}

static int explain_words(const struct options *o)
{
    struct output out;
    struct error error;
    if (o->word_count == 0)
        return error_tell("say what to explain: a rule, a contract, an observer or a word such as "
                          "conforms; `storescope list rules' has the rules");
    if (!output_open(&out, o->output, &error))
        return error_tell("%s", error.text);
    struct terminal terminal = output_terminal(&out, o->color);
    if (explain_all(o, &(struct page){&terminal, out.file}, &error))
        return output_end(&out, EXIT_CLEAN);
    output_abandon(&out);
    return error_tell("%s", error.text);
}

int command_explain(int argc, char **argv)
{
    struct options o;
    int status;
    if (!options_read(&help_explain, argc, argv, &o, &status))
        return status;
    status = explain_words(&o);
    options_free(&o);
    return status;
}
