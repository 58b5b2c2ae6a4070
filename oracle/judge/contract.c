// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A contract's text, line by line. The built-in texts are parsed when they are
// first asked for, in an order in which each includes only earlier ones.

#include "judge/contract.h"

#include "base/file.h"
#include "base/lines.h"
#include "base/nearest.h"
#include "base/printable.h"
#include "judge/contract_params.h"
#include "judge/contract_texts.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 200, WORDS_MAX = 8, FILE_MAX_BYTES = 1 << 16, OWN_NAME_MAX = 64 };

struct parser {
    struct text_lines lines;
    struct contract *out;
    unsigned sides; // of the section; 0 before the first
    bool always;
    bool named, has_include, has_rules;
};

// ---- rows ----

static bool unknown_rule(const struct parser *p, const char *word)
{
    return text_lines_fail(&p->lines,
                           "`%s` is no rule; expected one of `storescope list rules`, such as %s",
                           word, rule_name[rule_meant(word)]);
}

// The row of a rule that holds for SIDE (or, DEVICE_BOTH, always); else NULL.
static struct contract_rule *find_row(struct contract *c, enum rule_id rule, unsigned side)
{
    for (size_t i = 0; i < c->rule_count; i++)
        if (c->rules[i].rule == rule && (c->rules[i].sides & side) == side)
            return &c->rules[i];
    return NULL;
}

// Drops all rows of a rule; false when there was none.
static bool drop_rule(struct contract *c, enum rule_id rule)
{
    size_t kept = 0, count = c->rule_count;
    for (size_t i = 0; i < count; i++)
        if (c->rules[i].rule != rule)
            c->rules[kept++] = c->rules[i];
    c->rule_count = kept;
    return kept < count;
}

// A rule named again gets new parameters wherever it held already, so that a
// user's relaxed one is not kept strict by an included row of another section.
static void set_row(struct contract *c, enum rule_id rule, unsigned sides, bool always,
                    const struct rule_params *params)
{
    struct contract_rule *row;
    if (always)
        drop_rule(c, rule);
    row = find_row(c, rule, sides);
    if (row) {
        row->params = *params;
        return;
    }
    assert(c->rule_count < CONTRACT_RULES_MAX); // at most one row a rule and side
    c->rules[c->rule_count++] = (struct contract_rule){rule, sides, always, *params};
}

static bool parse_rule(struct parser *p, char **words, size_t count)
{
    enum rule_id rule;
    struct rule_params params = {0};
    unsigned seen = 0;
    bool drop = words[0][0] == '-';
    if (!rule_find(words[0] + drop, &rule))
        return unknown_rule(p, words[0] + drop);
    if (drop && count > 1)
        return text_lines_fail(&p->lines, "`%s` drops a rule; expected no parameters", words[0]);
    p->has_rules = true;
    if (!contract_rule_takes_params(rule))
        return text_lines_fail(&p->lines, "`%s` holds in every contract; expected no line for it",
                               rule_name[rule]);
    if (drop)
        return drop_rule(p->out, rule) ||
               text_lines_fail(&p->lines,
                               "`%s` drops a rule that is not there; expected one that is included",
                               words[0]);
    if (p->sides == 0)
        return text_lines_fail(
            &p->lines, "a rule before any section; expected [always], [dst] or [src] above it");
    if (rule == RULE_TORN_ELEMENT && p->sides == DEVICE_SRC)
        return text_lines_fail(
            &p->lines, "torn-element is about stores to the destination; expected torn-load, which "
                       "is about loads of the source");
    if (rule == RULE_TORN_LOAD && p->sides == DEVICE_DST)
        return text_lines_fail(
            &p->lines, "torn-load is about loads of the source; expected torn-element, which is "
                       "about stores to the destination");
    for (size_t i = 1; i < count; i++)
        if (!contract_param_parse(&p->lines, rule, words[i], &seen, &params))
            return false;
    set_row(p->out, rule, p->sides, p->always, &params);
    return true;
}

// ---- lines ----

static bool parse_section(struct parser *p, const char *word, size_t count)
{
    if (count != 1)
        return text_lines_fail(&p->lines, "words after %s; expected each rule on a line of its own",
                               word);
    p->always = strcmp(word, "[always]") == 0;
    p->sides = p->always                    ? DEVICE_BOTH
               : strcmp(word, "[dst]") == 0 ? DEVICE_DST
               : strcmp(word, "[src]") == 0 ? DEVICE_SRC
                                            : 0;
    return p->sides != 0 ||
           text_lines_fail(&p->lines, "section %s; expected [always], [dst] or [src]", word);
}

static bool parse_name(struct parser *p, char **words, size_t count)
{
    if (p->named)
        return text_lines_fail(&p->lines, "a second `contract` line; expected one");
    if (count != 2 || strlen(words[1]) >= OWN_NAME_MAX)
        return text_lines_fail(
            &p->lines, "expected `contract NAME`, a name of one word of at most %d characters",
            OWN_NAME_MAX - 1);
    snprintf(p->out->name, sizeof p->out->name, "%s", words[1]);
    printable(p->out->name);
    p->named = true;
    return true;
}

static bool parse_memory(struct parser *p, const char *text)
{
    if (!p->named)
        return text_lines_fail(&p->lines, "`memory`; expected a `contract NAME` line first");
    if (p->out->memory[0])
        return text_lines_fail(&p->lines, "a second `memory` line; expected one");
    if (strlen(text) >= sizeof p->out->memory)
        return text_lines_fail(
            &p->lines, "the memory's description is too long; expected at most %zu characters",
            sizeof p->out->memory - 1);
    memcpy(p->out->memory, text, strlen(text) + 1);
    printable(p->out->memory);
    return true;
}

static bool parse_ops(struct parser *p, char **words, size_t count)
{
    enum copy_op op;
    p->out->ops = 0;
    for (size_t i = 1; i < count; i++) {
        if (!copy_op_parse(words[i], &op))
            return text_lines_fail(&p->lines, "ops `%s`; expected %s", words[i], copy_op_expected);
        p->out->ops |= 1u << op;
    }
    return p->out->ops != 0 ||
           text_lines_fail(&p->lines, "`ops` of none; expected %s", copy_op_expected);
}

static void include(struct contract *c, const struct contract *other)
{
    c->ops = other->ops;
    for (size_t i = 0; i < other->rule_count; i++) {
        const struct contract_rule *row = &other->rules[i];
        set_row(c, row->rule, row->sides, row->always, &row->params);
    }
}

static bool parse_include(struct parser *p, char **words, size_t count)
{
    const struct contract *other = count == 2 ? contract_find(words[1]) : NULL;
    if (p->has_rules)
        return text_lines_fail(&p->lines, "`include` after rules; expected above them");
    if (count > 2)
        return text_lines_fail(&p->lines,
                               "`include` of more than one contract; expected one a line");
    if (!other)
        return text_lines_fail(
            &p->lines,
            "include of `%s`; expected a built-in contract (`storescope list contracts`)",
            count > 1 ? words[1] : "");
    include(p->out, other);
    p->has_include = true;
    return true;
}

// LINE is cut into words; comments are gone.
static bool parse_line(struct parser *p, char *line)
{
    char *words[WORDS_MAX], *rest = line, *word;
    size_t count = 0;
    if (strncmp(line, "memory ", 7) == 0 || strncmp(line, "memory\t", 7) == 0)
        return parse_memory(p, line + 7 + strspn(line + 7, " \t"));
    while ((word = strtok_r(rest, " \t", &rest))) {
        if (count == WORDS_MAX)
            return text_lines_fail(&p->lines, "too many words; expected a rule and its parameters");
        words[count++] = word;
    }
    if (count == 0)
        return true;
    if (strcmp(words[0], "contract") == 0)
        return parse_name(p, words, count);
    if (!p->named)
        return text_lines_fail(&p->lines, "`%s`; expected a `contract NAME` line first", words[0]);
    if (strcmp(words[0], "include") == 0)
        return parse_include(p, words, count);
    if (strcmp(words[0], "ops") == 0)
        return parse_ops(p, words, count);
    if (words[0][0] == '[')
        return parse_section(p, words[0], count);
    return parse_rule(p, words, count);
}

static bool parse_lines(struct parser *p)
{
    const char *text;
    size_t bytes;
    while (text_lines_cut(&p->lines, &text, &bytes)) {
        char line[LINE_MAX_BYTES + 1];
        if (bytes > LINE_MAX_BYTES)
            return text_lines_fail(&p->lines, "a line of %zu characters; expected at most %d",
                                   bytes, LINE_MAX_BYTES);
        memcpy(line, text, bytes);
        line[bytes] = '\0';
        if (strlen(line) != bytes)
            return text_lines_fail(&p->lines, "a NUL byte; expected text");
        line[strcspn(line, "#\r")] = '\0';
        for (size_t n = strlen(line); n > 0 && (line[n - 1] == ' ' || line[n - 1] == '\t'); n--)
            line[n - 1] = '\0';
        if (!parse_line(p, line + strspn(line, " \t")))
            return false;
    }
    return true;
}

// ---- what follows from several rules together ----

static uint32_t limit_of(const struct contract *c, enum rule_id rule, unsigned side)
{
    for (size_t i = 0; i < c->rule_count; i++)
        if (c->rules[i].rule == rule && (c->rules[i].sides & side))
            return c->rules[i].params.max ? c->rules[i].params.max : 8;
    return 0;
}

// Bytes of the words around the destination that may be written back; 0: none.
static uint32_t words_of(const struct contract *c)
{
    for (size_t i = 0; i < c->rule_count; i++)
        if (c->rules[i].rule == RULE_OUT_OF_BOUNDS_STORE)
            return c->rules[i].params.within;
    return 0;
}

static void lower_max(struct rule_params *p, uint32_t limit)
{
    if (limit > 0 && limit < 8 && (p->max == 0 || p->max > limit))
        p->max = limit;
}

// No access is both narrower than the widest and not narrower than a wider one.
static void lower_min(struct rule_params *p, uint32_t limit)
{
    if (limit > 0 && (p->min ? p->min : 4) > limit)
        p->min = limit;
}

static void finish_row(const struct contract *c, struct contract_rule *row)
{
    struct rule_params *p = &row->params;
    switch (row->rule) {
    case RULE_SPLIT_STORE:
        lower_max(p, limit_of(c, RULE_WIDE_STORE, DEVICE_DST));
        p->within = words_of(c);
        if (p->request == REQUEST_ANY && limit_of(c, RULE_MISALIGNED_STORE, DEVICE_DST))
            p->request = REQUEST_DST_ALIGNED;
        break;
    case RULE_SPLIT_LOAD:
        lower_max(p, limit_of(c, RULE_WIDE_LOAD, DEVICE_SRC));
        if (p->request == REQUEST_ANY && limit_of(c, RULE_MISALIGNED_LOAD, DEVICE_SRC))
            p->request = REQUEST_SRC_ALIGNED;
        break;
    case RULE_TORN_ELEMENT:
        lower_max(p, limit_of(c, RULE_WIDE_STORE, DEVICE_DST));
        break;
    case RULE_TORN_LOAD:
        lower_max(p, limit_of(c, RULE_WIDE_LOAD, DEVICE_SRC));
        break;
    case RULE_NARROW_STORE:
        lower_min(p, limit_of(c, RULE_WIDE_STORE, DEVICE_DST));
        break;
    case RULE_NARROW_LOAD:
        lower_min(p, limit_of(c, RULE_WIDE_LOAD, DEVICE_SRC));
        break;
    default:
        break;
    }
}

// BASE: the contract whose rules hold in every other, or NULL for itself.
static bool parse(const char *file, const char *text, size_t length, const struct contract *base,
                  struct contract *out, struct error *error)
{
    struct parser p = {.lines = {.file = file, .at = text, .end = text + length, .error = error},
                       .out = out};
    memset(out, 0, sizeof *out);
    if (base)
        include(out, base);
    if (!parse_lines(&p))
        return false;
    if (!p.named)
        return text_lines_fail(&p.lines, "no `contract NAME` line; expected one");
    if (!p.has_include && !p.has_rules)
        return text_lines_fail(&p.lines,
                               "no rules; expected `include ram` or a section with rules");
    for (size_t i = 0; i < out->rule_count; i++)
        finish_row(out, &out->rules[i]);
    return true;
}

bool contract_parse(const char *file, const char *text, size_t length, struct contract *out,
                    struct error *error)
{
    return parse(file, text, length, contract_builtin(0), out, error);
}

// ---- built-in contracts and files ----

const size_t contract_builtin_count = CONTRACT_TEXTS;

const struct contract *contract_builtin(size_t index)
{
    static struct contract parsed[CONTRACT_TEXTS];
    static size_t done;
    struct error error;
    while (done <= index) {
        // Each includes only earlier ones.
        const struct contract_text *t = &contract_texts[done];
        if (!parse(t->file, t->text, strlen(t->text), done ? &parsed[0] : NULL, &parsed[done],
                   &error)) {
            fprintf(stderr, "storescope: built-in contract: %s\n", error.text);
            abort();
        }
        done++;
    }
    return &parsed[index];
}

const char *contract_builtin_text(size_t index)
{
    return contract_texts[index].text;
}

const struct contract *contract_find(const char *name)
{
    for (size_t i = 0; i < CONTRACT_TEXTS; i++) {
        // By the file's name, so that none is parsed for the sake of another.
        size_t n = strlen(name);
        if (strncmp(contract_texts[i].file, name, n) == 0 &&
            strcmp(contract_texts[i].file + n, ".contract") == 0)
            return contract_builtin(i);
    }
    return NULL;
}

static bool load_file(const char *path, struct contract *out, struct error *error)
{
    size_t length;
    char *text = file_read(path, FILE_MAX_BYTES, &length);
    bool ok = text && length <= FILE_MAX_BYTES;
    if (!text)
        error_set(error, "cannot read the contract %s: %s", path, strerror(errno));
    else if (!ok)
        error_set(error, "%s is larger than %d KiB; a contract is a short text", path,
                  FILE_MAX_BYTES >> 10);
    ok = ok && contract_parse(path, text, length, out, error);
    free(text);
    if (ok)
        snprintf(out->name, sizeof out->name, "%s", path);
    return ok;
}

static bool is_path(const char *name)
{
    const char *dot = strrchr(name, '.');
    return strchr(name, '/') || (dot && strcmp(dot, ".contract") == 0);
}

// Reports name it by its path, in one line that leads back to it.
static bool is_fit_to_report(const char *path, struct error *error)
{
    size_t bytes;
    const char *at = path;
    while (*at && printable_next(at, strlen(at), &bytes))
        at += bytes;
    if (strlen(path) < CONTRACT_NAME_MAX && !*at)
        return true;
    return error_set(error, "the path of the contract %.200s %s; rename or copy the file", path,
                     *at ? "has characters that cannot be shown" : "is longer than 255 characters");
}

bool contract_same(const char *a, const char *b)
{
    if (strcmp(a, b) == 0 || !is_path(a) || !is_path(b))
        return strcmp(a, b) == 0;
    char *x = realpath(a, NULL), *y = realpath(b, NULL);
    bool same = x && y && strcmp(x, y) == 0;
    free(x);
    free(y);
    return same;
}

bool contract_load(const char *name_or_path, struct contract *out, struct error *error)
{
    const struct contract *builtin = contract_find(name_or_path);
    if (builtin) {
        *out = *builtin;
        return true;
    }
    if (is_path(name_or_path))
        return is_fit_to_report(name_or_path, error) && load_file(name_or_path, out, error);
    char near_text[NEAREST_TEXT_MAX];
    struct nearest n = {.wanted = name_or_path};
    for (size_t i = 0; i < CONTRACT_TEXTS; i++)
        nearest_offer(&n, contract_builtin(i)->name);
    nearest_print(&n, near_text, sizeof near_text);
    error_set(error, "no contract `%s`; there are", name_or_path);
    for (size_t i = 0; i < CONTRACT_TEXTS; i++)
        error_add(error, "%s %s", i ? "," : "", contract_builtin(i)->name);
    return error_add(error, ", or a file such as ./mine.contract%s", near_text);
}

const char *device_side_name(enum device_side side)
{
    return side == DEVICE_BOTH ? "both" : side == DEVICE_SRC ? "src" : "dst";
}

bool device_side_parse(const char *text, enum device_side *out)
{
    for (unsigned side = DEVICE_DST; side <= DEVICE_BOTH; side++)
        if (strcmp(text, device_side_name(side)) == 0) {
            *out = (enum device_side)side;
            return true;
        }
    return false;
}

bool contract_rule_applies(const struct contract_rule *row, enum device_side device)
{
    return row->always || (row->sides & (unsigned)device);
}

const char *contract_foreign(const struct contract *c, enum copy_op op, enum device_side device)
{
    static char text[CONTRACT_NAME_MAX + 120];
    unsigned fifo = op == OP_FROM_FIFO ? DEVICE_SRC : DEVICE_DST;
    char ops[80] = "";
    for (unsigned i = 0, n = 0; i < OP_COUNT; i++)
        if (c->ops >> i & 1)
            n +=
                (unsigned)snprintf(ops + n, sizeof ops - n, "%s%s", n ? ", " : "", copy_op_name[i]);
    if (c->ops && !(c->ops >> op & 1))
        snprintf(text, sizeof text, "%s is about %s; --op says that the routine is one", c->name,
                 ops);
    else if (c->ops && op_has_fifo(op) && !(device & fifo))
        snprintf(text, sizeof text, "of %s the FIFO is the %s; --device %s asks about it",
                 copy_op_name[op], fifo == DEVICE_SRC ? "source" : "destination",
                 device_side_name((enum device_side)fifo));
    else if (op == OP_SET && !(device & DEVICE_DST))
        snprintf(text, sizeof text, "set has no source; --device dst asks about the destination");
    else
        return NULL;
    return text;
}
