// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "page.h"

#include "describe.h"
#include "page_texts.h"
#include "picture.h"
#include "svg.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

const char *page_text(const char *file)
{
    for (size_t i = 0; i < PAGE_TEXTS; i++)
        if (strcmp(page_texts[i].file, file) == 0)
            return page_texts[i].text;
    abort(); // each is compiled in
}

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
    r->state = p;
}

static void add(struct report *r, const struct result *results, size_t count)
{
    struct page *p = r->state;
    page_matrix_row(p, results, count);
    page_section(p, results, count);
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

static void write_meta(struct markup *m, const char *name, const char *content)
{
    markup_open(m, "meta");
    markup_attr(m, "name", name);
    markup_attr(m, "content", content);
    markup_close(m);
}

static void write_style(struct markup *m, const char *file)
{
    const char *css = page_text(file);
    markup_open(m, "style");
    markup_raw(m, css, strlen(css));
    markup_close(m);
}

// The policy forbids the page every request: it has all it needs.
static void write_head(struct markup *m, const char *title)
{
    fputs("<!DOCTYPE html>\n", m->out);
    markup_open(m, "html");
    markup_attr(m, "lang", "en");
    markup_open(m, "head");
    markup_open(m, "meta");
    markup_attr(m, "charset", "utf-8");
    markup_close(m);
    markup_open(m, "meta");
    markup_attr(m, "http-equiv", "Content-Security-Policy");
    markup_attr(m, "content",
                "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'");
    markup_close(m);
    write_meta(m, "viewport", "width=device-width, initial-scale=1");
    write_meta(m, "color-scheme", "light dark");
    write_meta(m, "generator", "storescope " STORESCOPE_VERSION);
    markup_element(m, "title", "", title);
    write_style(m, "page.css");
    write_style(m, "picture.css");
    markup_close(m);
}

static void write_foot(struct markup *m)
{
    const char *script = page_text("page.js");
    markup_open(m, "script");
    markup_raw(m, script, strlen(script));
    markup_close(m);
    while (m->depth > 0)
        markup_close(m);
    fputc('\n', m->out);
}

static void write_patterns(struct markup *m)
{
    markup_open_class(m, "svg", "defs");
    markup_attr(m, "aria-hidden", "true");
    svg_patterns(m);
    markup_close(m);
}

static void write_fact(struct markup *m, const char *name, const char *value)
{
    if (*value == '\0')
        return;
    markup_open(m, "div");
    markup_element(m, "dt", "", name);
    markup_element(m, "dd", "", value);
    markup_close(m);
}

static void write_host(struct markup *m, const struct run_facts *facts)
{
    markup_open_class(m, "dl", "facts");
    write_fact(m, "CPU", facts->host->cpu);
    write_fact(m, "features", facts->host->features);
    write_fact(m, "libc", facts->host->libc);
    write_fact(m, "kernel", facts->host->kernel);
    if (facts->run != NULL && facts->run->recorder != NULL)
        write_fact(m, "recorder", facts->run->recorder->name);
    write_fact(m, "storescope", STORESCOPE_VERSION);
    markup_close(m);
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
    if (t->interrupted)
        markup_element(m, "p", "warn",
                       "Interrupted: the sweep ended early, so this page is not complete.");
}

static void write_banner(struct markup *m, const char *what)
{
    markup_open_class(m, "header", "top");
    markup_element(m, "h1", "", "storescope");
    markup_element(m, "p", "lead", what);
    markup_open_class(m, "div", "tools");
    markup_attr(m, "id", "tools");
    markup_close_all(m, 2);
}

static void end(struct report *r)
{
    struct page *p = r->state;
    struct markup m;
    char left_out[COUNT_TEXT_MAX];
    markup_init(&m, r->out);
    write_head(&m, "storescope: which copy is safe for which memory");
    markup_open(&m, "body");
    write_patterns(&m);
    write_banner(&m, "Which copy routine is safe for which memory");
    markup_open(&m, "main");
    write_totals(&m, r->facts);
    page_matrix_head(&m, r->facts);
    splice(r, p->rows, &m);
    markup_close_all(&m, 3); // tbody, table, the box around it
    page_matrix_legend(&m, p);
    markup_close(&m); // the section of the matrix
    markup_open_class(&m, "section", "backends");
    markup_element(&m, "h2", "", "Backends");
    if (p->left_out > 0) {
        markup_open_class(&m, "p", "warn");
        markup_format(&m,
                      "%s no picture here, so that the page stays small enough to open; the "
                      "command at each draws it.",
                      count_print(p->left_out, "case", left_out));
        markup_close(&m);
    }
    splice(r, p->sections, &m);
    markup_close(&m);
    markup_open_class(&m, "section", "host");
    markup_element(&m, "h2", "", "Machine");
    write_host(&m, r->facts);
    markup_close_all(&m, 2);
    write_foot(&m);
    once_free(&p->once);
    fclose(p->rows);
    fclose(p->sections);
    free(p);
}

static void trace(struct report *r, const struct trace_report *report)
{
    struct markup m;
    char text[CASE_TEXT_MAX], outcome[TRACE_REASON_MAX + 160], sentence[512];
    const struct svg_options options = {.rows_max = report->text.rows_max};
    markup_init(&m, r->out);
    case_print(report->c, text);
    outcome_print(report->recording, outcome, sizeof outcome);
    write_head(&m, report->backend->name);
    markup_open(&m, "body");
    write_patterns(&m);
    write_banner(&m, "Every load and store of one copy");
    markup_open(&m, "main");
    markup_open_class(&m, "section", "case one");
    markup_attr(&m, "data-replay", "d0:0");
    markup_element(&m, "h2", "name", report->backend->name);
    markup_open(&m, "p");
    markup_element(&m, "code", "", text);
    markup_format(&m, ": %s, recorder %s", outcome, report->recorder);
    markup_close(&m);
    page_command(&m, report->backend, text);
    markup_open(&m, "figure");
    markup_open_class(&m, "div", "scroll");
    markup_attr(&m, "tabindex", "0");
    markup_attr(&m, "role", "region");
    markup_attr(&m, "aria-label", "Store picture");
    svg_picture(&m, report, &options);
    markup_close(&m);
    picture_sentence(report->recording, report->c->size, sentence, sizeof sentence);
    markup_element(&m, "figcaption", "", sentence);
    markup_close_all(&m, 2);
    char *json = page_replay_json(report->recording, report->c, options.rows_max);
    markup_open(&m, "script");
    markup_attr(&m, "type", "application/json");
    markup_attr(&m, "id", "d0");
    markup_text(&m, "");
    markup_json(&m, "[");
    markup_json(&m, json);
    markup_json(&m, "]");
    markup_close_all(&m, 2);
    free(json);
    write_foot(&m);
}

const struct format format_html = {
    .name = "html",
    .about = "a page to open in a browser, with every picture",
    .commands = FORMAT_SWEEPS,
    .folder_file = "index.html",
    .charts = true,
    .laws = true,
    .begin = begin,
    .add = add,
    .end = end,
};

const struct format format_html_trace = {
    .name = "html",
    .about = "a page with the store picture and its replay",
    .commands = FORMAT_TRACE,
    .folder_file = "index.html",
    .trace = trace,
};
