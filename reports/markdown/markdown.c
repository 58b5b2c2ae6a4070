// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Markdown for a comment on a pull request: the totals, the matrix, then each
// routine's findings folded away. GitHub takes 65,536 characters; what is over
// that is left out, routine by routine, and the comment says how much and which
// command shows it. Bytes are counted, which are never fewer than characters.

#include "base/xml.h"
#include "reports/access_text.h"
#include "reports/calls.h"
#include "reports/finding_text.h"
#include "reports/format.h"
#include "reports/markdown/markdown_write.h"
#include "reports/text/differences.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { END_MAX = 2048, ROWS_BYTES_MAX = 24576, CHANGES_BYTES_MAX = 16384 };

struct markdown {
    struct markdown_text rows;    // of the matrix
    struct markdown_text details; // a piece a routine with findings
};

// CHANGE is of baseline_cell.
static void put_cell(const struct result *r, unsigned change, FILE *out)
{
    if (change)
        fputs(change & CELL_WORSE ? " ▲" : " ▽", out);
    switch (r->verdict) {
    case VERDICT_CONFORMS:
        fputs(r->proof.proved ? " ✅ proved |" : " ✅ |", out);
        break;
    case VERDICT_VIOLATES:
        fprintf(out, " ❌ %s", rule_name[r->findings[0].rule]);
        if (r->finding_count > 1)
            fprintf(out, " +%zu", r->finding_count - 1);
        fputs(" |", out);
        break;
    default:
        fprintf(out, " ⚠️ %s |", result_verdict(r));
    }
}

static void put_name(const struct result *r, bool cell, FILE *out)
{
    char name[1024];
    result_name(r->backend, r->op, name, sizeof name);
    markdown_code(out, name, cell);
}

static void put_finding(const struct result *r, const struct finding *f, FILE *out)
{
    char witness[CASE_TEXT_MAX], count[COUNT_TEXT_MAX];
    case_print(&f->witness, witness);
    fprintf(out, "- **%s** under %s, %s, the smallest `%s`: ", rule_name[f->rule],
            r->contract->name, count_print(f->cases, "case", count), witness);
    markdown_sentence(out, f->message);
    // Deeper than any run of backticks in a name can be.
    fputs("\n\n  ~~~~~~\n", out);
    finding_write_story(f, "  ", out);
    finding_print_accesses(f, "  ", out);
    fputs("  ", out);
    finding_print_replay(r, f, out);
    fputs("\n  ~~~~~~\n", out);
}

static bool same_finding(const struct finding *a, const struct finding *b)
{
    return a->rule == b->rule && case_compare(&a->witness, &b->witness) == 0;
}

// Was the finding shown with a contract before?
static bool is_shown(const struct result *results, size_t contract, const struct finding *f)
{
    for (size_t i = 0; i < contract; i++)
        for (size_t k = 0; k < results[i].finding_count; k++)
            if (same_finding(&results[i].findings[k], f))
                return true;
    return false;
}

static void put_calls(const struct result *results, size_t count, FILE *out)
{
    struct calls calls;
    char text[WHERE_TEXT_MAX];
    calls_of_results(results, count, &calls);
    for (size_t i = 0; i < calls.count; i++) {
        fputs("- calls ", out);
        markdown_code(out, called_print(&calls.items[i], text), false);
        fputc('\n', out);
    }
}

static void put_details(const struct result *results, size_t count, FILE *out)
{
    fputs("<details><summary><code>", out);
    xml_put(out, results[0].backend->name); // HTML as well
    fputs("</code></summary>\n\n", out);
    if (results[0].cpu[0] != '\0') {
        fputs("- emulated on cpu ", out);
        markdown_sentence(out, results[0].cpu);
        fputc('\n', out);
    }
    if (results[0].hint[0] != '\0') {
        fputs("- hint: ", out);
        markdown_sentence(out, results[0].hint);
        fputc('\n', out);
    }
    put_calls(results, count, out);
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < results[i].finding_count; k++)
            if (!is_shown(results, i, &results[i].findings[k]))
                put_finding(&results[i], &results[i].findings[k], out);
        if (results[i].reason[0] != '\0') {
            fprintf(out, "- %s under %s: ", result_verdict(&results[i]), results[i].contract->name);
            markdown_sentence(out, results[i].reason);
            fputc('\n', out);
        }
    }
    fputs("\n</details>\n", out);
}

static bool has_details(const struct result *results, size_t count)
{
    if (results[0].hint[0] != '\0')
        return true;
    for (size_t i = 0; i < count; i++)
        if (results[i].finding_count > 0 || results[i].reason[0] != '\0' ||
            results[i].cpu[0] != '\0')
            return true;
    return false;
}

static void begin(struct report *r)
{
    struct markdown *m = calloc(1, sizeof *m);
    assert(m != NULL);
    m->rows.limit = ROWS_BYTES_MAX;
    m->details.limit = MARKDOWN_COMMENT_MAX; // what the rows leave of it is known at the end
    r->state = m;
}

static unsigned change_of(const struct report *r, const struct result *result)
{
    const struct baseline *b = r->facts->baseline;
    return b == NULL ? 0
                     : baseline_cell(b, result->backend->name, result->op, result->contract->name);
}

static void add(struct report *r, const struct result *results, size_t count)
{
    struct markdown *m = r->state;
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    assert(out != NULL);
    fputs("| ", out);
    put_name(&results[0], true, out);
    fputs(" |", out);
    for (size_t i = 0; i < count; i++)
        put_cell(&results[i], change_of(r, &results[i]), out);
    fputc('\n', out);
    fclose(out);
    markdown_add(&m->rows, text, length);
    free(text);
    if (!has_details(results, count))
        return;
    text = NULL;
    out = open_memstream(&text, &length);
    assert(out != NULL);
    put_details(results, count, out);
    fclose(out);
    // The end of a piece is marked by the byte after it, to cut there later.
    markdown_add(&m->details, text, length + 1);
    free(text);
}

// Contracts that have the same difference are one line.
static void put_difference(const struct baseline *b, size_t at, bool *told, FILE *out)
{
    const struct difference *d = &b->items[at];
    char text[CASE_TEXT_MAX];
    fprintf(out, "- %s **%s**: ", d->kind == DIFFERENCE_GONE ? "▽" : "▲", difference_name[d->kind]);
    markdown_code(out, d->backend, false);
    fprintf(out, ": %s %s under", rule_name[d->rule], difference_meaning[d->kind]);
    for (size_t i = at; i < b->count; i++)
        if (!told[i] && difference_is_same(d, &b->items[i])) {
            fprintf(out, "%s %s", i > at ? "," : "", b->items[i].key.contract);
            told[i] = true;
        }
    case_print(d->has_now ? &d->now : &d->before, text);
    fprintf(out, "; %s `%s`", d->has_now ? "the smallest" : "it was", text);
    if (d->message[0]) {
        fputs(": ", out);
        markdown_sentence(out, d->message);
    }
    fputc('\n', out);
}

// What changed comes first, and is what a comment on a change is for.
static void put_changes(const struct baseline *b, FILE *out)
{
    struct markdown_text lines = {.limit = CHANGES_BYTES_MAX};
    char count[COUNT_TEXT_MAX];
    bool *told = calloc(b->count + 1, sizeof *told);
    assert(told != NULL);
    for (size_t i = 0; i < b->count; i++) {
        if (told[i])
            continue;
        char *line = NULL;
        size_t length;
        FILE *one = open_memstream(&line, &length);
        assert(one != NULL);
        put_difference(b, i, told, one);
        fclose(one);
        markdown_add(&lines, line, length);
        free(line);
    }
    fprintf(out, "**%s** from ", count_print(b->count, "difference", count));
    markdown_code(out, b->path ? b->path : "the expectations", false);
    fprintf(out, "; as expected: %s", count_print(b->as_expected, "broken rule", count));
    if (b->unjudged_count > 0)
        fprintf(out, "; not compared: %s", count_print(b->unjudged_count, "verdict", count));
    fprintf(out, ".\n\n%s", lines.length ? lines.bytes : "");
    if (lines.left_out > 0)
        fprintf(out, "- and %s more\n", count_print(lines.left_out, "", count));
    if (b->count > 0)
        fputc('\n', out);
    free(lines.bytes);
    free(told);
}

static void put_head(const struct report *r, FILE *out)
{
    const struct totals *t = r->facts->totals;
    char findings[COUNT_TEXT_MAX], backends[COUNT_TEXT_MAX], cases[COUNT_TEXT_MAX];
    fprintf(out, "### storescope: %s\n\n", count_print(t->findings, "finding", findings));
    if (r->facts->baseline != NULL)
        put_changes(r->facts->baseline, out);
    fprintf(out, "%s, %s", count_print(t->backends, "backend", backends),
            count_print(t->cases, "case", cases));
    for (size_t v = 0; v < VERDICT_COUNT; v++)
        fprintf(out, "%s%" PRIu64 " %s", v ? ", " : ": ", t->verdicts[v], verdict_name[v]);
    fputs(".\n", out);
    if (t->light > 0)
        fprintf(out, "\n%s\n", totals_light);
    if (t->unjudged > 0)
        fprintf(out, "\n**Not judged (%zu):** %s.\n", t->unjudged, t->unjudged_names);
    if (r->facts->note != NULL)
        fprintf(out, "\n%s.\n", r->facts->note);
    if (t->interrupted)
        fputs("\n**Interrupted:** the sweep ended early, so this report is not complete.\n", out);
    fputs("\n| |", out);
    for (size_t i = 0; i < r->facts->contract_count; i++)
        fprintf(out, " %s |", r->facts->contracts[i].name);
    fputs("\n|---|", out);
    for (size_t i = 0; i < r->facts->contract_count; i++)
        fputs("---|", out);
    fputc('\n', out);
}

static void put_left_out(const struct report *r, size_t rows, size_t details, FILE *out)
{
    char one[COUNT_TEXT_MAX], other[COUNT_TEXT_MAX];
    if (rows + details == 0)
        return;
    fprintf(out,
            "\n**Cut to fit a comment:** %s of the matrix and the findings of %s are not shown. "
            "All of them: ",
            count_print(rows, "row", one), count_print(details, "routine", other));
    if (r->facts->command_line != NULL && strlen(r->facts->command_line) < END_MAX / 2)
        markdown_code(out, r->facts->command_line, false);
    else
        fputs("the same command", out);
    fputs(" with `--format text`.\n", out);
}

static void end(struct report *r)
{
    struct markdown *m = r->state;
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    assert(out != NULL);
    put_head(r, out);
    fputs(m->rows.length ? m->rows.bytes : "", out);
    fputc('\n', out);
    fflush(out);
    size_t details = markdown_pieces(
        &m->details,
        length + END_MAX < MARKDOWN_COMMENT_MAX ? MARKDOWN_COMMENT_MAX - END_MAX - length : 0, out);
    put_left_out(r, m->rows.left_out, details, out);
    fclose(out);
    fputs(text, r->out);
    free(text);
    free(m->rows.bytes);
    free(m->details.bytes);
    free(m);
}

const struct format format_markdown = {
    .name = "markdown",
    .suffix = "md",
    .about = "the matrix and findings for a pull request's comment",
    .commands = FORMAT_SWEEPS,
    .begin = begin,
    .add = add,
    .end = end,
};
