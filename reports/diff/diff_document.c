// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/diff/diff_document.h"

#include "reports/access_text.h"
#include "reports/change.h"
#include "reports/heading.h"
#include "reports/picture.h"

#include <inttypes.h>
#include <string.h>

enum { CELLS_MAX = 40, PICTURE_ROWS = 24 };

const cJSON *diff_member(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

const char *diff_text(const cJSON *o, const char *key)
{
    const char *text = cJSON_GetStringValue(diff_member(o, key));
    return text != NULL ? text : "";
}

uint64_t diff_count(const cJSON *o, const char *key)
{
    const cJSON *item = diff_member(o, key);
    return cJSON_IsNumber(item) && item->valuedouble > 0 ? (uint64_t)item->valuedouble : 0;
}

int diff_rank(const cJSON *item)
{
    switch (change_find(diff_text(item, "change"))) {
    case CHANGE_WORSE:
        return !cJSON_IsNull(diff_member(item, "a"));
    case CHANGE_BETTER:
        return 2;
    case CHANGE_CHANGED:
        return 3;
    default:
        return DIFF_RANK_LAST;
    }
}

enum hue diff_hue(const char *change)
{
    return change_hue[change_find(change)];
}

const char *diff_sign(const char *change)
{
    return change_sign[change_find(change)];
}

const char *diff_as_op(const cJSON *routine)
{
    const char *op = diff_text(routine, "op"), *own = diff_text(routine, "own_op");
    return *own && strcmp(op, own) != 0 ? op : NULL;
}

char *diff_origin(const cJSON *side, char text[DIFF_ORIGIN_MAX])
{
    char date[HEADING_DATE_MAX];
    const char *cpu = diff_text(diff_member(side, "host"), "cpu");
    const char *libc = diff_text(diff_member(side, "host"), "libc");
    heading_date(diff_text(side, "date"), date);
    snprintf(text, DIFF_ORIGIN_MAX, "%s%sby storescope %s%s%s%s%s", date, *date ? " " : "",
             diff_text(side, "storescope"), *cpu ? " on " : "", cpu, *libc ? ", " : "", libc);
    return text;
}

void diff_verdicts(const cJSON *contract, char text[128])
{
    const char *before = diff_text(diff_member(contract, "a"), "verdict");
    const char *now = diff_text(diff_member(contract, "b"), "verdict");
    if (strcmp(before, now) == 0)
        snprintf(text, 128, "%s in both", now);
    else
        snprintf(text, 128, "%s -> %s", before, now);
}

// ---- rules ----

// One that says the same under several contracts is told once.
static bool same_rule(const cJSON *a, const cJSON *b)
{
    return strcmp(diff_text(a, "rule"), diff_text(b, "rule")) == 0 &&
           strcmp(diff_text(a, "change"), diff_text(b, "change")) == 0 &&
           cJSON_Compare(diff_member(a, "a"), diff_member(b, "a"), 1) &&
           cJSON_Compare(diff_member(a, "b"), diff_member(b, "b"), 1);
}

static bool has_rule(const cJSON *contract, const cJSON *rule)
{
    const cJSON *other;
    cJSON_ArrayForEach(other, diff_member(contract, "rules"))
    {
        if (same_rule(other, rule))
            return true;
    }
    return false;
}

bool diff_tells(const cJSON *pair, const cJSON *contract, const cJSON *rule,
                char text[DIFF_CONTRACTS_MAX])
{
    size_t length = 0, text_size = DIFF_CONTRACTS_MAX;
    bool before = true;
    const cJSON *other;
    *text = '\0';
    if (strcmp(diff_text(rule, "change"), "same") == 0)
        return false;
    cJSON_ArrayForEach(other, diff_member(pair, "contracts"))
    {
        before &= other != contract;
        if (!has_rule(other, rule))
            continue;
        if (before)
            return false;
        if (length < text_size)
            length += (size_t)snprintf(text + length, text_size - length, "%s%s",
                                       length ? ", " : "", diff_text(other, "contract"));
    }
    return true;
}

static bool says(const cJSON *rule, const char *what)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, diff_member(rule, "what"))
    {
        if (strcmp(item->valuestring, what) == 0)
            return true;
    }
    return false;
}

static const char *first_instruction(const cJSON *broken)
{
    const cJSON *first = cJSON_GetArrayItem(diff_member(broken, "instructions"), 0);
    return first ? first->valuestring : "none";
}

void diff_sentence(const cJSON *rule, char text[DIFF_SENTENCE_MAX])
{
    const cJSON *a = diff_member(rule, "a"), *b = diff_member(rule, "b");
    char count[COUNT_TEXT_MAX], now[COUNT_TEXT_MAX];
    size_t length = 0, size = DIFF_SENTENCE_MAX;
    if (cJSON_IsNull(a) || cJSON_IsNull(b)) {
        const cJSON *broken = cJSON_IsNull(a) ? b : a;
        snprintf(text, size, "broken in %s alone, %s, from size %" PRIu64 " on: %s",
                 cJSON_IsNull(a) ? "B" : "A",
                 count_print(diff_count(broken, "cases"), "case", count),
                 diff_count(broken, "size"), diff_text(broken, "message"));
        return;
    }
    if (says(rule, "cases"))
        length += (size_t)snprintf(text + length, size - length, "%s -> %s; ",
                                   count_print(diff_count(a, "cases"), "", count),
                                   count_print(diff_count(b, "cases"), "case", now));
    if (says(rule, "size"))
        length +=
            (size_t)snprintf(text + length, size - length, "from size %" PRIu64 " -> %" PRIu64 "; ",
                             diff_count(a, "size"), diff_count(b, "size"));
    if (says(rule, "instructions") && length < size)
        length += (size_t)snprintf(text + length, size - length, "`%s` -> `%s`; ",
                                   first_instruction(a), first_instruction(b));
    if (length >= size)
        length = size - 1;
    text[length >= 2 ? length - 2 : 0] = '\0';
}

const char *diff_case(const cJSON *rule)
{
    // What got better shows by the case that broke it before.
    bool before =
        strcmp(diff_text(rule, "change"), "better") == 0 && !cJSON_IsNull(diff_member(rule, "a"));
    bool old = before || cJSON_IsNull(diff_member(rule, "b"));
    return diff_text(diff_member(rule, old ? "a" : "b"), "case");
}

// The same place and width, whatever the instruction and where that is.
static bool same_access(const cJSON *a, const cJSON *b)
{
    static const char *const keys[] = {"kind", "region", "offset", "width", "count"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!cJSON_Compare(diff_member(a, keys[i]), diff_member(b, keys[i]), 1))
            return false;
    return true;
}

bool diff_is_alike(const cJSON *rule)
{
    const cJSON *a = diff_member(rule, "a"), *b = diff_member(rule, "b");
    if (cJSON_IsNull(a) || cJSON_IsNull(b) || strcmp(diff_text(a, "case"), diff_text(b, "case")))
        return false;
    const cJSON *left = diff_member(a, "accesses"), *right = diff_member(b, "accesses");
    int count = cJSON_GetArraySize(left);
    bool alike = count == cJSON_GetArraySize(right);
    for (int i = 0; alike && i < count; i++)
        alike = same_access(cJSON_GetArrayItem(left, i), cJSON_GetArrayItem(right, i));
    return alike;
}

bool diff_is_new(struct diff_drawn *drawn, const char *case_text)
{
    for (size_t i = 0; i < drawn->count; i++)
        if (strcmp(drawn->cases[i], case_text) == 0)
            return false;
    if (drawn->count == DIFF_PICTURES_MAX)
        return false;
    drawn->cases[drawn->count++] = case_text;
    return true;
}

// ---- pictures ----

static struct extent saved_extent(const cJSON *o, struct access *a)
{
    const cJSON *offset = diff_member(o, "offset");
    const char *mask = cJSON_GetStringValue(diff_member(o, "mask"));
    struct extent e = {.region = REGION_DST};
    *a = (struct access){.kind = ACCESS_STORE,
                         .width = (uint16_t)(diff_count(o, "width") & UINT16_MAX),
                         .count = diff_count(o, "count")};
    e.lo = cJSON_IsNumber(offset) ? (int64_t)offset->valuedouble : 0;
    e.bytes = a->width * a->count;
    if (mask != NULL && sscanf(mask, "%" SCNx64, &a->mask) == 1 && a->mask != 0) {
        a->flags = ACCESS_MASKED;
        e.skipped = (uint64_t)__builtin_ctzll(a->mask);
        e.bytes = 64 - (uint64_t)__builtin_clzll(a->mask) - e.skipped;
        e.lo += (int64_t)e.skipped;
    }
    return e;
}

void diff_print_saved(const struct diff_view *p, const cJSON *broken)
{
    struct picture picture;
    const cJSON *access;
    if (diff_count(broken, "size") > CASE_SIZE_MAX)
        return;
    picture_init(&picture, diff_count(broken, "size"), CELLS_MAX);
    cJSON_ArrayForEach(access, diff_member(broken, "accesses"))
    {
        struct access a;
        struct extent e = saved_extent(access, &a);
        bool load = strcmp(diff_text(access, "kind"), "load") == 0;
        bool placed = strcmp(diff_text(access, "region"), load ? "src" : "dst") == 0 &&
                      e.bytes > 0 && e.bytes <= CASE_SIZE_MAX;
        char range[EXTENT_TEXT_MAX] = "";
        if (placed) {
            picture_add(&picture, &e, &a);
            extent_print(&e, REGION_DST, range);
        }
        fprintf(p->out, "    %-8s %10s  ", diff_text(access, "kind"), range);
        if (placed)
            picture_print_bar(&picture, &p->terminal, p->out, load);
        else
            fprintf(p->out, "%-*s", (int)picture.cells, diff_text(access, "region"));
        fprintf(p->out, "  %s\n", diff_text(access, "site"));
    }
    picture_free(&picture);
}

static bool is_about_loads(const char *rule)
{
    return strstr(rule, "load") != NULL;
}

void diff_print_side(const struct diff_view *view, int side, const cJSON *pair, const cJSON *rule)
{
    const char *backend = diff_text(diff_member(pair, side ? "b" : "a"), "backend");
    const cJSON *broken = diff_member(rule, side ? "b" : "a");
    struct diff_recorded made;
    terminal_put(&view->terminal, view->out, HUE_STRONG, side ? "B" : "A");
    fputs("  ", view->out);
    if (view->record(view->context, side, backend, diff_case(rule), &made)) {
        const struct trace_report report = {.backend = made.backend,
                                            .c = &made.c,
                                            .recording = &made.recording,
                                            .recorder = made.recorder};
        const struct text_trace_options options = {.loads = is_about_loads(diff_text(rule, "rule")),
                                                   .rows_max = PICTURE_ROWS};
        text_trace(&report, &options, &view->terminal, view->out);
        recording_free(&made.recording);
    } else if (cJSON_IsNull(broken)) {
        fprintf(view->out,
                "%s: no picture: the report holds only what broke a rule, and its file is not here "
                "as it was\n",
                backend);
    } else {
        fprintf(view->out, "%s: %s, the accesses to blame, from the report\n", backend,
                diff_text(broken, "case"));
        diff_print_saved(view, broken);
    }
}
