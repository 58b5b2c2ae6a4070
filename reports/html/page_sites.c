// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The instructions of a routine's cases: which case touches memory by which of
// them, and which rules blame them. One listing for all cases, since they share
// most of it.

#include "reports/access_text.h"
#include "reports/html/page.h"
#include "reports/where.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { AROUND = 2, CASES_MAX = 52 }; // instructions shown before and after a site

// An instruction that touches memory. Bits are cases.
struct line {
    int64_t offset; // from the routine's entry
    const char *text;
    const struct recording *recording; // that has it, as this site
    size_t site;
    uint64_t cases, blamed[RULE_COUNT];
};

struct listing {
    struct line *lines; // sorted by offset; owned
    size_t count, cases;
    struct source_line source; // that was written last
};

const char *page_case_letter(size_t index)
{
    static const char letters[] = "a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k\0l\0m\0n\0o\0p\0q\0r\0s\0t\0u\0"
                                  "v\0w\0x\0y\0z\0A\0B\0C\0D\0E\0F\0G\0H\0I\0J\0K\0L\0M\0N\0O\0P\0"
                                  "Q\0R\0S\0T\0U\0V\0W\0X\0Y\0Z\0+";
    return letters + 2 * (index < CASES_MAX ? index : CASES_MAX);
}

static struct line *line_at(struct listing *l, int64_t offset)
{
    size_t lo = 0, hi = l->count;
    while (lo < hi) {
        size_t middle = (lo + hi) / 2;
        if (l->lines[middle].offset < offset)
            lo = middle + 1;
        else
            hi = middle;
    }
    return lo < l->count && l->lines[lo].offset == offset ? &l->lines[lo] : NULL;
}

static int by_offset(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

static bool is_new_case(const struct page_finding *found, size_t i)
{
    return i == 0 || case_compare(&found[i].finding->witness, &found[i - 1].finding->witness) != 0;
}

// The sites of all cases, each once.
static void take_sites(struct listing *l, const struct page_finding *found, size_t count)
{
    size_t most = 0, kept = 0;
    for (size_t i = 0; i < count; i++)
        most += found[i].finding->recording.trace.site_count;
    l->lines = calloc(most + 1, sizeof *l->lines);
    assert(l->lines != NULL);
    for (size_t i = 0; i < count; i++) {
        const struct recording *r = &found[i].finding->recording;
        const struct trace *t = &r->trace;
        for (size_t k = 0; is_new_case(found, i) && k < t->site_count; k++)
            l->lines[l->count++] = (struct line){.offset = (int64_t)(t->sites[k].addr - t->entry),
                                                 .text = t->sites[k].text,
                                                 .recording = r,
                                                 .site = k};
    }
    qsort(l->lines, l->count, sizeof *l->lines, by_offset);
    for (size_t i = 0; i < l->count; i++)
        if (i == 0 || l->lines[i].offset != l->lines[kept - 1].offset)
            l->lines[kept++] = l->lines[i];
    l->count = kept;
}

static void take_case(struct listing *l, const struct page_finding *f, uint64_t bit, bool first)
{
    const struct finding *finding = f->finding;
    const struct trace *t = &finding->recording.trace;
    for (size_t k = 0; first && k < t->site_count; k++)
        line_at(l, (int64_t)(t->sites[k].addr - t->entry))->cases |= bit;
    for (size_t k = 0; t->sites != NULL && k < finding->access_count; k++) {
        const struct site *site = &t->sites[t->accesses[finding->accesses[k]].site];
        line_at(l, (int64_t)(site->addr - t->entry))->blamed[finding->rule] |= bit;
    }
}

static void listing_make(struct listing *l, const struct page_finding *found, size_t count)
{
    *l = (struct listing){.lines = NULL};
    take_sites(l, found, count);
    for (size_t i = 0; i < count; i++) {
        bool first = is_new_case(found, i);
        l->cases += first;
        size_t index = l->cases - 1 < CASES_MAX ? l->cases - 1 : CASES_MAX;
        take_case(l, &found[i], UINT64_C(1) << index, first);
    }
}

// The letters of the cases, each in its column or one behind the other.
static void write_cases(struct markup *m, uint64_t cases, size_t columns)
{
    char text[CASES_MAX + 2];
    size_t length = 0;
    for (size_t i = 0; i <= CASES_MAX; i++)
        if (cases >> i & 1)
            text[length++] = *page_case_letter(i);
        else if (i < columns)
            text[length++] = ' ';
    text[length] = '\0';
    markup_text(m, text);
}

static void write_blame(struct markup *m, const struct line *line, size_t cases)
{
    bool any = false;
    for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
        if (line->blamed[rule] == 0)
            continue;
        if (!any)
            markup_open(m, "mark");
        markup_text(m, any ? ", " : "  ← ");
        markup_text(m, rule_name[rule]);
        if (cases > 1) {
            markup_text(m, " ");
            write_cases(m, line->blamed[rule], 0);
        }
        any = true;
    }
    if (any)
        markup_close(m);
}

// The line of source above its instructions.
static void write_source(struct markup *m, struct listing *l, const struct source_line *source)
{
    char text[256];
    if (source->line == l->source.line && strcmp(source->file, l->source.file) == 0)
        return;
    l->source = *source;
    markup_open(m, "i");
    markup_format(m, "%s:%d", source->file, source->line);
    if (source_text(source, text, sizeof text))
        markup_format(m, "  %s", text);
    markup_close(m);
    markup_text(m, "\n");
}

// Where it is stands behind it, but for the line of source above.
static void write_where(struct markup *m, const struct line *line)
{
    char text[WHERE_TEXT_MAX];
    if (*where_print(line->recording, line->site, text)) {
        markup_text(m, "  ");
        markup_element(m, "i", "", text);
    }
}

// LINE is NULL where no case touches memory.
static void write_line(struct markup *m, struct listing *l, const struct line *line, int64_t offset,
                       const char *text)
{
    struct where where;
    if (line && where_of(line->recording, line->site, &where) && where.line_count > 0)
        write_source(m, l, &where.lines[0]);
    write_cases(m, line ? line->cases : 0, l->cases < CASES_MAX ? l->cases : CASES_MAX + 1);
    markup_format(m, "%7" PRIx64 "  %s", (uint64_t)offset & 0xffffff, text);
    if (line) {
        write_where(m, line);
        write_blame(m, line, l->cases);
    }
    markup_text(m, "\n");
}

// The code around the sites, as far as the recorder knows it.
static void write_around(struct markup *m, const struct coverage *c, struct listing *l)
{
    size_t shown_end = 0;
    char text[COVERED_TEXT_MAX];
    for (size_t i = 0; i < c->count; i++) {
        bool near = false;
        size_t lo = i < AROUND ? 0 : i - AROUND;
        for (size_t k = lo; k <= i + AROUND && k < c->count && !near; k++)
            near = c->insns[k].memory && line_at(l, c->insns[k].offset) != NULL;
        if (!near)
            continue;
        if (i > shown_end)
            markup_text(m, "…\n");
        covered_insn_text(&c->insns[i], text);
        write_line(m, l, line_at(l, c->insns[i].offset), c->insns[i].offset, text);
        shown_end = i + 1;
    }
    if (shown_end < c->count)
        markup_text(m, "…\n");
}

// Are the sites among the code that is known? Those of a routine in another file,
// that it called, are not.
static bool is_known(const struct coverage *c, struct listing *l)
{
    size_t known = 0;
    for (size_t i = 0; i < c->count; i++)
        known += line_at(l, c->insns[i].offset) != NULL;
    return known == l->count;
}

void page_sites(struct markup *m, const struct coverage *c, const struct page_finding *found,
                size_t count)
{
    struct listing l;
    if (count > 0 && found[0].finding->recording.told != NULL)
        return; // not all that the cases touch is in the report
    listing_make(&l, found, count);
    if (l.count > 0) {
        markup_open_class(m, "details", "part");
        markup_element(m, "summary", "", "Disassembly, with what each case touches and blames");
        markup_open_class(m, "pre", "code");
        markup_attr(m, "tabindex", "0");
        if (is_known(c, &l))
            write_around(m, c, &l);
        else
            for (size_t i = 0; i < l.count; i++)
                write_line(m, &l, &l.lines[i], l.lines[i].offset, l.lines[i].text);
        markup_close_all(m, 2);
    }
    free(l.lines);
}
