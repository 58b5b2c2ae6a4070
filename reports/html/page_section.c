// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/access_text.h"
#include "reports/html/page.h"
#include "reports/proof_text.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool is_same(const struct finding *a, const struct finding *b)
{
    return a->rule == b->rule && a->cases == b->cases &&
           case_compare(&a->witness, &b->witness) == 0 && strcmp(a->message, b->message) == 0;
}

// The findings of all results, each once; owned by the caller, and `under` with it.
static struct page_finding *gather(const struct result *results, size_t count, size_t *out)
{
    struct page_finding *found = calloc(count * RULE_COUNT + 1, sizeof *found);
    assert(found != NULL);
    *out = 0;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < results[i].finding_count; k++) {
            const struct finding *f = &results[i].findings[k];
            size_t at = 0;
            while (at < *out && !is_same(found[at].finding, f))
                at++;
            if (at == *out) {
                found[(*out)++] = (struct page_finding){
                    .finding = f, .result = &results[i], .under = calloc(count, sizeof(bool))};
                assert(found[at].under != NULL);
            }
            found[at].under[i] = true;
        }
    return found;
}

// By rule, those that most say something is wrong first; then those of a case
// together, behind the first of it.
static int by_rule(const void *a, const void *b)
{
    const struct page_finding *x = a, *y = b;
    return x->finding->rule != y->finding->rule
               ? (x->finding->rule < y->finding->rule ? -1 : 1)
               : case_compare(&x->finding->witness, &y->finding->witness);
}

static size_t gather_case(struct page_finding *found, size_t count)
{
    size_t same = 1;
    for (size_t i = 1; i < count; i++)
        if (case_compare(&found[i].finding->witness, &found[0].finding->witness) == 0) {
            struct page_finding here = found[i];
            memmove(found + same + 1, found + same, (i - same) * sizeof *found);
            found[same++] = here;
        }
    return same;
}

static void write_rate(struct markup *m, const struct result *r)
{
    char cases[COUNT_TEXT_MAX];
    markup_open_class(m, "p", "meta");
    markup_format(m, "%s, %s in %.2f s, recorder %s", copy_op_name[r->op],
                  count_print(r->cases, "case", cases), r->seconds, r->recorder);
    if (r->cpu[0])
        markup_format(m, ", cpu %s", r->cpu);
    if (r->backend->from != NULL) {
        markup_text(m, "; from ");
        markup_text(m, r->backend->from);
    }
    markup_close(m);
}

static void write_calls(struct markup *m, const struct result *results, size_t count)
{
    struct calls calls;
    calls_of_results(results, count, &calls);
    page_calls(m, &calls);
}

static void write_reason(struct markup *m, const struct result *r)
{
    char text[CASE_TEXT_MAX], count[COUNT_TEXT_MAX];
    if (r->reason[0] == '\0')
        return;
    markup_open_class(m, "p", "reason");
    uint64_t unjudged = r->skipped_cases + r->broken_cases;
    if (unjudged > 0 && r->has_reason_case)
        markup_format(m, "%s not judged: ", count_print(unjudged, "case", count));
    markup_text(m, r->reason);
    if (r->has_reason_case) {
        case_print(&r->reason_case, text);
        markup_text(m, "; the first: ");
        markup_element(m, "code", "", text);
    }
    markup_close(m);
}

// The number of the case that shows a finding, from 0.
static size_t case_of(const struct page_finding *found, size_t count, const struct finding *f)
{
    size_t index = 0;
    for (size_t i = 0; i < count; i++) {
        bool starts =
            i > 0 && case_compare(&found[i].finding->witness, &found[i - 1].finding->witness) != 0;
        index += starts;
        if (is_same(found[i].finding, f))
            break;
    }
    return index;
}

static void write_proof(struct markup *m, const struct result *r)
{
    char text[PROOF_TEXT_MAX];
    if (*proof_note_print(&r->proof, text))
        markup_element(m, "p", "reason", text);
}

static void write_verdict(struct page *p, const struct result *r, size_t contract,
                          const struct page_finding *found, size_t count)
{
    struct markup *m = &p->section;
    markup_open_class(m, "tr", verdict_name[r->verdict]);
    markup_attr_format(m, "id", "b%zuc%zu", p->backends, contract);
    markup_open(m, "th");
    page_anchor(m, "id", "", r, r->contract->name);
    markup_text(m, r->contract->name);
    markup_close(m);
    markup_element(m, "td", "", result_verdict(r));
    markup_open(m, "td");
    for (size_t i = 0; i < r->finding_count; i++) {
        markup_text(m, i ? ", " : "");
        markup_open(m, "a");
        markup_attr_format(m, "href", "#b%zuw%zu", p->backends,
                           case_of(found, count, &r->findings[i]));
        markup_text(m, rule_name[r->findings[i].rule]);
        markup_close(m);
    }
    write_reason(m, r);
    write_proof(m, r);
    markup_close_all(m, 2);
}

static void write_verdicts(struct page *p, const struct result *results, size_t count,
                           const struct page_finding *found, size_t found_count)
{
    struct markup *m = &p->section;
    if (results[0].hint[0] != '\0') {
        markup_open_class(m, "p", "reason");
        markup_format(m, "hint: %s", results[0].hint);
        markup_close(m);
    }
    markup_open_class(m, "table", "verdicts");
    markup_open(m, "tbody");
    for (size_t i = 0; i < count; i++)
        write_verdict(p, &results[i], i, found, found_count);
    markup_close_all(m, 2);
}

static void write_summary(struct markup *m, const struct result *results, size_t count)
{
    static const char *const word[VERDICT_COUNT] = {
        [VERDICT_CONFORMS] = "✓ %zu conform",
        [VERDICT_VIOLATES] = "✗ %zu violate",
        [VERDICT_SKIPPED] = "– %zu skipped",
        [VERDICT_BROKEN] = "? %zu not judged",
    };
    size_t verdicts[VERDICT_COUNT] = {0};
    for (size_t i = 0; i < count; i++)
        verdicts[results[i].verdict]++;
    markup_open(m, "summary");
    markup_open_class(m, "h3", "name");
    page_anchor(m, "id", "", &results[0], NULL);
    markup_text(m, results[0].backend->name);
    if (results[0].op != results[0].backend->op)
        markup_format(m, " as %s", copy_op_name[results[0].op]);
    markup_close(m);
    markup_text(m, " ");
    markup_open_class(m, "span", "chips");
    for (unsigned v = 0; v < VERDICT_COUNT; v++)
        if (verdicts[v] > 0) {
            char text[48];
            _Static_assert(sizeof text > 40, "the longest word and a number");
            const char *rest = strstr(word[v], "%zu") + 3;
            snprintf(text, sizeof text, "%.*s%zu%s", (int)(rest - 3 - word[v]), word[v],
                     verdicts[v], rest);
            markup_element(m, "span", verdict_name[v], text);
            markup_text(m, " ");
        }
    markup_close_all(m, 2);
}

void page_section(struct page *p, const struct result *results, size_t count,
                  const struct history_table *past)
{
    struct markup *m = &p->section;
    size_t found_count, cases = 0;
    struct page_finding *found = gather(results, count, &found_count);
    qsort(found, found_count, sizeof *found, by_rule);
    for (size_t i = 0; i < found_count; i += gather_case(found + i, found_count - i))
        ;
    markup_open_class(m, "details", "backend");
    markup_attr_format(m, "id", "b%zu", p->backends);
    write_summary(m, results, count);
    write_rate(m, &results[0]);
    write_calls(m, results, count);
    write_verdicts(p, results, count, found, found_count);
    page_history_section(p, past);
    for (size_t i = 0, same; i < found_count; i += same) {
        same = gather_case(found + i, found_count - i);
        page_case(p, found + i, same, cases++);
    }
    page_sites(m, &results[0].coverage, found, found_count);
    page_charts(p, &results[0], found, found_count);
    page_patterns(p, &results[0]);
    page_code(m, &results[0].coverage);
    markup_close(m);
    markup_text(m, "\n");
    for (size_t i = 0; i < found_count; i++)
        free(found[i].under);
    free(found);
}
