// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/html/page.h"

#include "reports/heading.h"
#include "reports/svg/page_texts.h"
#include "reports/svg/svg.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const page_verdict_sign[VERDICT_COUNT] = {
    [VERDICT_CONFORMS] = "✓",
    [VERDICT_VIOLATES] = "✗",
    [VERDICT_SKIPPED] = "–",
    [VERDICT_BROKEN] = "?",
};

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
    m->terse = true;
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

void page_end(struct markup *m)
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

void page_fact(struct markup *m, const char *name, const char *value)
{
    if (*value == '\0')
        return;
    markup_open(m, "div");
    markup_element(m, "dt", "", name);
    markup_element(m, "dd", "", value);
    markup_close(m);
}

void page_calls(struct markup *m, const struct calls *calls)
{
    char text[WHERE_TEXT_MAX];
    for (size_t i = 0; i < calls->count; i++) {
        markup_open_class(m, "p", "meta");
        markup_text(m, "calls ");
        markup_element(m, "code", "", called_print(&calls->items[i], text));
        markup_close(m);
    }
}

// NAME in characters that stand as they are in an id and in a link.
static size_t put_name(char *text, size_t size, size_t used, const char *name)
{
    for (; *name != '\0' && used + 4 < size; name++) {
        bool plain = isalnum((unsigned char)*name) || strchr("._:/-", *name) != NULL;
        used += (size_t)(plain ? snprintf(text + used, size - used, "%c", *name)
                               : snprintf(text + used, size - used, "_%02X", (unsigned char)*name));
    }
    return used;
}

void page_anchor_names(struct markup *m, const char *attribute, const char *sign,
                       const char *backend, const char *as_op, const char *contract)
{
    enum { ANCHOR_MAX = 1024 };
    char text[ANCHOR_MAX] = "";
    size_t used = put_name(text, sizeof text, 0, backend);
    if (as_op != NULL)
        used = put_name(text, sizeof text, put_name(text, sizeof text, used, "--as-"), as_op);
    if (contract != NULL)
        put_name(text, sizeof text, put_name(text, sizeof text, used, "--"), contract);
    markup_attr_format(m, attribute, "%s%s", sign, text);
}

void page_anchor(struct markup *m, const char *attribute, const char *sign, const struct result *r,
                 const char *contract)
{
    page_anchor_names(m, attribute, sign, r->backend->name,
                      r->op != r->backend->op ? copy_op_name[r->op] : NULL, contract);
}

void page_host(struct markup *m, const struct run_facts *facts)
{
    markup_open_class(m, "dl", "facts");
    page_fact(m, "CPU", facts->host->cpu);
    page_fact(m, "features", facts->host->features);
    page_fact(m, "libc", facts->host->libc);
    page_fact(m, "kernel", facts->host->kernel);
    if (facts->run != NULL && facts->run->recorder != NULL)
        page_fact(m, "recorder", facts->run->recorder->name);
    page_fact(m, "storescope", STORESCOPE_VERSION);
    markup_close(m);
}

void page_origin(struct markup *m, const struct run_facts *facts)
{
    char text[HEADING_TEXT_MAX], date[HEADING_DATE_MAX];
    size_t next = 0;
    markup_open_class(m, "section", "origin");
    markup_open_class(m, "p", "meta");
    markup_text(m, heading_machine(facts->host, text));
    if (*heading_date(facts->date, date))
        markup_format(m, "; %s", date);
    markup_close(m);
    char *command = heading_command(facts);
    if (*command != '\0') {
        markup_open_class(m, "p", "cmd");
        markup_element(m, "code", "", command);
        markup_close(m);
    }
    free(command);
    for (size_t i = 0; i < HEADING_FILES_MAX; i++)
        if (heading_file(facts->backends, facts->backend_count, &next, text))
            markup_element(m, "p", "meta", text);
    markup_close(m);
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

void page_begin(struct markup *m, FILE *out, const char *title, const char *lead)
{
    markup_init(m, out);
    write_head(m, title);
    markup_open(m, "body");
    write_patterns(m);
    write_banner(m, lead);
    markup_open(m, "main");
}
