// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The routine's machine code: what the sweep reached of it, and the instructions
// of a case, with those that its findings blame. And the laws of its stores.

#include "describe.h"
#include "law.h"
#include "page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { LAW_ROWS_MAX = 40 };

void page_laws(struct markup *m, const struct laws *laws)
{
    struct law_line lines[LAW_LINES_MAX];
    size_t count;
    if (laws->count == 0)
        return;
    const struct law *last = &laws->items[laws->count - 1];
    markup_open_class(m, "details", "part");
    markup_open(m, "summary");
    markup_format(m, "Which stores for which sizes, up to %" PRIu64 " bytes", last->hi);
    markup_close(m);
    markup_element(m, "p", "meta",
                   "Both sides at page starts; n is the size, [a,b) the bytes from offset a to "
                   "before b, in program order; k any whole number that fits.");
    markup_open_class(m, "ul", "laws");
    size_t shown = 0, i = 0;
    for (; i < laws->count && shown < LAW_ROWS_MAX; shown += count) {
        i = laws_lines(laws, i, lines, &count);
        for (size_t k = 0; k < count; k++) {
            markup_open(m, "li");
            markup_element(m, "b", "", lines[k].sizes);
            markup_text(m, " ");
            markup_element(m, "code", "", lines[k].text);
            markup_close(m);
        }
    }
    if (i < laws->count) {
        markup_open(m, "li");
        markup_format(m, "%" PRIu64 "..%" PRIu64, laws->items[i].lo, last->hi);
        markup_text(m, " ");
        markup_element(m, "span", "", "not shown; storescope check --laws prints all");
        markup_close(m);
    }
    markup_close_all(m, 2);
}

// The rules that blame the instruction at an offset from the routine's entry.
static void write_blame(struct markup *m, const struct page_finding *found, size_t count,
                        int64_t offset)
{
    uint64_t rules = 0;
    for (size_t i = 0; i < count; i++) {
        const struct finding *f = found[i].finding;
        const struct trace *t = &f->recording.trace;
        for (size_t k = 0; k < f->access_count; k++) {
            const struct site *site = &t->sites[t->accesses[f->accesses[k]].site];
            if ((int64_t)(site->addr - t->entry) == offset)
                rules |= UINT64_C(1) << f->rule;
        }
    }
    if (rules == 0)
        return;
    markup_open(m, "mark");
    for (unsigned rule = 0, n = 0; rule < RULE_COUNT; rule++)
        if (rules >> rule & 1) {
            markup_text(m, n++ ? ", " : "  ← ");
            markup_text(m, rule_name[rule]);
        }
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
    size_t reached = coverage_reached(c);
    if (c->count == 0)
        return;
    markup_open_class(m, "details", "part");
    markup_open(m, "summary");
    markup_format(m, "Machine code: %zu of %zu instructions reached (%zu %%)", reached, c->count,
                  reached * 100 / c->count);
    markup_close(m);
    if (reached == c->count) {
        markup_element(m, "p", "meta", "The sweep reached every instruction that is known.");
    } else {
        markup_element(m, "p", "meta",
                       "Never reached by a case of this sweep: offset from the routine's entry, "
                       "number of instructions, the first of them.");
        markup_open_class(m, "pre", "code");
        markup_attr(m, "tabindex", "0");
        for (size_t i = 0; i < c->count;)
            i = c->insns[i].reached ? i + 1 : write_unreached(m, c, i);
        markup_close(m);
    }
    markup_close(m);
}

// The site of the trace at an offset from the entry, or NULL.
static const struct site *site_at(const struct trace *t, int64_t offset)
{
    for (size_t i = 0; i < t->site_count; i++)
        if ((int64_t)(t->sites[i].addr - t->entry) == offset)
            return &t->sites[i];
    return NULL;
}

static void write_line(struct markup *m, bool site, int64_t offset, const char *text)
{
    markup_format(m, "%c%6" PRIx64 "  %s", site ? '*' : ' ', (uint64_t)offset & 0xffffff, text);
}

enum { AROUND = 2 }; // instructions shown before and after a site

// The code around the case's sites, as far as the recorder knows it.
static void write_around(struct markup *m, const struct coverage *c, const struct trace *t,
                         const struct page_finding *found, size_t count)
{
    size_t shown_end = 0;
    char text[COVERED_TEXT_MAX];
    for (size_t i = 0; i < c->count; i++) {
        bool near = false;
        size_t lo = i < AROUND ? 0 : i - AROUND;
        for (size_t k = lo; k <= i + AROUND && k < c->count && !near; k++)
            near = c->insns[k].memory && site_at(t, c->insns[k].offset) != NULL;
        if (!near)
            continue;
        if (i > shown_end)
            markup_text(m, "      …\n");
        const struct site *site = site_at(t, c->insns[i].offset);
        covered_insn_text(&c->insns[i], text);
        write_line(m, site != NULL, c->insns[i].offset, text);
        if (site != NULL)
            write_blame(m, found, count, c->insns[i].offset);
        markup_text(m, "\n");
        shown_end = i + 1;
    }
    if (shown_end < c->count)
        markup_text(m, "      …\n");
}

// The sites alone, in order of address.
static void write_sites(struct markup *m, const struct trace *t, const struct page_finding *found,
                        size_t count)
{
    for (uint64_t at = 0;;) {
        const struct site *next = NULL;
        for (size_t i = 0; i < t->site_count; i++)
            if (t->sites[i].addr >= at && (next == NULL || t->sites[i].addr < next->addr))
                next = &t->sites[i];
        if (next == NULL)
            break;
        at = next->addr + 1;
        write_line(m, true, (int64_t)(next->addr - t->entry), next->text);
        write_blame(m, found, count, (int64_t)(next->addr - t->entry));
        markup_text(m, "\n");
    }
}

// Are the sites among the code that is known? Those of a routine in another file,
// that it called, are not.
static bool is_known(const struct coverage *c, const struct trace *t)
{
    size_t known = 0;
    for (size_t i = 0; i < c->count; i++)
        known += site_at(t, c->insns[i].offset) != NULL;
    return known == t->site_count;
}

void page_sites(struct markup *m, const struct coverage *c, const struct page_finding *found,
                size_t count)
{
    const struct trace *t = &found[0].finding->recording.trace;
    if (t->site_count == 0)
        return;
    markup_open_class(m, "details", "part");
    markup_element(m, "summary", "", "Disassembly: * touches memory in this case, ← is to blame");
    markup_open_class(m, "pre", "code");
    markup_attr(m, "tabindex", "0");
    if (is_known(c, t))
        write_around(m, c, t, found, count);
    else
        write_sites(m, t, found, count);
    markup_close_all(m, 2);
}
