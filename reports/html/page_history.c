// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A routine's verdicts over time: a strip of signs in the matrix, a table in its section,
// and what changed since the report before on top of the page.

#include "base/memory.h"
#include "reports/access_text.h"
#include "reports/heading.h"
#include "reports/history/history_text.h"
#include "reports/html/page.h"
#include "reports/text/matrix.h"

#include <stdlib.h>
#include <string.h>

enum { STRIP_MAX = 12, DAY_LENGTH = 10 }; // signs of a strip, the latest; "2026-11-24"

static const char *const change_says[CHANGE_COUNT] = {
    [CHANGE_SAME] = "as in the report before",
    [CHANGE_CHANGED] = "differs, and so do the cases that were run, or what could be judged",
    [CHANGE_BETTER] = "got better: a rule is no longer broken",
    [CHANGE_WORSE] = "got worse: a rule is newly broken",
};

static bool has_history(const struct page *p)
{
    return p->report->facts->history != NULL;
}

void page_history_column(struct markup *m, const struct run_facts *facts)
{
    if (facts->history == NULL)
        return;
    markup_open(m, "th");
    markup_attr(m, "scope", "col");
    markup_text(m, "over time");
    markup_close(m);
}

static void write_sign(struct page *p, const struct history_table *t, size_t row)
{
    const bool known = history_knows(t, row);
    const enum change change = history_row_change(t, row);
    p->over_time |= known ? 1u << change : 1u << CHANGE_COUNT;
    markup_element(&p->row, "i", known ? change_name[change] : "",
                   known ? change_sign[change] : "·");
}

void page_history_strip(struct page *p, const struct history_table *t)
{
    struct markup *m = &p->row;
    if (!has_history(p))
        return;
    markup_open_class(m, "td", "past");
    for (size_t row = t->rows > STRIP_MAX ? t->rows - STRIP_MAX : 0; row < t->rows; row++)
        write_sign(p, t, row);
    markup_close(m);
}

void page_history_legend(struct markup *m, const struct page *p)
{
    char text[HISTORY_TEXT_MAX];
    if (!has_history(p))
        return;
    markup_open(m, "p");
    markup_format(m,
                  "Over time: a sign a report, the last %d of them, the oldest first and this one "
                  "last. There are %s.",
                  STRIP_MAX, history_describe(p->report->facts->history, text));
    markup_close(m);
    markup_open_class(m, "ul", "legend past");
    for (unsigned change = 0; change <= CHANGE_COUNT; change++) {
        if (!(p->over_time >> change & 1))
            continue;
        markup_open(m, "li");
        markup_element(m, "b", change < CHANGE_COUNT ? change_name[change] : "",
                       change < CHANGE_COUNT ? change_sign[change] : "·");
        markup_text(m, " ");
        markup_text(m, change < CHANGE_COUNT ? change_says[change] : "not in that report");
        markup_close(m);
    }
    markup_close(m);
}

// ---- the table of a section ----

// Do two reports say the same, by one version on one CPU? This one stands alone.
static bool is_same_row(const struct history *h, const struct history_table *t, size_t a, size_t b)
{
    if (b + 1 == t->rows || strcmp(h->reports[a].version, h->reports[b].version) != 0 ||
        strcmp(h->reports[a].cpu, h->reports[b].cpu) != 0)
        return false;
    for (size_t i = 0; i < t->columns; i++) {
        const struct history_verdict *x = history_cell(t, a, i), *y = history_cell(t, b, i);
        if ((x == NULL) != (y == NULL) ||
            (x != NULL && (x->verdict != y->verdict || x->rules != y->rules)))
            return false;
    }
    return true;
}

static void write_when(struct page *p, const struct history_table *t, size_t from, size_t to)
{
    struct markup *m = &p->section;
    const struct run_facts *facts = p->report->facts;
    char count[COUNT_TEXT_MAX];
    markup_open(m, "th");
    markup_attr(m, "scope", "row");
    if (from + 1 == t->rows) {
        markup_text(m, "this report");
        markup_close(m);
        return;
    }
    const struct history_report *first = &facts->history->reports[from];
    const char *last_date = facts->history->reports[to - 1].date;
    markup_format(m, "%.*s", DAY_LENGTH, first->date);
    if (strncmp(first->date, last_date, DAY_LENGTH) != 0)
        markup_format(m, " to %.*s", DAY_LENGTH, last_date);
    if (to > from + 1)
        markup_format(m, " (%s)", count_print(to - from, "report", count));
    markup_format(m, ", storescope %s", first->version);
    if (first->cpu[0] && strcmp(first->cpu, facts->host->cpu) != 0)
        markup_format(m, " on %s", first->cpu);
    markup_close(m);
}

static void write_cell(struct page *p, const struct history_verdict *v, enum change change)
{
    struct markup *m = &p->section;
    if (v == NULL) {
        markup_element(m, "td", "", "·");
        return;
    }
    markup_open_class(m, "td", verdict_name[v->verdict]);
    markup_element(m, "b", "", page_verdict_sign[v->verdict]);
    if (change != CHANGE_SAME)
        markup_element(m, "i", change_name[change], change_sign[change]);
    p->rules_shown |= v->rules;
    if (v->rules != 0) {
        markup_format(m, " %s", matrix_rule_short((enum rule_id)__builtin_ctzll(v->rules)));
        if (v->rules & (v->rules - 1))
            markup_format(m, "+%d", __builtin_popcountll(v->rules) - 1);
    }
    markup_close(m);
}

static void write_rows(struct page *p, const struct history_table *t)
{
    const struct history *h = p->report->facts->history;
    for (size_t row = 0, next; row < t->rows; row = next) {
        for (next = row + 1; next < t->rows && is_same_row(h, t, row, next); next++)
            ;
        if (!history_knows(t, row))
            continue;
        markup_open(&p->section, "tr");
        write_when(p, t, row, next);
        for (size_t i = 0; i < t->columns; i++)
            write_cell(p, history_cell(t, row, i), history_change(t, row, i));
        markup_close(&p->section);
    }
}

static bool is_new(const struct history_table *t)
{
    for (size_t row = 0; row + 1 < t->rows; row++)
        if (history_knows(t, row))
            return false;
    return true;
}

void page_history_section(struct page *p, const struct history_table *t)
{
    struct markup *m = &p->section;
    if (!has_history(p))
        return;
    if (is_new(t)) {
        markup_element(m, "p", "meta", "In none of the earlier reports.");
        return;
    }
    markup_open_class(m, "details", "part");
    if (history_row_change(t, t->rows - 1) != CHANGE_SAME)
        markup_flag(m, "open");
    markup_element(m, "summary", "", "Verdicts over time");
    markup_open_class(m, "div", "scroll");
    markup_attr(m, "tabindex", "0");
    markup_open_class(m, "table", "past");
    markup_open(m, "thead");
    markup_open(m, "tr");
    markup_element(m, "th", "", "");
    for (size_t i = 0; i < t->columns; i++)
        markup_element(m, "th", "", t->now[i].contract);
    markup_close_all(m, 2);
    markup_open(m, "tbody");
    write_rows(p, t);
    markup_close_all(m, 4);
}

// ---- on top of the page ----

static void write_change(struct markup *m, const struct result *results,
                         const struct history_table *t, enum change change)
{
    bool any = false;
    for (size_t i = 0; i < t->columns; i++) {
        if (history_change(t, t->rows - 1, i) != change)
            continue;
        if (!any) {
            markup_open(m, "li");
            markup_element(m, "b", change_name[change], change_sign[change]);
            markup_text(m, " ");
            markup_open(m, "a");
            page_anchor(m, "href", "#", &results[0], NULL);
            markup_text(m, results[0].backend->name);
            markup_close(m);
        }
        markup_text(m, any ? ", " : ": ");
        markup_open(m, "a");
        page_anchor(m, "href", "#", &results[i], results[i].contract->name);
        markup_text(m, results[i].contract->name);
        markup_close(m);
        any = true;
    }
    if (any)
        markup_close(m);
}

void page_history_add(struct page *p, const struct result *results, const struct history_table *t)
{
    for (unsigned change = CHANGE_CHANGED; has_history(p) && change < CHANGE_COUNT; change++) {
        struct page_since *since = &p->since[change];
        if (since->out == NULL) {
            since->out = must(open_memstream(&since->text, &since->length));
            markup_init(&since->m, since->out);
            since->m.terse = true;
        }
        write_change(&since->m, results, t, (enum change)change);
    }
}

void page_history_top(struct markup *m, struct page *p)
{
    static const enum change order[] = {CHANGE_WORSE, CHANGE_BETTER, CHANGE_CHANGED};
    char text[HISTORY_TEXT_MAX];
    size_t told = 0;
    if (!has_history(p))
        return;
    markup_open_class(m, "section", "since");
    markup_element(m, "h2", "", "What changed since the report before");
    markup_open(m, "p");
    markup_format(m, "Compared with %s.", history_describe(p->report->facts->history, text));
    markup_close(m);
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        struct page_since *since = &p->since[order[i]];
        if (since->out != NULL)
            fflush(since->out);
        if (since->length == 0)
            continue;
        told++;
        markup_open(m, "p");
        markup_format(m, "%s %s", change_sign[order[i]], change_says[order[i]]);
        markup_close(m);
        markup_open_class(m, "ul", "since");
        markup_raw(m, since->text, since->length);
        markup_close(m);
    }
    if (told == 0)
        markup_element(m, "p", "", "Nothing.");
    markup_close(m);
}

void page_history_free(struct page *p)
{
    for (unsigned change = 0; change < CHANGE_COUNT; change++) {
        if (p->since[change].out != NULL)
            fclose(p->since[change].out);
        free(p->since[change].text);
    }
}
