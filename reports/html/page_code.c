// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The patterns of a routine's stores, and what the sweep reached of its machine code.

#include "reports/access_text.h"
#include "reports/html/page.h"
#include "trace/pattern.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { PATTERN_ROWS_MAX = 40 };

static void write_patterns(struct markup *m, const struct patterns *patterns)
{
    struct pattern_line lines[PATTERN_LINES_MAX];
    size_t count, shown = 0, i = 0;
    for (; i < patterns->count && shown < PATTERN_ROWS_MAX; shown += count) {
        i = patterns_lines(patterns, i, lines, &count);
        for (size_t k = 0; k < count; k++) {
            markup_open(m, "li");
            markup_element(m, "b", "", lines[k].sizes);
            markup_text(m, " ");
            markup_element(m, "code", "", lines[k].text);
            markup_close(m);
        }
    }
    if (i < patterns->count) {
        markup_open(m, "li");
        markup_format(m, "%" PRIu64 "..%" PRIu64 " ", patterns->items[i].lo,
                      patterns->items[patterns->count - 1].hi);
        markup_element(m, "span", "", "not shown; storescope check --laws prints all");
        markup_close(m);
    }
}

// The list, or where it stands already: many routines make the same stores.
static void write_patterns_once(struct page *p, const struct result *r)
{
    struct markup *m = &p->section, list;
    char *text;
    size_t length, id;
    FILE *out = open_memstream(&text, &length);
    assert(out != NULL);
    markup_init(&list, out);
    list.terse = m->terse;
    write_patterns(&list, &r->patterns);
    fclose(out);
    if (dedup_seen(&p->patterns, text, length, &id)) {
        markup_open_class(m, "p", "meta");
        markup_text(m, "The same as of ");
        markup_open(m, "a");
        markup_attr_format(m, "href", "#l%zu", id);
        markup_text(m, p->names[p->patterns_of[id]]);
        markup_close_all(m, 2);
    } else {
        p->patterns_of = realloc(p->patterns_of, (id + 1) * sizeof *p->patterns_of);
        assert(p->patterns_of != NULL);
        p->patterns_of[id] = p->backends;
        markup_open_class(m, "ul", "laws");
        markup_attr_format(m, "id", "l%zu", id);
        markup_raw(m, text, length);
        markup_close(m);
    }
    free(text);
}

void page_patterns(struct page *p, const struct result *r)
{
    struct markup *m = &p->section;
    const struct patterns *patterns = &r->patterns;
    if (patterns->count == 0)
        return;
    markup_open_class(m, "details", "part");
    markup_open(m, "summary");
    markup_format(m, "Which stores for which sizes, up to %" PRIu64 " bytes",
                  patterns->items[patterns->count - 1].hi);
    markup_close(m);
    write_patterns_once(p, r);
    markup_close(m);
}

// A run of instructions from FIRST on that no case reached.
static size_t write_unreached(struct markup *m, const struct coverage *c, size_t first)
{
    char text[COVERED_TEXT_MAX], count[COUNT_TEXT_MAX];
    size_t end = first;
    while (end < c->count && !c->insns[end].reached)
        end++;
    covered_insn_text(&c->insns[first], text);
    markup_format(m, "%6" PRIx64 "  %-10s  %s%s\n", (uint64_t)c->insns[first].offset & 0xffffff,
                  count_print(end - first, "", count), text, end - first > 1 ? " …" : "");
    return end;
}

void page_code(struct markup *m, const struct coverage *c)
{
    size_t reached = coverage_reached(c), known = coverage_known(c);
    if (known == 0)
        return;
    markup_open_class(m, "details", "part");
    markup_open(m, "summary");
    markup_format(m, "Machine code: %zu of %zu instructions reached (%zu %%)", reached, known,
                  reached * 100 / known);
    markup_close(m);
    if (reached == known) {
        markup_element(m, "p", "meta", "The sweep reached every instruction that is known.");
    } else {
        markup_element(m, "p", "meta", "Never reached:");
        markup_open_class(m, "pre", "code");
        markup_attr(m, "tabindex", "0");
        for (size_t i = 0; i < c->count;)
            i = c->insns[i].reached ? i + 1 : write_unreached(m, c, i);
        markup_close(m);
    }
    markup_close(m);
}
