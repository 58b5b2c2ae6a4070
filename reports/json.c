// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Reports as JSON. Keys are stable: scripts rely on them, so one may be added,
// none renamed. Numbers above 2^53 go out as strings in hex, since most readers
// keep numbers as doubles.

#include "describe.h"
#include "format.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define EXACT_MAX (UINT64_C(1) << 53)

static cJSON *object(void)
{
    cJSON *o = cJSON_CreateObject();
    assert(o != NULL);
    return o;
}

static void add_text(cJSON *o, const char *key, const char *text)
{
    char *copy = utf8_copy(text);
    cJSON_AddStringToObject(o, key, copy);
    free(copy);
}

static void add_text_or_null(cJSON *o, const char *key, const char *text)
{
    if (text == NULL || *text == '\0')
        cJSON_AddNullToObject(o, key);
    else
        add_text(o, key, text);
}

// Digits are printed here: cJSON 1.7.15 rounds numbers above 10^15.
static void add_count(cJSON *o, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, value <= EXACT_MAX ? "%" PRIu64 : "0x%" PRIx64, value);
    if (value <= EXACT_MAX)
        cJSON_AddRawToObject(o, key, text);
    else
        cJSON_AddStringToObject(o, key, text);
}

static void add_hex(cJSON *o, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "0x%" PRIx64, value);
    cJSON_AddStringToObject(o, key, text);
}

static void add_offset(cJSON *o, const char *key, int64_t value)
{
    if (value < 0 && value >= -(int64_t)EXACT_MAX)
        cJSON_AddNumberToObject(o, key, (double)value);
    else
        add_count(o, key, (uint64_t)value);
}

// The bytes of a store as one little-endian number; bytes that a mask leaves
// out are zero.
static void add_value(cJSON *o, const struct trace *t, const struct access *a,
                      const struct extent *e)
{
    if (a->kind != ACCESS_STORE || e->bytes == 0 || !extent_has_value(t, a)) {
        cJSON_AddNullToObject(o, "value");
        return;
    }
    char *text = malloc(2 * e->bytes + 3), *end = text;
    assert(text != NULL);
    bool started = false;
    end += sprintf(end, "0x");
    for (uint64_t k = e->bytes; k-- > 0;) {
        unsigned byte = extent_touches(e, a, k) ? extent_value(e, t, a, k) : 0;
        if (started || byte != 0 || k == 0)
            end += sprintf(end, started ? "%02x" : "%x", byte);
        started |= byte != 0;
    }
    cJSON_AddStringToObject(o, "value", text);
    free(text);
}

static cJSON *access_object(const struct recording *r, const struct access *a)
{
    cJSON *o = object();
    const struct site *site = &r->trace.sites[a->site];
    struct extent e = extent_of(r, a);
    add_text(o, "kind", access_kind_name[a->kind]);
    add_text(o, "region", region_name[e.region]);
    add_offset(o, "offset", e.lo - (int64_t)e.skipped);
    add_count(o, "width", a->width);
    add_count(o, "count", a->count);
    if (a->flags & ACCESS_MASKED)
        add_hex(o, "mask", a->mask);
    else
        cJSON_AddNullToObject(o, "mask");
    add_value(o, &r->trace, a, &e);
    add_count(o, "pc", site->addr);
    add_text(o, "site", site->text);
    add_text(o, "class", site_class_name[site->class]);
    cJSON_AddBoolToObject(o, "descending", (a->flags & ACCESS_DESCENDING) != 0);
    cJSON_AddBoolToObject(o, "decoders_differ", site->decoders_differ);
    return o;
}

static cJSON *host_object(const struct host *host)
{
    char words[sizeof host->features];
    cJSON *o = object();
    add_text(o, "cpu", host->cpu);
    cJSON *features = cJSON_AddArrayToObject(o, "features");
    char *rest = NULL;
    memcpy(words, host->features, sizeof words);
    for (char *at = strtok_r(words, " ", &rest); at; at = strtok_r(NULL, " ", &rest))
        cJSON_AddItemToArray(features, cJSON_CreateString(at));
    add_text(o, "libc", host->libc);
    add_text(o, "kernel", host->kernel);
    return o;
}

static void print(cJSON *o, FILE *out)
{
    char *text = cJSON_PrintUnformatted(o);
    assert(text != NULL);
    fputs(text, out);
    free(text);
    cJSON_Delete(o);
}

// Prints the members of O, the braces around them left to the caller, so that
// an array can follow that is printed item by item.
static void print_members(cJSON *o, FILE *out)
{
    char *text = cJSON_PrintUnformatted(o);
    assert(text != NULL);
    text[strlen(text) - 1] = '\0';
    fputs(text, out);
    free(text);
    cJSON_Delete(o);
}

static void add_case(cJSON *o, const struct copy_case *c)
{
    char text[CASE_TEXT_MAX];
    case_print(c, text);
    add_text(o, "case", text);
    add_count(o, "size", c->size);
    add_count(o, "dst", c->dst_off);
    add_count(o, "src", c->src_off);
    if (c->overlapping)
        add_offset(o, "overlap", c->overlap);
    else
        cJSON_AddNullToObject(o, "overlap");
    add_count(o, "fill", c->fill);
}

static void trace(struct report *r, const struct trace_report *report)
{
    FILE *out = r->out;
    const struct trace *t = &report->recording->trace;
    cJSON *o = object();
    char text[TRACE_REASON_MAX + 160];
    add_text(o, "storescope", STORESCOPE_VERSION);
    cJSON_AddItemToObject(o, "host", host_object(r->facts->host));
    add_text(o, "backend", report->backend->name);
    add_text(o, "recorder", report->recorder);
    add_case(o, report->c);
    outcome_print(report->recording, text, sizeof text);
    add_text(o, "outcome", outcome_name[t->outcome]);
    add_text_or_null(o, "reason", t->outcome == OUTCOME_RETURNED ? NULL : text);
    print_members(o, out);
    fputs(",\n\"accesses\":[", out);
    for (size_t i = 0; i < t->count; i++) {
        fputs(i ? ",\n" : "\n", out);
        print(access_object(report->recording, &t->accesses[i]), out);
    }
    fputs("]}\n", out);
}

static cJSON *witness_object(const struct finding *f)
{
    cJSON *o = object();
    add_case(o, &f->witness);
    // A recording that could not be had again has no sites.
    add_text_or_null(o, "outcome",
                     f->recording.trace.sites == NULL ? NULL
                                                      : outcome_name[f->recording.trace.outcome]);
    cJSON *accesses = cJSON_AddArrayToObject(o, "accesses");
    for (size_t i = 0; i < f->access_count; i++) {
        const struct access *a = &f->recording.trace.accesses[f->accesses[i]];
        cJSON_AddItemToArray(accesses, access_object(&f->recording, a));
    }
    return o;
}

static cJSON *finding_object(const struct finding *f)
{
    cJSON *o = object();
    add_text(o, "rule", rule_name[f->rule]);
    add_count(o, "cases", f->cases);
    cJSON_AddItemToObject(o, "witness", witness_object(f));
    add_text(o, "message", f->message);
    return o;
}

static cJSON *result_object(const struct result *r)
{
    cJSON *o = object();
    char text[CASE_TEXT_MAX];
    add_text(o, "backend", r->backend->name);
    add_text(o, "contract", r->contract->name);
    add_text(o, "op", copy_op_name[r->op]);
    add_text(o, "recorder", r->recorder);
    add_text(o, "verdict", verdict_name[r->verdict]);
    add_count(o, "cases", r->cases);
    add_count(o, "planned", r->planned);
    add_count(o, "skipped_cases", r->skipped_cases);
    add_count(o, "broken_cases", r->broken_cases);
    add_text_or_null(o, "skipped_reason", r->verdict == VERDICT_SKIPPED ? r->reason : NULL);
    add_text_or_null(o, "reason", r->reason);
    case_print(&r->reason_case, text);
    add_text_or_null(o, "reason_case", r->has_reason_case ? text : NULL);
    cJSON_AddBoolToObject(o, "interrupted", r->interrupted);
    cJSON_AddNumberToObject(o, "seconds", r->seconds);
    cJSON *findings = cJSON_AddArrayToObject(o, "findings");
    for (size_t i = 0; i < r->finding_count; i++)
        cJSON_AddItemToArray(findings, finding_object(&r->findings[i]));
    return o;
}

static void begin(struct report *r)
{
    cJSON *o = object();
    r->state = calloc(1, sizeof(size_t)); // results so far
    assert(r->state != NULL);
    add_text(o, "storescope", STORESCOPE_VERSION);
    cJSON_AddItemToObject(o, "host", host_object(r->facts->host));
    print_members(o, r->out);
    fputs(",\n\"results\":[", r->out);
}

static void add(struct report *r, const struct result *results, size_t count)
{
    size_t *so_far = r->state;
    for (size_t i = 0; i < count; i++) {
        fputs((*so_far)++ ? ",\n" : "\n", r->out);
        print(result_object(&results[i]), r->out);
    }
}

static void end(struct report *r)
{
    fprintf(r->out, "],\n\"interrupted\":%s}\n", r->facts->totals->interrupted ? "true" : "false");
    free(r->state);
}

const struct format format_json = {
    .name = "json",
    .about = "everything, with stable keys; docs/schema describes it",
    .commands =
        FORMAT_CHECK | FORMAT_COMPARE | FORMAT_TRACE | FORMAT_LIST | FORMAT_REPLAY | FORMAT_FUZZ,
    .values = true,
    .begin = begin,
    .add = add,
    .end = end,
    .trace = trace,
};
