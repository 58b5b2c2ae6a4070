// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The page of two sides: first a matrix of what changed, then for each pair of
// routines the rules that did, with the pictures of both.

#include "reports/access_text.h"
#include "reports/change.h"
#include "reports/diff/diff_document.h"
#include "reports/html/page.h"
#include "reports/picture.h"
#include "reports/svg/svg.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct diff_page {
    struct markup m;
    const struct diff_view *view;
    struct dedup dedup;
};

static void write_name(struct markup *m, const cJSON *pair)
{
    const char *a = diff_text(diff_member(pair, "a"), "backend");
    const char *b = diff_text(diff_member(pair, "b"), "backend");
    markup_text(m, a);
    if (strcmp(a, b) != 0) {
        markup_text(m, " → ");
        markup_text(m, b);
    }
}

static const char *change_class(const char *change)
{
    return strcmp(change, "worse") == 0    ? "violates"
           : strcmp(change, "better") == 0 ? "conforms"
           : strcmp(change, "same") == 0   ? "skipped"
                                           : "broken";
}

// An attribute that leads to a pair, or to one of its contracts: by the names of B.
static void write_anchor(struct markup *m, const char *attribute, const char *sign,
                         const cJSON *pair, const cJSON *contract)
{
    const cJSON *b = diff_member(pair, "b");
    page_anchor_names(m, attribute, sign, diff_text(b, "backend"), diff_as_op(b),
                      contract != NULL ? diff_text(contract, "contract") : NULL);
}

static void write_row(struct markup *m, const cJSON *pair)
{
    const cJSON *contract;
    markup_open(m, "tr");
    markup_open(m, "th");
    markup_attr(m, "scope", "row");
    markup_open(m, "a");
    write_anchor(m, "href", "#", pair, NULL);
    write_name(m, pair);
    markup_close_all(m, 2);
    cJSON_ArrayForEach(contract, diff_member(pair, "contracts"))
    {
        const char *change = diff_text(contract, "change");
        char verdicts[128];
        diff_verdicts(contract, verdicts);
        markup_open_class(m, "td", change_class(change));
        markup_open(m, "a");
        write_anchor(m, "href", "#", pair, contract);
        markup_attr(m, "title", verdicts);
        markup_element(m, "b", "", diff_sign(change));
        markup_text(m, change);
        markup_close_all(m, 2);
    }
    markup_close(m);
}

// The routines and contracts that changed so, each with its place on the page.
static void write_list(struct markup *m, const cJSON *diff, enum change change, const char *title)
{
    const cJSON *pair, *contract;
    bool any = false;
    cJSON_ArrayForEach(pair, diff_member(diff, "pairs"))
    {
        bool here = false;
        cJSON_ArrayForEach(contract, diff_member(pair, "contracts"))
        {
            if (strcmp(diff_text(contract, "change"), change_name[change]) != 0)
                continue;
            if (!any) {
                markup_element(m, "p", "", title);
                markup_open_class(m, "ul", "since");
            }
            if (!here) {
                markup_open(m, "li");
                markup_element(m, "b", change_name[change], change_sign[change]);
                markup_format(m, " %s", diff_text(diff_member(pair, "b"), "backend"));
            }
            markup_text(m, here ? ", " : ": ");
            markup_open(m, "a");
            write_anchor(m, "href", "#", pair, contract);
            markup_text(m, diff_text(contract, "contract"));
            markup_close(m);
            any = here = true;
        }
        if (here)
            markup_close(m);
    }
    if (any)
        markup_close(m);
}

static void write_legend(struct markup *m)
{
    static const char *const says[CHANGE_COUNT] = {
        [CHANGE_SAME] = "the same rules are broken by the same instructions, in as many cases",
        [CHANGE_CHANGED] = "something else changed: the instructions, or whether it was judged",
        [CHANGE_BETTER] = "a rule is broken no more, in fewer cases, or from a larger size on",
        [CHANGE_WORSE] = "a rule is newly broken, in more cases, or from a smaller size on",
    };
    markup_open_class(m, "ul", "legend past");
    for (unsigned i = CHANGE_COUNT; i-- > 0;) {
        markup_open(m, "li");
        markup_element(m, "b", change_name[i], change_sign[i]);
        markup_format(m, " %s: %s", change_name[i], says[i]);
        markup_close(m);
    }
    markup_close(m);
}

static void write_matrix(struct markup *m, const cJSON *diff)
{
    const cJSON *pairs = diff_member(diff, "pairs"), *pair, *contract;
    markup_open_class(m, "section", "matrix");
    markup_element(m, "h2", "", "What changed");
    write_list(m, diff, CHANGE_WORSE, "Got worse");
    write_list(m, diff, CHANGE_BETTER, "Got better");
    markup_open_class(m, "div", "scroll");
    markup_attr(m, "tabindex", "0");
    markup_open(m, "table");
    markup_attr(m, "id", "matrix");
    markup_open(m, "thead");
    markup_open(m, "tr");
    markup_element(m, "th", "", "A → B");
    cJSON_ArrayForEach(contract, diff_member(cJSON_GetArrayItem(pairs, 0), "contracts"))
        markup_element(m, "th", "", diff_text(contract, "contract"));
    markup_close_all(m, 2);
    markup_open(m, "tbody");
    cJSON_ArrayForEach(pair, pairs) write_row(m, pair);
    markup_close_all(m, 3);
    write_legend(m);
    markup_close(m);
}

static void write_verdicts(struct markup *m, const cJSON *pair)
{
    const cJSON *contract;
    markup_open_class(m, "table", "verdicts");
    markup_open(m, "tbody");
    cJSON_ArrayForEach(contract, diff_member(pair, "contracts"))
    {
        const char *change = diff_text(contract, "change");
        char verdicts[128];
        diff_verdicts(contract, verdicts);
        markup_open_class(m, "tr", change_class(change));
        write_anchor(m, "id", "", pair, contract);
        markup_element(m, "th", "", diff_text(contract, "contract"));
        markup_open(m, "td");
        markup_format(m, "%s %s", diff_sign(change), change);
        markup_close(m);
        markup_element(m, "td", "", verdicts);
        markup_close(m);
    }
    markup_close_all(m, 2);
}

// What a report holds of a side that cannot be run here.
static void write_saved(struct diff_page *p, const cJSON *broken)
{
    struct diff_view inner = *p->view;
    char *text = NULL;
    size_t length;
    inner.terminal = (struct terminal){.columns = 80, .utf8 = true};
    inner.out = open_memstream(&text, &length);
    assert(inner.out != NULL);
    if (cJSON_IsNull(broken)) {
        fputs("no picture: the report holds only what broke a rule, and its file is not here as it "
              "was\n",
              inner.out);
    } else {
        fprintf(inner.out, "%s, the accesses to blame, from the report\n",
                diff_text(broken, "case"));
        diff_print_saved(&inner, broken);
    }
    fclose(inner.out);
    markup_open_class(&p->m, "pre", "code");
    markup_attr(&p->m, "tabindex", "0");
    markup_text(&p->m, text);
    markup_close(&p->m);
    free(text);
}

static void write_recorded(struct diff_page *p, const struct diff_recorded *made)
{
    struct markup *m = &p->m;
    const struct trace_report report = {.backend = made->backend,
                                        .c = &made->c,
                                        .recording = &made->recording,
                                        .recorder = made->recorder};
    const struct svg_options options = {.rows_max = PAGE_ROWS_MAX, .dedup = &p->dedup};
    char sentence[512];
    markup_open(m, "figure");
    markup_attr(m, "tabindex", "0");
    svg_picture(m, &report, &options);
    picture_sentence(&made->recording, made->c.size, sentence, sizeof sentence);
    markup_element(m, "figcaption", "", sentence);
    markup_close(m);
}

static void write_side(struct diff_page *p, int side, const cJSON *pair, const cJSON *rule)
{
    struct markup *m = &p->m;
    const char *backend = diff_text(diff_member(pair, side ? "b" : "a"), "backend");
    struct diff_recorded made;
    fflush(m->out); // workers are forked
    bool recorded = p->view->record(p->view->context, side, backend, diff_case(rule), &made);
    markup_open_class(m, "div", "side");
    if (recorded)
        markup_attr_format(m, "data-size", "%" PRIu64, made.c.size);
    markup_open(m, "p");
    markup_element(m, "b", "", side ? "B " : "A ");
    markup_element(m, "code", "", backend);
    markup_close(m);
    if (recorded) {
        page_command(m, "", made.backend, NULL, diff_case(rule));
        write_recorded(p, &made);
        recording_free(&made.recording);
    } else {
        write_saved(p, diff_member(rule, side ? "b" : "a"));
    }
    markup_close(m);
}

static void write_rule(struct diff_page *p, const cJSON *pair, const cJSON *rule, char *contracts,
                       struct diff_drawn *drawn)
{
    struct markup *m = &p->m;
    char text[DIFF_SENTENCE_MAX], *rest = NULL;
    const char *change = diff_text(rule, "change");
    markup_open_class(m, "article", "case");
    markup_open_class(m, "div", "finding");
    markup_open(m, "h4");
    markup_format(m, "%s %s", diff_sign(change), diff_text(rule, "rule"));
    markup_close(m);
    markup_text(m, " ");
    markup_open_class(m, "span", "share");
    markup_format(m, "%s under", change);
    for (char *one = strtok_r(contracts, ", ", &rest); one; one = strtok_r(NULL, ", ", &rest)) {
        markup_text(m, " ");
        markup_element(m, "i", "", one);
    }
    markup_close(m);
    diff_sentence(rule, text);
    page_message(m, "msg", text);
    markup_close(m);
    if (diff_is_new(drawn, diff_case(rule))) {
        if (diff_is_alike(rule))
            markup_element(m, "p", "",
                           "Its smallest case is the same in both, with the same accesses to "
                           "blame.");
        markup_open_class(m, "div", "sides");
        write_side(p, 0, pair, rule);
        write_side(p, 1, pair, rule);
        markup_close(m);
    }
    markup_close(m);
}

static void write_build_ids(struct markup *m, const cJSON *pair)
{
    const char *a = diff_text(diff_member(pair, "a"), "build_id");
    const char *b = diff_text(diff_member(pair, "b"), "build_id");
    if (*a == '\0' && *b == '\0')
        return;
    markup_open_class(m, "p", "meta");
    markup_format(m, "build-id: A %s, B %s", *a ? a : "none", *b ? b : "none");
    markup_close(m);
}

static void write_pair(struct diff_page *p, const cJSON *pair, size_t index)
{
    struct markup *m = &p->m;
    struct diff_drawn drawn = {.count = 0};
    const cJSON *contract, *rule;
    char contracts[DIFF_CONTRACTS_MAX];
    markup_open_class(m, "details", "backend");
    markup_attr_format(m, "id", "b%zu", index);
    if (index == 0)
        markup_flag(m, "open");
    markup_open(m, "summary");
    markup_open_class(m, "h3", "name");
    write_anchor(m, "id", "", pair, NULL);
    write_name(m, pair);
    markup_close_all(m, 2);
    write_build_ids(m, pair);
    write_verdicts(m, pair);
    for (int rank = 0; rank < DIFF_RANK_LAST; rank++)
        cJSON_ArrayForEach(contract, diff_member(pair, "contracts"))
        {
            cJSON_ArrayForEach(rule, diff_member(contract, "rules"))
            {
                if (diff_rank(rule) == rank && diff_tells(pair, contract, rule, contracts))
                    write_rule(p, pair, rule, contracts, &drawn);
            }
        }
    markup_close(m);
}

static void write_only(struct markup *m, const cJSON *names, const char *side)
{
    const cJSON *name;
    cJSON_ArrayForEach(name, names)
    {
        markup_open(m, "p");
        markup_format(m, "only in %s: ", side);
        markup_element(m, "code", "", name->valuestring);
        markup_close(m);
    }
}

static void write_sides(struct markup *m, const cJSON *diff)
{
    for (int i = 0; i < 2; i++) {
        const cJSON *side = diff_member(diff, i ? "b" : "a");
        const char *command = diff_text(side, "command");
        char text[DIFF_ORIGIN_MAX];
        markup_open(m, "p");
        markup_element(m, "b", "", i ? "B " : "A ");
        markup_element(m, "code", "", diff_text(side, "source"));
        markup_format(m, ", %s", diff_origin(side, text));
        if (*command) {
            markup_text(m, ": ");
            markup_element(m, "code", "", command);
        }
        markup_close(m);
    }
    markup_open(m, "p");
    markup_format(m,
                  "Of the verdicts of B: %" PRIu64 " worse, %" PRIu64 " better, %" PRIu64
                  " changed otherwise, %" PRIu64 " the same.",
                  diff_count(diff, "worse"), diff_count(diff, "better"),
                  diff_count(diff, "changed"), diff_count(diff, "same"));
    markup_close(m);
}

void diff_page(const cJSON *diff, const struct diff_view *view)
{
    struct diff_page p = {.view = view};
    const cJSON *pair;
    size_t index = 0;
    page_begin(&p.m, view->out, "storescope: what changed", "What changed from A to B");
    page_origin(&p.m, view->facts);
    write_sides(&p.m, diff);
    write_matrix(&p.m, diff);
    markup_open_class(&p.m, "section", "backends");
    markup_element(&p.m, "h2", "", "Routines");
    cJSON_ArrayForEach(pair, diff_member(diff, "pairs")) write_pair(&p, pair, index++);
    write_only(&p.m, diff_member(diff, "only_a"), "A");
    write_only(&p.m, diff_member(diff, "only_b"), "B");
    markup_close(&p.m);
    page_end(&p.m);
    dedup_free(&p.dedup);
}
