// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The routine's machine code: what the sweep reached of it, and which
// instructions the findings blame. And the laws of its stores.

#include "describe.h"
#include "law.h"
#include "page.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

void page_laws(struct markup *m, const struct laws *laws)
{
    char text[LAW_TEXT_MAX];
    if (laws->count == 0)
        return;
    const struct law *last = &laws->items[laws->count - 1];
    markup_open_class(m, "details", "part");
    markup_open(m, "summary");
    markup_format(m, "Which stores for which sizes, up to %" PRIu64 " bytes", last->hi);
    markup_close(m);
    markup_element(m, "p", "meta",
                   "Both sides at page starts; n is the size, [a,b) the bytes from offset a to "
                   "before b, in program order.");
    markup_open_class(m, "ul", "laws");
    for (size_t i = 0; i < laws->count; i++) {
        uint64_t lo = laws->items[i].lo, hi = laws->items[i].hi;
        if (!law_is_regular(&laws->items[i])) {
            for (; i + 1 < laws->count && !law_is_regular(&laws->items[i + 1]); i++)
                hi = laws->items[i + 1].hi;
            snprintf(text, sizeof text, "%" PRIu64 "..%" PRIu64 ": no simple pattern", lo, hi);
        } else {
            law_print(&laws->items[i], text);
        }
        char *colon = strchr(text, ':');
        *colon = '\0';
        markup_open(m, "li");
        markup_element(m, "b", "", text);
        markup_element(m, "code", "", colon + 2);
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
            markup_text(m, n++ ? ", " : "← ");
            markup_text(m, rule_name[rule]);
        }
    markup_close(m);
}

static void write_insn(struct markup *m, const struct covered_insn *insn,
                       const struct page_finding *found, size_t count)
{
    char text[80];
    covered_insn_text(insn, text);
    markup_open(m, insn->reached ? "span" : "del");
    markup_format(m, "%c %5" PRIx64 "  %-52s", insn->reached ? ' ' : '-',
                  (uint64_t)insn->offset & 0xfffff, text);
    markup_close(m);
    if (insn->memory)
        write_blame(m, found, count, insn->offset);
    markup_text(m, "\n");
}

void page_code(struct markup *m, const struct coverage *c, const struct page_finding *found,
               size_t count)
{
    size_t reached = coverage_reached(c);
    if (c->count == 0)
        return;
    markup_open_class(m, "details", "part");
    markup_open(m, "summary");
    markup_format(m, "Machine code: %zu of %zu instructions reached (%zu %%)", reached, c->count,
                  reached * 100 / c->count);
    markup_close(m);
    markup_element(m, "p", "meta",
                   "Offsets from the routine's entry. A minus sign, and paler: no case of the "
                   "sweep got there. An arrow: what findings blame.");
    markup_open_class(m, "pre", "code");
    markup_attr(m, "tabindex", "0");
    for (size_t i = 0; i < c->count; i++)
        write_insn(m, &c->insns[i], found, count);
    markup_close_all(m, 2);
}

static void write_site(struct markup *m, const struct trace *t, const struct site *s,
                       const struct page_finding *found, size_t count)
{
    char bytes[48] = "";
    for (unsigned i = 0; i < s->length && i < sizeof s->bytes; i++)
        sprintf(bytes + 3 * i, "%02x ", s->bytes[i]);
    markup_format(m, "%7" PRIx64 "  %-24s  %-46s ", (s->addr - t->entry) & 0xffffff, bytes,
                  s->text);
    write_blame(m, found, count, (int64_t)(s->addr - t->entry));
    markup_text(m, "\n");
}

// The sites of the case in order of address; those that its findings blame are
// marked.
void page_sites(struct markup *m, const struct page_finding *found, size_t count)
{
    const struct trace *t = &found[0].finding->recording.trace;
    if (t->site_count == 0)
        return;
    markup_open_class(m, "details", "part");
    markup_element(m, "summary", "", "Instructions of this case that touch memory");
    markup_open_class(m, "pre", "code");
    markup_attr(m, "tabindex", "0");
    for (uint64_t at = 0;;) {
        uint32_t next = UINT32_MAX;
        for (uint32_t i = 0; i < t->site_count; i++)
            if (t->sites[i].addr >= at &&
                (next == UINT32_MAX || t->sites[i].addr < t->sites[next].addr))
                next = i;
        if (next == UINT32_MAX)
            break;
        at = t->sites[next].addr + 1;
        write_site(m, t, &t->sites[next], found, count);
    }
    markup_close_all(m, 2);
}
