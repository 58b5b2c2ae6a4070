// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/text/differences.h"

#include "base/json.h"
#include "findings/saved_case.h"
#include "reports/access_text.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

// ---- as text ----

static void put_case(FILE *out, const char *what, const struct copy_case *c)
{
    char text[CASE_TEXT_MAX];
    case_print(c, text);
    fprintf(out, "    %s: %s\n", what, text);
}

// Contracts that have the same difference are one line.
static void text_difference(const struct baseline *b, size_t at, bool *told,
                            const struct terminal *terminal, FILE *out)
{
    const struct difference *d = &b->items[at];
    terminal_put(terminal, out, d->kind == DIFFERENCE_GONE ? HUE_GOOD : HUE_BAD,
                 difference_name[d->kind]);
    fprintf(out, ": %s: %s %s under", d->backend, rule_name[d->rule], difference_meaning[d->kind]);
    for (size_t i = at; i < b->count; i++)
        if (!told[i] && difference_is_same(d, &b->items[i])) {
            fprintf(out, "%s %s", i > at ? "," : "", b->items[i].key.contract);
            told[i] = true;
        }
    fprintf(out, "%s%s\n", d->key.device == DEVICE_DST ? "" : " as ",
            d->key.device == DEVICE_DST ? "" : device_side_name(d->key.device));
    if (d->sites[0])
        fprintf(out, "    sites: %s\n", d->sites);
    if (d->has_before)
        put_case(out, d->kind == DIFFERENCE_GONE ? "was" : "expected", &d->before);
    if (d->has_now)
        put_case(out, "smallest", &d->now);
    if (d->message[0])
        terminal_wrap(terminal, out, 4, d->message);
}

static void text_unjudged(const struct baseline *b, const struct terminal *terminal, FILE *out)
{
    for (size_t i = 0; i < b->unjudged_count; i++) {
        const struct unjudged *u = &b->unjudged[i], *before = i ? u - 1 : NULL;
        if (before && strcmp(before->backend, u->backend) == 0 &&
            strcmp(before->reason, u->reason) == 0)
            continue;
        terminal_put(terminal, out, HUE_DOUBT, "not compared");
        fprintf(out, ": %s: %s\n", u->backend, u->reason);
    }
}

void baseline_text(const struct baseline *b, const struct terminal *terminal, FILE *out)
{
    char count[COUNT_TEXT_MAX];
    bool *told = calloc(b->count + 1, sizeof *told);
    assert(told != NULL);
    for (int gone = 0; gone <= 1; gone++) // what got worse is told first
        for (size_t i = 0; i < b->count; i++)
            if (!told[i] && (b->items[i].kind == DIFFERENCE_GONE) == gone)
                text_difference(b, i, told, terminal, out);
    free(told);
    text_unjudged(b, terminal, out);
    fprintf(out, "%s%s", b->count + b->unjudged_count ? "\n" : "",
            count_print(b->count, "difference", count));
    fprintf(out, " from %s", b->path ? b->path : b->written);
    fprintf(out, "; as expected: %s", count_print(b->as_expected, "broken rule", count));
    fprintf(out, " in %s of backend and contract", count_print(b->judged, "pair", count));
    if (b->strangers > 0)
        fprintf(out, "; not in it: %s", count_print(b->strangers, "backend", count));
    if (b->recorded > 0)
        fprintf(out, ", with %s", count_print(b->recorded, "broken rule", count));
    fputc('\n', out);
    if (b->interrupted)
        fputs("interrupted: the rest was not compared\n", out);
    if (b->written)
        fprintf(out, "written: %s\n", b->written);
}

// ---- as JSON ----

static cJSON *side(bool there, const struct copy_case *c, const char *sites)
{
    char text[CASE_TEXT_MAX];
    if (!there)
        return cJSON_CreateNull();
    cJSON *o = cJSON_CreateObject();
    case_print(c, text);
    cJSON_AddStringToObject(o, "case", text);
    if (sites)
        cJSON_AddStringToObject(o, "sites", sites);
    return o;
}

static cJSON *difference_object(const struct difference *d)
{
    cJSON *o = cJSON_CreateObject();
    json_add_text(o, "kind", difference_name[d->kind]);
    json_add_text(o, "backend", d->backend);
    json_add_text(o, "contract", d->key.contract);
    json_add_text(o, "device", device_side_name(d->key.device));
    json_add_text(o, "op", copy_op_name[d->key.op]);
    json_add_text(o, "rule", rule_name[d->rule]);
    cJSON_AddItemToObject(o, "before", side(d->has_before, &d->before, NULL));
    cJSON_AddItemToObject(o, "now", side(d->has_now, &d->now, d->sites));
    json_add_text_or_null(o, "message", d->message);
    return o;
}

cJSON *baseline_object(const struct baseline *b)
{
    cJSON *o = cJSON_CreateObject();
    json_add_text(o, "storescope", STORESCOPE_VERSION);
    json_add_text_or_null(o, "baseline", b->path);
    json_add_text_or_null(o, "written", b->written);
    cJSON *differences = cJSON_AddArrayToObject(o, "differences");
    for (size_t i = 0; i < b->count; i++)
        cJSON_AddItemToArray(differences, difference_object(&b->items[i]));
    cJSON *unjudged = cJSON_AddArrayToObject(o, "not_compared");
    for (size_t i = 0; i < b->unjudged_count; i++) {
        cJSON *u = cJSON_CreateObject();
        json_add_text(u, "backend", b->unjudged[i].backend);
        json_add_text(u, "contract", b->unjudged[i].contract);
        json_add_text(u, "reason", b->unjudged[i].reason);
        cJSON_AddItemToArray(unjudged, u);
    }
    cJSON_AddNumberToObject(o, "as_expected", (double)b->as_expected);
    cJSON_AddNumberToObject(o, "judged", (double)b->judged);
    cJSON_AddNumberToObject(o, "backends_without_expectations", (double)b->strangers);
    cJSON_AddNumberToObject(o, "recorded", (double)b->recorded);
    cJSON_AddBoolToObject(o, "interrupted", b->interrupted);
    return o;
}

void baseline_json(const struct baseline *b, FILE *out)
{
    cJSON *o = baseline_object(b);
    char *text = cJSON_Print(o);
    assert(text != NULL);
    fprintf(out, "%s\n", text);
    free(text);
    cJSON_Delete(o);
}

// ---- as formats of compare ----

static void begin(struct report *r)
{
    (void)r;
}

static void add(struct report *r, const struct result *results, size_t count)
{
    (void)r, (void)results, (void)count;
}

static void end_text(struct report *r)
{
    baseline_text(r->facts->baseline, &r->terminal, r->out);
}

static void end_json(struct report *r)
{
    baseline_json(r->facts->baseline, r->out);
}

const struct format format_text_baseline = {.name = "text",
                                            .about = "for people: what changed",
                                            .begin = begin,
                                            .add = add,
                                            .end = end_text};
const struct format format_json_baseline = {
    .name = "json", .about = "what changed", .begin = begin, .add = add, .end = end_json};
