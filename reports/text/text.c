// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The format `text` of each command, for people.

#include "base/memory.h"
#include "reports/bus.h"
#include "reports/format.h"
#include "reports/heading.h"
#include "reports/history/history_text.h"
#include "reports/text/matrix.h"

#include <stdlib.h>
#include <string.h>

static void begin_check(struct report *r)
{
    heading_print(r->facts, &r->terminal, r->out);
}

static void add_check(struct report *r, const struct result *results, size_t count)
{
    text_check(results, count, r->facts->unreached, r->facts->history, &r->terminal, r->out);
    if (r->facts->patterns)
        text_patterns(&results[0].patterns, r->out);
}

static void end_sweep(struct report *r)
{
    totals_print(r->facts->totals, &r->terminal, r->out);
    if (r->facts->note != NULL)
        terminal_wrap(&r->terminal, r->out, 0, r->facts->note);
}

struct compare_text {
    struct matrix matrix;
    FILE *changes; // since earlier reports, a line each; NULL: none were given
    char *changed; // their text
    size_t changed_length;
};

static void begin_compare(struct report *r)
{
    struct compare_text *c = must(calloc(1, sizeof *c));
    matrix_init(&c->matrix, r->facts->contracts, r->facts->contract_count);
    if (r->facts->history != NULL)
        c->changes = must(open_memstream(&c->changed, &c->changed_length));
    r->state = c;
    heading_print(r->facts, &r->terminal, r->out);
}

static void add_compare(struct report *r, const struct result *results, size_t count)
{
    struct compare_text *c = r->state;
    struct history_table t;
    matrix_add(&c->matrix, results);
    if (c->changes == NULL)
        return;
    history_table_make(r->facts->history, results, count, &t);
    history_print_changes(&t, results[0].backend->name, c->changes);
    history_table_free(&t);
}

static void print_changes(struct report *r, struct compare_text *c)
{
    char text[HISTORY_TEXT_MAX];
    if (c->changes == NULL)
        return;
    fclose(c->changes);
    fprintf(r->out, "over time, with %s:\n", history_describe(r->facts->history, text));
    if (c->changed_length == 0)
        fputs("  nothing changed since\n", r->out);
    for (char *rest = NULL, *line = strtok_r(c->changed, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        terminal_wrap(&r->terminal, r->out, 2, line);
    fputc('\n', r->out);
    free(c->changed);
}

static void end_compare(struct report *r)
{
    struct compare_text *c = r->state;
    matrix_print(&c->matrix, &r->terminal, r->out);
    fputc('\n', r->out);
    print_changes(r, c);
    end_sweep(r);
    matrix_free(&c->matrix);
    free(c);
}

static void trace(struct report *r, const struct trace_report *t)
{
    if (t->bus) {
        bus_print(t->recording, t->c, t->bus, t->text.loads, r->out);
        return;
    }
    heading_print(r->facts, &r->terminal, r->out);
    text_trace(t, &t->text, &r->terminal, r->out);
}

const struct format format_text_check = {
    .name = "text",
    .suffix = "txt",
    .about = "for people: every finding with its witness",
    .commands = FORMAT_CHECK,
    .begin = begin_check,
    .add = add_check,
    .end = end_sweep,
};

const struct format format_text_compare = {
    .name = "text",
    .suffix = "txt",
    .about = "for people: the matrix of routines and contracts",
    .commands = FORMAT_COMPARE,
    .begin = begin_compare,
    .add = add_compare,
    .end = end_compare,
};

// Of `list regions' alone, which writes it itself.
const struct format format_map = {
    .name = "map",
    .suffix = "map",
    .about = "of regions: a text that --map takes",
    .commands = FORMAT_LIST,
};

const struct format format_text_trace = {
    .name = "text",
    .suffix = "txt",
    .about = "for people",
    .commands = FORMAT_TRACE | FORMAT_LIST | FORMAT_REPLAY | FORMAT_FUZZ | FORMAT_WATCH |
                FORMAT_PROBE | FORMAT_EXPLAIN | FORMAT_PROVE,
    .board = true,
    .trace = trace,
};
