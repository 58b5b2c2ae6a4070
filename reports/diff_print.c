// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "describe.h"
#include "diff.h"
#include "picture.h"

#include <inttypes.h>
#include <string.h>

enum { PICTURES_MAX = 3, CELLS_MAX = 40 };

struct printing {
    diff_draw *draw;
    void *context;
    const struct look *look;
    FILE *out;
};

static const cJSON *member(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

static const char *text_of(const cJSON *o, const char *key)
{
    const char *text = cJSON_GetStringValue(member(o, key));
    return text != NULL ? text : "";
}

static uint64_t count_of(const cJSON *o, const char *key)
{
    const cJSON *item = member(o, key);
    return cJSON_IsNumber(item) && item->valuedouble > 0 ? (uint64_t)item->valuedouble : 0;
}

static enum hue change_hue(const char *change)
{
    return strcmp(change, "worse") == 0    ? HUE_BAD
           : strcmp(change, "better") == 0 ? HUE_GOOD
           : strcmp(change, "same") == 0   ? HUE_NONE
                                           : HUE_DOUBT;
}

// ---- pictures of saved accesses ----

static struct extent saved_extent(const cJSON *o, struct access *a)
{
    const cJSON *offset = member(o, "offset");
    const char *mask = cJSON_GetStringValue(member(o, "mask"));
    struct extent e = {.region = REGION_DST};
    *a = (struct access){.kind = ACCESS_STORE,
                         .width = (uint16_t)(count_of(o, "width") & UINT16_MAX),
                         .count = count_of(o, "count")};
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

// A saved report holds the accesses to blame alone, and so does the picture.
static void draw_saved(const struct printing *p, const cJSON *broken)
{
    struct picture picture;
    const cJSON *access;
    if (count_of(broken, "size") > CASE_SIZE_MAX)
        return;
    picture_init(&picture, count_of(broken, "size"), CELLS_MAX);
    cJSON_ArrayForEach(access, member(broken, "accesses"))
    {
        struct access a;
        struct extent e = saved_extent(access, &a);
        bool load = strcmp(text_of(access, "kind"), "load") == 0;
        bool placed = strcmp(text_of(access, "region"), load ? "src" : "dst") == 0 && e.bytes > 0 &&
                      e.bytes <= CASE_SIZE_MAX;
        char range[EXTENT_TEXT_MAX] = "";
        if (placed) {
            picture_add(&picture, &e, &a);
            extent_print(&e, REGION_DST, range);
        }
        fprintf(p->out, "    %-8s %10s  ", text_of(access, "kind"), range);
        if (placed)
            picture_print_bar(&picture, p->look, p->out, load);
        else
            fprintf(p->out, "%-*s", (int)picture.cells, text_of(access, "region"));
        fprintf(p->out, "  %s\n", text_of(access, "site"));
    }
    picture_free(&picture);
}

static bool is_about_loads(const char *rule)
{
    return strstr(rule, "load") != NULL;
}

static void draw_side(const struct printing *p, int side, const cJSON *pair, const cJSON *rule,
                      const char *case_text)
{
    const char *name = side ? "B" : "A";
    const char *backend = text_of(member(pair, side ? "b" : "a"), "backend");
    const cJSON *broken = member(rule, side ? "b" : "a");
    look_put(p->look, p->out, HUE_STRONG, name);
    fputs("  ", p->out);
    if (p->draw(p->context, side, backend, case_text, is_about_loads(text_of(rule, "rule")),
                p->out))
        return;
    if (cJSON_IsNull(broken)) {
        fprintf(p->out, "%s: no picture, since the report holds what broke a rule alone\n",
                backend);
        return;
    }
    fprintf(p->out, "%s: %s, the accesses to blame, from the report\n", backend,
            text_of(broken, "case"));
    draw_saved(p, broken);
}

// ---- rules ----

// One that says the same under several contracts is told once.
static bool same_rule(const cJSON *a, const cJSON *b)
{
    return strcmp(text_of(a, "rule"), text_of(b, "rule")) == 0 &&
           strcmp(text_of(a, "change"), text_of(b, "change")) == 0 &&
           cJSON_Compare(member(a, "a"), member(b, "a"), 1) &&
           cJSON_Compare(member(a, "b"), member(b, "b"), 1);
}

static bool has_rule(const cJSON *contract, const cJSON *rule)
{
    const cJSON *other;
    cJSON_ArrayForEach(other, member(contract, "rules"))
    {
        if (same_rule(other, rule))
            return true;
    }
    return false;
}

// Was it told with a contract before? If not, the contracts it holds for.
static bool contracts_of(const cJSON *pair, const cJSON *contract, const cJSON *rule, char *text,
                         size_t text_size)
{
    size_t length = 0;
    bool before = true;
    const cJSON *other;
    *text = '\0';
    cJSON_ArrayForEach(other, member(pair, "contracts"))
    {
        before &= other != contract;
        if (!has_rule(other, rule))
            continue;
        if (before)
            return false;
        if (length < text_size)
            length += (size_t)snprintf(text + length, text_size - length, "%s%s",
                                       length ? ", " : "", text_of(other, "contract"));
    }
    return true;
}

static bool says(const cJSON *rule, const char *what)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, member(rule, "what"))
    {
        if (strcmp(item->valuestring, what) == 0)
            return true;
    }
    return false;
}

static const char *first_instruction(const cJSON *broken)
{
    const cJSON *first = cJSON_GetArrayItem(member(broken, "instructions"), 0);
    return first ? first->valuestring : "none";
}

static void print_rule(const struct printing *p, const cJSON *rule, const char *contracts)
{
    const cJSON *a = member(rule, "a"), *b = member(rule, "b");
    const char *change = text_of(rule, "change");
    char text[2048], count[COUNT_TEXT_MAX], now[COUNT_TEXT_MAX];
    size_t length = 0;
    fputs("  ", p->out);
    look_put(p->look, p->out, change_hue(change),
             cJSON_IsNull(a)   ? "+ "
             : cJSON_IsNull(b) ? "- "
                               : "~ ");
    look_put(p->look, p->out, change_hue(change), text_of(rule, "rule"));
    fprintf(p->out, " (%s): %s\n", contracts, change);
    if (cJSON_IsNull(a) || cJSON_IsNull(b)) {
        const cJSON *broken = cJSON_IsNull(a) ? b : a;
        snprintf(text, sizeof text, "broken in %s alone, %s, from size %" PRIu64 " on: %s",
                 cJSON_IsNull(a) ? "B" : "A", count_print(count_of(broken, "cases"), "case", count),
                 count_of(broken, "size"), text_of(broken, "message"));
        look_wrap(p->look, p->out, 4, text);
        return;
    }
    if (says(rule, "cases"))
        length += (size_t)snprintf(text + length, sizeof text - length, "%s -> %s; ",
                                   count_print(count_of(a, "cases"), "", count),
                                   count_print(count_of(b, "cases"), "case", now));
    if (says(rule, "size"))
        length += (size_t)snprintf(text + length, sizeof text - length,
                                   "from size %" PRIu64 " -> %" PRIu64 "; ", count_of(a, "size"),
                                   count_of(b, "size"));
    if (says(rule, "instructions"))
        length += (size_t)snprintf(text + length, sizeof text - length, "`%s` -> `%s`; ",
                                   first_instruction(a), first_instruction(b));
    text[length >= 2 ? length - 2 : 0] = '\0';
    look_wrap(p->look, p->out, 4, text);
}

// Is a picture of this case still to be drawn? Several rules share a case.
static bool is_new(const char **drawn, size_t *count, const char *case_text)
{
    for (size_t i = 0; i < *count; i++)
        if (strcmp(drawn[i], case_text) == 0)
            return false;
    if (*count == PICTURES_MAX)
        return false;
    drawn[(*count)++] = case_text;
    return true;
}

static void print_rules(const struct printing *p, const cJSON *pair)
{
    size_t pictures = 0;
    const char *drawn[PICTURES_MAX];
    const cJSON *contract, *rule;
    char contracts[1024];
    cJSON_ArrayForEach(contract, member(pair, "contracts"))
    {
        cJSON_ArrayForEach(rule, member(contract, "rules"))
        {
            if (strcmp(text_of(rule, "change"), "same") == 0 ||
                !contracts_of(pair, contract, rule, contracts, sizeof contracts))
                continue;
            print_rule(p, rule, contracts);
            const cJSON *broken =
                cJSON_IsNull(member(rule, "b")) ? member(rule, "a") : member(rule, "b");
            if (!is_new(drawn, &pictures, text_of(broken, "case")))
                continue;
            fputc('\n', p->out);
            draw_side(p, 0, pair, rule, text_of(broken, "case"));
            fputc('\n', p->out);
            draw_side(p, 1, pair, rule, text_of(broken, "case"));
            fputc('\n', p->out);
        }
    }
}

static void print_verdicts(const struct printing *p, const cJSON *pair)
{
    const cJSON *contract;
    cJSON_ArrayForEach(contract, member(pair, "contracts"))
    {
        const char *change = text_of(contract, "change");
        const char *before = text_of(member(contract, "a"), "verdict");
        const char *now = text_of(member(contract, "b"), "verdict");
        fprintf(p->out, "  %-10s ", text_of(contract, "contract"));
        if (strcmp(before, now) == 0)
            fprintf(p->out, "%s in both: ", now);
        else
            fprintf(p->out, "%s -> %s: ", before, now);
        look_put(p->look, p->out, change_hue(change), change);
        fputc('\n', p->out);
    }
}

static void print_pair(const struct printing *p, const cJSON *pair)
{
    const cJSON *a = member(pair, "a"), *b = member(pair, "b");
    look_put(p->look, p->out, HUE_STRONG, text_of(a, "backend"));
    if (strcmp(text_of(a, "backend"), text_of(b, "backend")) != 0) {
        fputs(" -> ", p->out);
        look_put(p->look, p->out, HUE_STRONG, text_of(b, "backend"));
    }
    if (strcmp(text_of(a, "op"), text_of(b, "op")) != 0)
        fprintf(p->out, " (%s -> %s)", text_of(a, "op"), text_of(b, "op"));
    fputc('\n', p->out);
    print_verdicts(p, pair);
    print_rules(p, pair);
    fputc('\n', p->out);
}

static void print_only(const struct printing *p, const cJSON *names, const char *side)
{
    const cJSON *name;
    cJSON_ArrayForEach(name, names) fprintf(p->out, "only in %s: %s\n", side, name->valuestring);
}

void diff_print(const cJSON *diff, diff_draw *draw, void *context, const struct look *look,
                FILE *out)
{
    const struct printing p = {.draw = draw, .context = context, .look = look, .out = out};
    const cJSON *pair;
    fprintf(out, "A  %s\nB  %s\n\n", text_of(member(diff, "a"), "source"),
            text_of(member(diff, "b"), "source"));
    cJSON_ArrayForEach(pair, member(diff, "pairs")) print_pair(&p, pair);
    print_only(&p, member(diff, "only_a"), "A");
    print_only(&p, member(diff, "only_b"), "B");
    fprintf(out,
            "of the verdicts of B: %" PRIu64 " worse, %" PRIu64 " better, %" PRIu64
            " changed otherwise, %" PRIu64 " the same\n",
            count_of(diff, "worse"), count_of(diff, "better"), count_of(diff, "changed"),
            count_of(diff, "same"));
}
