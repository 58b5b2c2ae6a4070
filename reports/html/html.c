// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The formats: rows and sections go to two temporary files as results come in, and are
// put together at the end.

#include "reports/html/page.h"

#include "reports/access_text.h"
#include "reports/picture.h"
#include "reports/svg/svg.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

// On disk, and in memory where no temporary file can be had.
static FILE *temporary(void)
{
    FILE *file = tmpfile();
    if (file == NULL)
        file = fdopen(memfd_create("storescope-page", MFD_CLOEXEC), "w+");
    assert(file != NULL);
    return file;
}

static void begin(struct report *r)
{
    struct page *p = calloc(1, sizeof *p);
    assert(p != NULL);
    p->report = r;
    p->rows = temporary();
    p->sections = temporary();
    markup_init(&p->row, p->rows);
    markup_init(&p->section, p->sections);
    p->row.terse = p->section.terse = true;
    r->state = p;
}

// What comes later refers to it.
static void take_name(struct page *p, const struct result *r)
{
    p->names = realloc(p->names, (p->backends + 1) * sizeof *p->names);
    p->ops = realloc(p->ops, (p->backends + 1) * sizeof *p->ops);
    p->as_other = realloc(p->as_other, (p->backends + 1) * sizeof *p->as_other);
    assert(p->names != NULL && p->ops != NULL && p->as_other != NULL);
    p->names[p->backends] = strdup(r->backend->name);
    p->ops[p->backends] = r->op;
    p->as_other[p->backends] = r->op != r->backend->op;
    assert(p->names[p->backends] != NULL);
}

static void add(struct report *r, const struct result *results, size_t count)
{
    static const struct history none = {.count = 0};
    struct page *p = r->state;
    struct history_table past;
    if (page_absent_take(p, results, count))
        return;
    take_name(p, &results[0]);
    history_table_make(r->facts->history ? r->facts->history : &none, results, count, &past);
    page_matrix_row(p, results, count, &past);
    page_section(p, results, count, &past);
    page_history_add(p, results, &past);
    history_table_free(&past);
    p->backends++;
    // Nothing may be left in the buffers when workers are forked.
    fflush(p->rows);
    fflush(p->sections);
}

// What was written to a temporary file, into the page.
static void splice(struct report *r, FILE *from, struct markup *m)
{
    char buffer[1 << 16];
    size_t length;
    bool lost = fflush(from) != 0 || ferror(from) || fseek(from, 0, SEEK_SET) != 0;
    while (!lost && (length = fread(buffer, 1, sizeof buffer, from)) > 0)
        markup_raw(m, buffer, length);
    if (lost || ferror(from))
        snprintf(r->trouble, sizeof r->trouble,
                 "the temporary file of the page was lost; make room in /tmp");
}

static void write_tile(struct markup *m, const char *class, uint64_t count, const char *what)
{
    char number[COUNT_TEXT_MAX];
    markup_open_class(m, "li", class);
    markup_element(m, "b", "", count_print(count, "", number));
    markup_text(m, " ");
    markup_element(m, "span", "", what);
    markup_close(m);
}

static void write_totals(struct markup *m, const struct run_facts *facts)
{
    const struct totals *t = facts->totals;
    markup_open_class(m, "ul", "totals");
    write_tile(m, "", t->backends, t->backends == 1 ? "backend" : "backends");
    write_tile(m, "", t->cases, t->cases == 1 ? "case judged" : "cases judged");
    write_tile(m, "conforms", t->verdicts[VERDICT_CONFORMS], "conform");
    write_tile(m, "violates", t->verdicts[VERDICT_VIOLATES], "violate");
    write_tile(m, "skipped", t->verdicts[VERDICT_SKIPPED], "skipped");
    write_tile(m, "broken", t->verdicts[VERDICT_BROKEN], "not judged");
    markup_close(m);
    if (t->light > 0)
        markup_element(m, "p", "", totals_light);
    if (facts->note != NULL)
        markup_element(m, "p", "warn", facts->note);
    if (t->interrupted)
        markup_element(m, "p", "warn",
                       "Interrupted: the sweep ended early, so this page is not complete.");
}

// What the parts of a backend mean, once for all of them.
static void write_key(struct markup *m)
{
    static const char *const texts[][2] = {
        {"Picture", "Time runs downwards, bytes across: loads over the source, stores over the "
                    "destination. S scalar, V vector, M masked, R string, N non-temporal, A "
                    "atomic; F fence, L flush. Hatched: stored again. Triangle: below the one "
                    "before it. Jag: an aligned element is left half written. Faint lines are "
                    "cache lines, strong ones pages."},
        {"Disassembly", "The letters of the cases stand where these touch memory; ← names the "
                        "rules that blame an instruction, and in which cases."},
        {"Where", "Downwards the size in bytes, across the destination's place in its cache line. "
                  "Full: every case there breaks the rule; striped: some do; pale: none does; "
                  "blank: none was run."},
        {"Which stores", "With both sides at page starts; n is the size, [a,b) the bytes from "
                         "offset a to before b, in program order; k any whole number that fits."},
        {"Machine code", "What no case of this sweep reached: offset from the routine's entry, "
                         "number of instructions, the first of them."},
    };
    markup_open_class(m, "details", "part key");
    markup_element(m, "summary", "", "How to read them");
    markup_open_class(m, "dl", "facts");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        page_fact(m, texts[i][0], texts[i][1]);
    markup_close_all(m, 2);
}

static void page_free(struct page *p)
{
    for (size_t i = 0; i < p->backends; i++)
        free(p->names[i]);
    free(p->names);
    free(p->ops);
    free(p->as_other);
    free(p->patterns_of);
    dedup_free(&p->patterns);
    dedup_free(&p->dedup);
    page_history_free(p);
    page_absent_free(p);
    fclose(p->rows);
    fclose(p->sections);
    free(p);
}

static void end(struct report *r)
{
    struct page *p = r->state;
    struct markup m;
    char left_out[COUNT_TEXT_MAX];
    page_begin(&m, r->out, "storescope: which copy is safe for which memory",
               "Which copy routine is safe for which memory");
    page_origin(&m, r->facts);
    page_changes(&m, p);
    page_history_top(&m, p);
    write_totals(&m, r->facts);
    page_matrix_head(&m, r->facts);
    splice(r, p->rows, &m);
    markup_close_all(&m, 3); // tbody, table, the box around it
    page_matrix_legend(&m, p);
    markup_close(&m); // the section of the matrix
    markup_open_class(&m, "section", "backends");
    markup_element(&m, "h2", "", "Backends");
    write_key(&m);
    if (p->left_out > 0) {
        markup_open_class(&m, "p", "warn");
        markup_format(&m,
                      "%s no picture here, so that the page stays small enough to open; the "
                      "command at each draws it.",
                      count_print(p->left_out, "case", left_out));
        markup_close(&m);
    }
    if (p->told)
        markup_element(
            &m, "p", "warn",
            "Made of JSON reports, which have of each smallest case the accesses to "
            "blame alone: here are no pictures, no disassembly, no charts and no stores by size; "
            "the commands show them.");
    splice(r, p->sections, &m);
    markup_close(&m);
    page_absent_write(&m, p);
    markup_open_class(&m, "section", "host");
    markup_element(&m, "h2", "", "Machine");
    page_host(&m, r->facts);
    markup_close_all(&m, 2);
    page_end(&m);
    page_free(p);
}

static void trace(struct report *r, const struct trace_report *report)
{
    struct markup m;
    struct calls calls;
    char text[CASE_TEXT_MAX], outcome[OUTCOME_TEXT_MAX], sentence[512];
    const struct svg_options options = {.rows_max = report->text.rows_max};
    case_print(report->c, text);
    outcome_print(report->recording, outcome, sizeof outcome);
    page_begin(&m, r->out, report->backend->name, "Every load and store of one copy");
    markup_open_class(&m, "section", "case one");
    markup_attr_format(&m, "data-size", "%" PRIu64, report->c->size);
    markup_element(&m, "h2", "name", report->backend->name);
    markup_open(&m, "p");
    markup_element(&m, "code", "", text);
    markup_format(&m, ": %s, recorder %s", outcome, report->recorder);
    if (report->recording->cpu[0])
        markup_format(&m, ", cpu %s", report->recording->cpu);
    markup_close(&m);
    calls_of_recording(report->recording, &calls);
    page_calls(&m, &calls);
    page_command(&m, "", report->backend, r->facts->run ? &r->facts->run->setup : NULL, text);
    markup_open(&m, "figure");
    markup_attr(&m, "tabindex", "0");
    svg_picture(&m, report, &options);
    picture_sentence(report->recording, report->c->size, sentence, sizeof sentence);
    markup_element(&m, "figcaption", "", sentence);
    markup_close_all(&m, 2);
    page_end(&m);
}

const struct format format_html = {
    .name = "html",
    .suffix = "html",
    .about = "a page to open in a browser, with every picture",
    .commands = FORMAT_SWEEPS,
    .folder_file = "index.html",
    .charts = true,
    .patterns = true,
    .begin = begin,
    .add = add,
    .end = end,
};

const struct format format_html_trace = {
    .name = "html",
    .suffix = "html",
    .about = "a page with the store picture and its replay",
    .commands = FORMAT_TRACE,
    .folder_file = "index.html",
    .trace = trace,
};
