// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/diff/diff_document.h"

#include "reports/heading.h"

#include <inttypes.h>
#include <string.h>

static void print_rule(const struct diff_view *v, const cJSON *rule, const char *contracts)
{
    const char *change = diff_text(rule, "change");
    char text[DIFF_SENTENCE_MAX];
    fputs("  ", v->out);
    terminal_put(&v->terminal, v->out, diff_hue(change),
                 cJSON_IsNull(diff_member(rule, "a"))   ? "+ "
                 : cJSON_IsNull(diff_member(rule, "b")) ? "- "
                                                        : "~ ");
    terminal_put(&v->terminal, v->out, diff_hue(change), diff_text(rule, "rule"));
    fprintf(v->out, " (%s): %s\n", contracts, change);
    diff_sentence(rule, text);
    terminal_wrap(&v->terminal, v->out, 4, text);
}

// With the pictures of both sides, where it is the first of its case.
static void print_drawn_rule(const struct diff_view *v, const cJSON *pair, const cJSON *rule,
                             const char *contracts, struct diff_drawn *drawn)
{
    print_rule(v, rule, contracts);
    if (!diff_is_new(drawn, diff_case(rule)))
        return;
    bool alike = diff_is_alike(rule);
    if (alike)
        fputs("    its smallest case is the same in both, with the same accesses to blame\n",
              v->out);
    for (int side = alike; side < 2; side++) {
        fputc('\n', v->out);
        diff_print_side(v, side, pair, rule);
    }
    fputc('\n', v->out);
}

static void print_rules(const struct diff_view *v, const cJSON *pair)
{
    struct diff_drawn drawn = {.count = 0};
    const cJSON *contract, *rule;
    char contracts[DIFF_CONTRACTS_MAX];
    for (int rank = 0; rank < DIFF_RANK_LAST; rank++)
        cJSON_ArrayForEach(contract, diff_member(pair, "contracts"))
        {
            cJSON_ArrayForEach(rule, diff_member(contract, "rules"))
            {
                if (diff_rank(rule) == rank && diff_tells(pair, contract, rule, contracts))
                    print_drawn_rule(v, pair, rule, contracts, &drawn);
            }
        }
}

static void print_verdicts(const struct diff_view *v, const cJSON *pair)
{
    const cJSON *contract;
    char verdicts[128];
    int width = 10;
    cJSON_ArrayForEach(contract, diff_member(pair, "contracts"))
    {
        int length = (int)strlen(diff_text(contract, "contract"));
        width = length > width ? length : width;
    }
    cJSON_ArrayForEach(contract, diff_member(pair, "contracts"))
    {
        const char *change = diff_text(contract, "change");
        diff_verdicts(contract, verdicts);
        fprintf(v->out, "  %-*s %s: ", width, diff_text(contract, "contract"), verdicts);
        terminal_put(&v->terminal, v->out, diff_hue(change), change);
        fputc('\n', v->out);
    }
}

// Files of one name are told apart by it.
static void print_build_ids(const struct diff_view *v, const cJSON *a, const cJSON *b)
{
    const char *left = diff_text(a, "build_id"), *right = diff_text(b, "build_id");
    if (*left && *right && strcmp(left, right) == 0)
        fprintf(v->out, "  build-id %s in both\n", left);
    else if (*left || *right)
        fprintf(v->out, "  build-id %s -> %s\n", *left ? left : "none", *right ? right : "none");
}

static void print_pair(const struct diff_view *v, const cJSON *pair)
{
    const cJSON *a = diff_member(pair, "a"), *b = diff_member(pair, "b");
    terminal_put(&v->terminal, v->out, HUE_STRONG, diff_text(a, "backend"));
    if (strcmp(diff_text(a, "backend"), diff_text(b, "backend")) != 0) {
        fputs(" -> ", v->out);
        terminal_put(&v->terminal, v->out, HUE_STRONG, diff_text(b, "backend"));
    }
    if (strcmp(diff_text(a, "op"), diff_text(b, "op")) != 0)
        fprintf(v->out, " (%s -> %s)", diff_text(a, "op"), diff_text(b, "op"));
    fputc('\n', v->out);
    print_build_ids(v, a, b);
    print_verdicts(v, pair);
    print_rules(v, pair);
    fputc('\n', v->out);
}

static void print_only(const struct diff_view *v, const cJSON *names, const char *side)
{
    const cJSON *name;
    cJSON_ArrayForEach(name, names) fprintf(v->out, "only in %s: %s\n", side, name->valuestring);
}

// "got worse: loop/word: mmio, device", a line a pair of routines.
static void print_changed(const struct diff_view *v, const cJSON *diff, const char *change)
{
    const cJSON *pair, *contract;
    cJSON_ArrayForEach(pair, diff_member(diff, "pairs"))
    {
        const char *between = ": ";
        cJSON_ArrayForEach(contract, diff_member(pair, "contracts"))
        {
            if (strcmp(diff_text(contract, "change"), change) != 0)
                continue;
            if (*between == ':') {
                fputs("got ", v->out);
                terminal_put(&v->terminal, v->out, diff_hue(change), change);
                fprintf(v->out, ": %s", diff_text(diff_member(pair, "b"), "backend"));
            }
            fprintf(v->out, "%s%s", between, diff_text(contract, "contract"));
            between = ", ";
        }
        if (*between == ',')
            fputc('\n', v->out);
    }
}

// A saved report may be of another day, version and machine.
static void print_side(const struct diff_view *v, const char *letter, const cJSON *side)
{
    char text[DIFF_ORIGIN_MAX];
    fprintf(v->out, "%s  %s\n", letter, diff_text(side, "source"));
    if (*diff_text(side, "command"))
        fprintf(v->out, "   %s\n   %s\n", diff_origin(side, text), diff_text(side, "command"));
}

void diff_print(const cJSON *diff, const struct diff_view *v)
{
    const cJSON *pair;
    heading_print(v->facts, &v->terminal, v->out);
    print_side(v, "A", diff_member(diff, "a"));
    print_side(v, "B", diff_member(diff, "b"));
    fputc('\n', v->out);
    print_changed(v, diff, "worse");
    print_changed(v, diff, "better");
    if (diff_count(diff, "worse") + diff_count(diff, "better") > 0)
        fputc('\n', v->out);
    cJSON_ArrayForEach(pair, diff_member(diff, "pairs")) print_pair(v, pair);
    print_only(v, diff_member(diff, "only_a"), "A");
    print_only(v, diff_member(diff, "only_b"), "B");
    fprintf(v->out,
            "of the verdicts of B: %" PRIu64 " worse, %" PRIu64 " better, %" PRIu64
            " changed otherwise, %" PRIu64 " the same\n",
            diff_count(diff, "worse"), diff_count(diff, "better"), diff_count(diff, "changed"),
            diff_count(diff, "same"));
}
