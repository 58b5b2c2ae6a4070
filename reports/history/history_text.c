// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/history/history_text.h"

#include "reports/access_text.h"
#include "reports/heading.h"

enum { DAY_LENGTH = 10 }; // "2026-11-24"

// The row behind those that say the same as ROW of a column, and how many reports say so.
static size_t end_of_run(const struct history_table *t, size_t column, size_t row, size_t *count)
{
    const enum verdict verdict = history_cell(t, row, column)->verdict;
    for (*count = 0; row < t->rows; row++) {
        const struct history_verdict *v = history_cell(t, row, column);
        if (v != NULL && v->verdict != verdict)
            break;
        *count += v != NULL && row + 1 < t->rows;
    }
    return row;
}

// What the latest of the earlier reports that has it says; NULL: none has.
static const struct history_verdict *before_last(const struct history_table *t, size_t column)
{
    const struct history_verdict *v = NULL;
    for (size_t row = t->rows - 1; v == NULL && row-- > 0;)
        v = history_cell(t, row, column);
    return v;
}

char *history_sentence(const struct history *h, const struct history_table *t, size_t column,
                       char text[HISTORY_TEXT_MAX])
{
    size_t length = 0, row = 0, count;
    char number[COUNT_TEXT_MAX];
    *text = '\0';
    if (before_last(t, column) == NULL)
        return text;
    while (row < t->rows && length < HISTORY_TEXT_MAX) {
        const struct history_verdict *v = history_cell(t, row, column);
        if (v == NULL) {
            row++;
            continue;
        }
        const size_t from = row;
        row = end_of_run(t, column, row, &count);
        length += (size_t)snprintf(text + length, HISTORY_TEXT_MAX - length, "%s%s",
                                   length ? ", " : "", verdict_name[v->verdict]);
        if (count > 0 && length < HISTORY_TEXT_MAX)
            length += (size_t)snprintf(text + length, HISTORY_TEXT_MAX - length,
                                       " in %s since %.*s", count_print(count, "report", number),
                                       DAY_LENGTH, h->reports[from].date);
        if (row == t->rows && length < HISTORY_TEXT_MAX)
            length += (size_t)snprintf(text + length, HISTORY_TEXT_MAX - length, "%s",
                                       count > 0 ? " and now" : " now");
    }
    return text;
}

static void print_rules(uint64_t rules, const char *what, FILE *out)
{
    const char *between = " ";
    if (rules == 0)
        return;
    fputs(what, out);
    for (; rules; rules &= rules - 1, between = ", ")
        fprintf(out, "%s%s", between, rule_name[__builtin_ctzll(rules)]);
}

// What is told of a column, of this report and the one before.
struct step {
    enum change change;
    enum verdict was, is;
    uint64_t more, less; // rules newly and no longer broken
};

static struct step step_of(const struct history_table *t, size_t column)
{
    const struct history_verdict *was = before_last(t, column);
    const struct history_verdict *is = history_cell(t, t->rows - 1, column);
    if (was == NULL)
        return (struct step){.change = CHANGE_SAME};
    return (struct step){.change = history_change(t, t->rows - 1, column),
                         .was = was->verdict,
                         .is = is->verdict,
                         .more = is->rules & ~was->rules,
                         .less = was->rules & ~is->rules};
}

static bool same_step(const struct step *a, const struct step *b)
{
    return a->change == b->change && a->was == b->was && a->is == b->is && a->more == b->more &&
           a->less == b->less;
}

// Is there a column before that one line tells of together with this one?
static bool is_told(const struct history_table *t, size_t column, const struct step *step)
{
    for (size_t i = 0; i < column; i++) {
        const struct step before = step_of(t, i);
        if (same_step(&before, step))
            return true;
    }
    return false;
}

static void print_contracts(const struct history_table *t, size_t column, const struct step *step,
                            FILE *out)
{
    const char *between = " under ";
    for (; column < t->columns; column++) {
        const struct step same = step_of(t, column);
        if (!same_step(&same, step))
            continue;
        fprintf(out, "%s%s", between, t->now[column].contract);
        between = ", ";
    }
}

void history_print_changes(const struct history_table *t, const char *backend, FILE *out)
{
    static const char *const words[CHANGE_COUNT] = {
        [CHANGE_CHANGED] = "differs, as does what was run or judged",
        [CHANGE_BETTER] = "got better",
        [CHANGE_WORSE] = "got worse",
    };
    for (size_t i = 0; i < t->columns; i++) {
        const struct step step = step_of(t, i);
        if (step.change == CHANGE_SAME || is_told(t, i, &step))
            continue;
        fprintf(out, "%s: %s", words[step.change], backend);
        print_contracts(t, i, &step, out);
        if (step.was != step.is)
            fprintf(out, ": %s -> %s", verdict_name[step.was], verdict_name[step.is]);
        print_rules(step.more, "; newly broken:", out);
        print_rules(step.less, "; no longer broken:", out);
        fputc('\n', out);
    }
}

char *history_describe(const struct history *h, char text[HISTORY_TEXT_MAX])
{
    char number[COUNT_TEXT_MAX], date[HEADING_DATE_MAX];
    if (h->count == 0) {
        snprintf(text, HISTORY_TEXT_MAX, "no earlier reports");
        return text;
    }
    const struct history_report *last = &h->reports[h->count - 1];
    snprintf(text, HISTORY_TEXT_MAX, "%s, the last of %s, by storescope %s",
             count_print(h->count, "earlier report", number), heading_date(last->date, date),
             last->version);
    return text;
}
