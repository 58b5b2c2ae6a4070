// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/access_text.h"
#include "reports/html/page.h"
#include "reports/proof_text.h"
#include "reports/text/matrix.h"

#include <string.h>

void page_matrix_head(struct markup *m, const struct run_facts *facts)
{
    markup_open_class(m, "section", "matrix");
    markup_element(m, "h2", "", "Matrix");
    markup_open_class(m, "div", "scroll");
    markup_attr(m, "role", "region");
    markup_attr(m, "aria-label", "Matrix of backends and contracts");
    markup_attr(m, "tabindex", "0");
    markup_open(m, "table");
    markup_attr(m, "id", "matrix");
    markup_open(m, "thead");
    markup_open(m, "tr");
    markup_open(m, "th");
    markup_attr(m, "scope", "col");
    markup_text(m, "backend");
    markup_close(m);
    page_history_column(m, facts);
    for (size_t i = 0; i < facts->contract_count; i++) {
        markup_open(m, "th");
        markup_attr(m, "scope", "col");
        if (facts->contracts[i].memory[0])
            markup_attr(m, "title", facts->contracts[i].memory);
        markup_text(m, facts->contracts[i].name);
        markup_close(m);
    }
    markup_close_all(m, 2);
    markup_open(m, "tbody");
    markup_text(m, "\n");
}

// page.js adds the rules.
static void write_title(struct markup *m, const struct result *r)
{
    char proof[PROOF_TEXT_MAX];
    if (r->proof.proved)
        markup_attr_format(m, "title", "%s: %s", result_verdict(r),
                           proof_note_print(&r->proof, proof));
    else
        markup_attr(m, "title", result_verdict(r));
}

static const char *const proved_sign[] = {[PROVED_SOME_SIZES] = "+", [PROVED_EVERY_SIZE] = "∀"};

static void write_proved(struct page *p, const struct result *r)
{
    enum proved proved = proof_reach(&r->proof);
    p->proved_shown |= 1u << proved;
    if (proved != PROVED_NOT)
        markup_element(&p->row, "s", "", proved_sign[proved]);
}

static void write_cell(struct page *p, const struct result *r)
{
    struct markup *m = &p->row;
    const struct baseline *baseline = p->report->facts->baseline;
    p->verdicts_shown |= UINT64_C(1) << r->verdict;
    markup_open_class(m, "td", verdict_name[r->verdict]);
    markup_open(m, "a");
    page_anchor(m, "href", "#", r, r->contract->name);
    write_title(m, r);
    markup_element(m, "b", "", page_verdict_sign[r->verdict]);
    write_proved(p, r);
    unsigned change =
        baseline != NULL ? baseline_cell(baseline, r->backend->name, r->op, r->contract->name) : 0;
    p->changes_shown |= change;
    if (change)
        markup_element(m, "u", "", page_change_sign(change));
    if (r->finding_count > 0) {
        for (size_t i = 0; i < r->finding_count; i++)
            p->rules_shown |= UINT64_C(1) << r->findings[i].rule;
        markup_text(m, matrix_rule_short(r->findings[0].rule));
        if (r->finding_count > 1) {
            markup_open(m, "i");
            markup_format(m, "+%zu", r->finding_count - 1);
            markup_close(m);
        }
    }
    markup_close_all(m, 2);
}

void page_matrix_row(struct page *p, const struct result *results, size_t count,
                     const struct history_table *past)
{
    struct markup *m = &p->row;
    markup_open(m, "tr");
    markup_open(m, "th");
    markup_attr(m, "scope", "row");
    markup_open(m, "a");
    page_anchor(m, "href", "#", &results[0], NULL);
    markup_text(m, results[0].backend->name);
    if (results[0].op != results[0].backend->op)
        markup_format(m, " as %s", copy_op_name[results[0].op]);
    markup_close_all(m, 2);
    page_history_strip(p, past);
    for (size_t i = 0; i < count; i++)
        write_cell(p, &results[i]);
    markup_close(m);
    markup_text(m, "\n");
}

static void write_sign(struct markup *m, unsigned change, const char *meaning)
{
    markup_open(m, "li");
    markup_element(m, "b", "", page_change_sign(change));
    markup_text(m, " ");
    markup_text(m, meaning);
    markup_close(m);
}

// Each column: which memory it is.
static void write_contracts(struct markup *m, const struct run_facts *facts)
{
    markup_element(m, "h3", "", "Contracts: which memory it is");
    markup_open_class(m, "dl", "rules contracts");
    for (size_t i = 0; i < facts->contract_count; i++) {
        const struct contract *c = &facts->contracts[i];
        markup_open(m, "div");
        markup_element(m, "dt", "", c->name);
        markup_element(m, "dd", "", c->memory[0] ? c->memory : "a contract of its own");
        markup_close(m);
    }
    markup_close(m);
}

static void write_proved_meaning(struct markup *m, const struct page *p)
{
    static const char *const meaning[] = {
        [PROVED_SOME_SIZES] = "and proved for every address and alignment, up to a size that is "
                              "told below",
        [PROVED_EVERY_SIZE] = "and proved for every address, alignment and size",
    };
    for (unsigned proved = PROVED_EVERY_SIZE; proved > PROVED_NOT; proved--) {
        if (!(p->proved_shown >> proved & 1))
            continue;
        markup_open_class(m, "li", verdict_name[VERDICT_CONFORMS]);
        markup_open(m, "b");
        markup_text(m, page_verdict_sign[VERDICT_CONFORMS]);
        markup_text(m, proved_sign[proved]);
        markup_close(m);
        markup_text(m, " ");
        markup_text(m, meaning[proved]);
        markup_close(m);
    }
}

void page_matrix_legend(struct markup *m, const struct page *p)
{
    static const char *const meaning[VERDICT_COUNT] = {
        [VERDICT_CONFORMS] = "conforms: every case was judged and broke no rule",
        [VERDICT_VIOLATES] = "violates: the first rule broken, and how many more",
        [VERDICT_SKIPPED] = "skipped: not judged, for a reason outside of the routine",
        [VERDICT_BROKEN] = "not judged: some case could not be judged",
    };
    markup_open_class(m, "ul", "legend");
    for (unsigned v = 0; v < VERDICT_COUNT; v++) {
        if (!(p->verdicts_shown >> v & 1))
            continue;
        markup_open_class(m, "li", verdict_name[v]);
        markup_element(m, "b", "", page_verdict_sign[v]);
        markup_text(m, " ");
        markup_text(m, meaning[v]);
        markup_close(m);
    }
    write_proved_meaning(m, p);
    if (p->changes_shown & CELL_WORSE)
        write_sign(m, CELL_WORSE, "changed for the worse, against the expectations");
    if (p->changes_shown & CELL_CHANGED)
        write_sign(m, CELL_CHANGED, "a rule is no longer broken that was expected to be");
    markup_close(m);
    page_history_legend(m, p);
    write_contracts(m, p->report->facts);
    if (p->rules_shown == 0)
        return;
    markup_element(m, "h3", "", "Rules that were broken");
    markup_open_class(m, "dl", "rules");
    for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
        if (!(p->rules_shown >> rule & 1))
            continue;
        markup_open(m, "div");
        markup_element(m, "dt", "", matrix_rule_short((enum rule_id)rule));
        markup_open(m, "dd");
        markup_element(m, "b", "", rule_name[rule]);
        markup_text(m, ": ");
        markup_text(m, rule_broken_when[rule]);
        markup_close_all(m, 2);
    }
    markup_close(m);
}
