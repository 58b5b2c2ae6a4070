// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/diff/diff_document.h"
#include "reports/markdown/markdown_write.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { END_MAX = 512 };

// Of a pair of routines: those that are to be told of it, under which contracts.
static void put_pair_name(const cJSON *pair, bool cell, FILE *out)
{
    const char *a = diff_text(diff_member(pair, "a"), "backend");
    const char *b = diff_text(diff_member(pair, "b"), "backend");
    markdown_code(out, a, cell);
    if (strcmp(a, b) != 0) {
        fputs(" → ", out);
        markdown_code(out, b, cell);
    }
}

static const char *verdict_sign(const char *verdict)
{
    return strcmp(verdict, "conforms") == 0   ? "✅"
           : strcmp(verdict, "violates") == 0 ? "❌"
                                              : "⚠️";
}

static void put_row(const cJSON *pair, FILE *out)
{
    const cJSON *contract;
    fputs("| ", out);
    put_pair_name(pair, true, out);
    fputs(" |", out);
    cJSON_ArrayForEach(contract, diff_member(pair, "contracts"))
    {
        const char *before = diff_text(diff_member(contract, "a"), "verdict");
        const char *now = diff_text(diff_member(contract, "b"), "verdict");
        fprintf(out, " %s ", diff_sign(diff_text(contract, "change")));
        if (strcmp(before, now) != 0)
            fprintf(out, "%s → ", verdict_sign(before));
        fprintf(out, "%s |", verdict_sign(now));
    }
    fputc('\n', out);
}

static void put_head(const cJSON *diff, FILE *out)
{
    const cJSON *first = cJSON_GetArrayItem(diff_member(diff, "pairs"), 0), *contract;
    fprintf(out, "### storescope: %" PRIu64 " worse, %" PRIu64 " better\n\n",
            diff_count(diff, "worse"), diff_count(diff, "better"));
    fputs("From A, ", out);
    markdown_code(out, diff_text(diff_member(diff, "a"), "source"), false);
    fputs(", to B, ", out);
    markdown_code(out, diff_text(diff_member(diff, "b"), "source"), false);
    fprintf(out, ": %" PRIu64 " changed otherwise, %" PRIu64 " the same. ▲ worse, ▽ better.\n\n| |",
            diff_count(diff, "changed"), diff_count(diff, "same"));
    cJSON_ArrayForEach(contract, diff_member(first, "contracts"))
        fprintf(out, " %s |", diff_text(contract, "contract"));
    fputs("\n|---|", out);
    cJSON_ArrayForEach(contract, diff_member(first, "contracts")) fputs("---|", out);
    fputc('\n', out);
}

static void put_rule(const struct diff_view *v, const cJSON *rule, const char *contracts)
{
    char text[DIFF_SENTENCE_MAX];
    diff_sentence(rule, text);
    fprintf(v->out, "- %s **%s** under %s, %s: ", diff_sign(diff_text(rule, "change")),
            diff_text(rule, "rule"), contracts, diff_text(rule, "change"));
    markdown_sentence(v->out, text);
    fputc('\n', v->out);
}

// Both pictures, deeper than any run of backticks in a name can be.
static void put_pictures(const struct diff_view *v, const cJSON *pair, const cJSON *rule)
{
    fputs("\n~~~~~~\n", v->out);
    for (int side = 0; side < 2; side++) {
        diff_print_side(v, side, pair, rule);
        fputs(side ? "" : "\n", v->out);
    }
    fputs("~~~~~~\n\n", v->out);
}

static void put_pair(const struct diff_view *v, const cJSON *pair)
{
    struct diff_drawn drawn = {.count = 0};
    const cJSON *contract, *rule;
    char contracts[DIFF_CONTRACTS_MAX];
    fputs("\n**", v->out);
    put_pair_name(pair, false, v->out);
    fputs("**\n\n", v->out);
    cJSON_ArrayForEach(contract, diff_member(pair, "contracts"))
    {
        cJSON_ArrayForEach(rule, diff_member(contract, "rules"))
        {
            if (!diff_tells(pair, contract, rule, contracts))
                continue;
            put_rule(v, rule, contracts);
            if (diff_is_new(&drawn, diff_case(rule)))
                put_pictures(v, pair, rule);
        }
    }
}

static bool is_same(const cJSON *pair)
{
    const cJSON *contract, *rule;
    char contracts[DIFF_CONTRACTS_MAX];
    cJSON_ArrayForEach(contract, diff_member(pair, "contracts"))
    {
        cJSON_ArrayForEach(rule, diff_member(contract, "rules"))
        {
            if (diff_tells(pair, contract, rule, contracts))
                return false;
        }
    }
    return true;
}

// Writes through PUT into text that keeps what fits.
static void add(struct markdown_text *t, const struct diff_view *view, const cJSON *pair, bool row)
{
    struct diff_view inner = *view;
    char *text = NULL;
    size_t length;
    inner.terminal = (struct terminal){.columns = view->terminal.columns, .utf8 = true};
    inner.out = open_memstream(&text, &length);
    assert(inner.out != NULL);
    if (row)
        put_row(pair, inner.out);
    else
        put_pair(&inner, pair);
    fclose(inner.out);
    markdown_add(t, text, length);
    free(text);
}

void diff_markdown(const cJSON *diff, const struct diff_view *view)
{
    struct markdown_text rows = {.limit = MARKDOWN_COMMENT_MAX / 2};
    struct markdown_text pairs = {.limit = MARKDOWN_COMMENT_MAX / 2 - END_MAX - 4096};
    const cJSON *pair;
    cJSON_ArrayForEach(pair, diff_member(diff, "pairs"))
    {
        add(&rows, view, pair, true);
        if (!is_same(pair))
            add(&pairs, view, pair, false);
    }
    put_head(diff, view->out);
    fprintf(view->out, "%s%s", rows.length ? rows.bytes : "", pairs.length ? pairs.bytes : "");
    if (rows.left_out + pairs.left_out > 0)
        fprintf(view->out,
                "\n**Cut to fit a comment:** %zu rows of the matrix and the changes of %zu "
                "routines are not shown; all of them with `--format text`.\n",
                rows.left_out, pairs.left_out);
    free(rows.bytes);
    free(pairs.bytes);
}
