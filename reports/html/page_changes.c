// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What changed against the expectations that a sweep was compared with: a row a
// difference, with the cells it is about.

#include "reports/access_text.h"
#include "reports/html/page.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

const char *page_change_sign(unsigned cell)
{
    return cell & CELL_WORSE ? "▲" : "▽";
}

static void write_case(struct markup *m, const char *what, const struct copy_case *c)
{
    char text[CASE_TEXT_MAX];
    case_print(c, text);
    markup_text(m, what);
    markup_element(m, "code", "", text);
}

// A link to the cell, where the page has it.
static void write_cell(struct markup *m, const struct page *p, const struct difference *d)
{
    const struct run_facts *facts = p->report->facts;
    size_t backend = 0, contract = 0;
    while (backend < p->backends &&
           (p->ops[backend] != d->key.op || strcmp(p->names[backend], d->backend) != 0))
        backend++;
    while (contract < facts->contract_count &&
           strcmp(facts->contracts[contract].name, d->key.contract) != 0)
        contract++;
    if (backend == p->backends || contract == facts->contract_count) {
        markup_text(m, d->key.contract);
        return;
    }
    markup_open(m, "a");
    page_anchor_names(m, "href", "#", d->backend,
                      p->as_other[backend] ? copy_op_name[d->key.op] : NULL, d->key.contract);
    markup_text(m, d->key.contract);
    markup_close(m);
}

static void write_difference(struct markup *m, const struct page *p, const struct baseline *b,
                             size_t at, bool *told)
{
    const struct difference *d = &b->items[at];
    bool gone = d->kind == DIFFERENCE_GONE;
    markup_open_class(m, "tr", gone ? "gone" : "worse");
    markup_open(m, "th");
    markup_format(m, "%s %s", page_change_sign(gone ? CELL_CHANGED : CELL_WORSE),
                  difference_name[d->kind]);
    markup_close(m);
    markup_element(m, "td", "", d->backend);
    markup_open(m, "td");
    for (size_t i = at; i < b->count; i++)
        if (!told[i] && difference_is_same(d, &b->items[i])) {
            markup_text(m, i > at ? ", " : "");
            write_cell(m, p, &b->items[i]);
            told[i] = true;
        }
    markup_close(m);
    markup_open(m, "td");
    markup_element(m, "b", "", rule_name[d->rule]);
    markup_format(m, " %s; ", difference_meaning[d->kind]);
    if (d->has_now)
        write_case(m, "smallest ", &d->now);
    if (d->has_before)
        write_case(m, gone ? "it was " : ", expected ", &d->before);
    if (d->message[0])
        page_message(m, "reason", d->message);
    markup_close_all(m, 2);
}

static void write_summary(struct markup *m, const struct baseline *b)
{
    char one[COUNT_TEXT_MAX], other[COUNT_TEXT_MAX];
    markup_open(m, "p");
    markup_format(m, "%s; as expected: %s in", count_print(b->count, "difference", one),
                  count_print(b->as_expected, "broken rule", other));
    markup_format(m, " %s of backend and contract", count_print(b->judged, "pair", one));
    if (b->strangers > 0)
        markup_format(m, "; not in it: %s", count_print(b->strangers, "backend", one));
    markup_text(m, b->interrupted ? "; interrupted, the rest was not compared." : ".");
    markup_close(m);
}

static void write_unjudged(struct markup *m, const struct baseline *b)
{
    for (size_t i = 0; i < b->unjudged_count; i++) {
        const struct unjudged *u = &b->unjudged[i], *before = i ? u - 1 : NULL;
        if (before && strcmp(before->backend, u->backend) == 0 &&
            strcmp(before->reason, u->reason) == 0)
            continue;
        markup_open_class(m, "p", "reason");
        markup_format(m, "not compared: %s: %s", u->backend, u->reason);
        markup_close(m);
    }
}

void page_changes(struct markup *m, const struct page *p)
{
    const struct baseline *b = p->report->facts->baseline;
    if (b == NULL)
        return;
    bool *told = calloc(b->count + 1, sizeof *told);
    assert(told != NULL);
    markup_open_class(m, "section", "changes");
    markup_open(m, "h2");
    markup_format(m, "What changed against %s", b->path ? b->path : "the expectations");
    markup_close(m);
    write_summary(m, b);
    if (b->count > 0) {
        markup_open_class(m, "div", "scroll");
        markup_open(m, "table");
        for (int gone = 0; gone <= 1; gone++) // what got worse is told first
            for (size_t i = 0; i < b->count; i++)
                if (!told[i] && (b->items[i].kind == DIFFERENCE_GONE) == gone)
                    write_difference(m, p, b, i, told);
        markup_close_all(m, 2);
    }
    write_unjudged(m, b);
    markup_close(m);
    free(told);
}
