// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The format `text` of each command, for people.

#include "reports/bus.h"
#include "reports/format.h"
#include "reports/heading.h"
#include "reports/text/matrix.h"

#include <assert.h>
#include <stdlib.h>

static void begin_check(struct report *r)
{
    heading_print(r->facts, &r->terminal, r->out);
}

static void add_check(struct report *r, const struct result *results, size_t count)
{
    text_check(results, count, r->facts->unreached, &r->terminal, r->out);
    if (r->facts->patterns)
        text_patterns(&results[0].patterns, r->out);
}

static void end_sweep(struct report *r)
{
    totals_print(r->facts->totals, &r->terminal, r->out);
    if (r->facts->note != NULL)
        terminal_wrap(&r->terminal, r->out, 0, r->facts->note);
}

static void begin_compare(struct report *r)
{
    struct matrix *m = malloc(sizeof *m);
    assert(m != NULL);
    matrix_init(m, r->facts->contracts, r->facts->contract_count);
    r->state = m;
    heading_print(r->facts, &r->terminal, r->out);
}

static void add_compare(struct report *r, const struct result *results, size_t count)
{
    (void)count;
    matrix_add(r->state, results);
}

static void end_compare(struct report *r)
{
    matrix_print(r->state, &r->terminal, r->out);
    fputc('\n', r->out);
    end_sweep(r);
    matrix_free(r->state);
    free(r->state);
}

static void trace(struct report *r, const struct trace_report *t)
{
    if (t->bus)
        bus_print(t->recording, t->c, t->bus, t->text.loads, r->out);
    else
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
