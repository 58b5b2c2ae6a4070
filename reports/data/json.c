// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Reports as JSON. Keys are stable: scripts rely on them, so one may be added,
// none renamed. docs/schema describes them.

#include "base/json.h"
#include "backends/arch.h"
#include "backends/call.h"
#include "judge/order.h"
#include "reports/access_text.h"
#include "reports/calls.h"
#include "reports/data/json_board.h"
#include "reports/format.h"
#include "reports/history/history_json.h"
#include "reports/merge/sweep_head.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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

static void add_classes(cJSON *o, const struct site *site)
{
    cJSON *classes = cJSON_AddArrayToObject(o, "classes");
    for (unsigned class = 0; class < SITE_CLASS_COUNT; class ++)
        if (site_is(site, (enum site_class) class))
            cJSON_AddItemToArray(classes, cJSON_CreateString(site_class_name[class]));
}

// Where it is, in its file and in the source; an inlined function's callers outward.
static void add_where(cJSON *o, const struct recording *r, size_t site)
{
    struct where w;
    const bool known = where_of(r, site, &w);
    json_add_text_or_null(o, "symbol", known ? w.symbol : NULL);
    if (known)
        json_add_count(o, "symbol_offset", w.symbol_offset);
    else
        cJSON_AddNullToObject(o, "symbol_offset");
    json_add_text_or_null(o, "module", w.module);
    json_add_text_or_null(o, "file", w.line_count > 0 ? w.lines[0].file : NULL);
    if (w.line_count > 0)
        json_add_count(o, "line", (uint64_t)w.lines[0].line);
    else
        cJSON_AddNullToObject(o, "line");
    json_add_text_or_null(o, "function", w.line_count > 0 ? w.lines[0].function : NULL);
    cJSON *callers = cJSON_AddArrayToObject(o, "inlined_at");
    for (size_t i = 1; i < w.line_count; i++) {
        cJSON *caller = json_object();
        json_add_text_or_null(caller, "function", w.lines[i].function);
        json_add_text(caller, "file", w.lines[i].file);
        json_add_count(caller, "line", (uint64_t)w.lines[i].line);
        cJSON_AddItemToArray(callers, caller);
    }
    json_add_text_or_null(o, "demangled", known && strcmp(w.name, w.symbol) != 0 ? w.name : NULL);
}

static cJSON *access_object(const struct recording *r, const struct access *a)
{
    cJSON *o = json_object();
    const struct site *site = &r->trace.sites[a->site];
    struct extent e = extent_of(r, a);
    json_add_text(o, "kind", access_kind_name[a->kind]);
    json_add_text(o, "region", region_name[e.region]);
    json_add_offset(o, "offset", e.lo - (int64_t)e.skipped);
    json_add_count(o, "width", a->width);
    json_add_count(o, "count", a->count);
    if (a->flags & ACCESS_MASKED)
        json_add_hex(o, "mask", a->mask);
    else
        cJSON_AddNullToObject(o, "mask");
    add_value(o, &r->trace, a, &e);
    json_add_count(o, "pc", site->addr);
    json_add_text(o, "site", site->text);
    json_add_text(o, "class", site_class_name[site->class]);
    add_classes(o, site);
    add_where(o, r, a->site);
    cJSON_AddBoolToObject(o, "descending", (a->flags & ACCESS_DESCENDING) != 0);
    cJSON_AddBoolToObject(o, "thread_local", (a->flags & ACCESS_TLS) != 0);
    cJSON_AddBoolToObject(o, "decoders_differ", site->decoders_differ);
    return o;
}

static cJSON *host_object(const struct host *host)
{
    char words[sizeof host->features];
    cJSON *o = json_object();
    json_add_text(o, "cpu", host->cpu);
    cJSON *features = cJSON_AddArrayToObject(o, "features");
    char *rest = NULL;
    memcpy(words, host->features, sizeof words);
    for (char *at = strtok_r(words, " ", &rest); at; at = strtok_r(NULL, " ", &rest))
        cJSON_AddItemToArray(features, cJSON_CreateString(at));
    json_add_text(o, "libc", host->libc);
    json_add_text(o, "kernel", host->kernel);
    return o;
}

// What the case says of the source's data beyond its fill.
static void add_fields(cJSON *o, const struct copy_case *c)
{
    cJSON *fields = cJSON_AddArrayToObject(o, "fields");
    for (size_t i = 0; i < c->field_count; i++) {
        cJSON *field = json_object();
        json_add_count(field, "offset", c->fields[i].off);
        json_add_count(field, "width", c->fields[i].width);
        json_add_count(field, "value", c->fields[i].value);
        cJSON_AddItemToArray(fields, field);
    }
}

static void add_case(cJSON *o, const struct copy_case *c)
{
    char text[CASE_TEXT_MAX];
    case_print(c, text);
    json_add_text(o, "case", text);
    json_add_count(o, "size", c->size);
    json_add_count(o, "dst", c->dst_off);
    json_add_count(o, "src", c->src_off);
    if (c->overlapping)
        json_add_offset(o, "overlap", c->overlap);
    else
        cJSON_AddNullToObject(o, "overlap");
    json_add_text_or_null(o, "lower", case_lower(c));
    if (c->data == DATA_OF_SEED) {
        json_add_count(o, "fill", c->fill);
    } else {
        case_print_fill(c, text);
        json_add_text(o, "fill", text);
    }
    add_fields(o, c);
}

// The CPU that another CPU's routine was run on.
static void add_emulated(cJSON *o, const struct backend *b, const struct recording *r)
{
    if (!b->arch) {
        cJSON_AddNullToObject(o, "emulated");
        return;
    }
    cJSON *cpu = cJSON_AddObjectToObject(o, "emulated");
    json_add_text(cpu, "arch", b->arch->name);
    json_add_text_or_null(cpu, "cpu", r->cpu);
    if (r->trace.atomic_bytes)
        json_add_count(cpu, "atomic_bytes", r->trace.atomic_bytes);
    else
        cJSON_AddNullToObject(cpu, "atomic_bytes");
}

// Of each store to the destination, by its index among the accesses: what orders it
// after the one before.
static void add_order(cJSON *o, const struct trace_report *report)
{
    const struct trace *t = &report->recording->trace;
    cJSON *order = cJSON_AddObjectToObject(o, "order");
    const char **told = calloc(t->count + 1, sizeof *told);
    if (!told)
        abort();
    order_tell(report->c, report->recording, (struct order_view){.kind = ACCESS_STORE}, told);
    for (size_t i = 0; i < t->count; i++) {
        char index[24];
        int64_t off;
        const struct access *a = &t->accesses[i];
        if (a->kind != ACCESS_STORE ||
            trace_region(t, &report->recording->layout, a, &off) != REGION_DST)
            continue;
        snprintf(index, sizeof index, "%zu", i);
        json_add_text_or_null(order, index, told[i]);
    }
    free(told);
}

// How the routine was called; null: as its op is.
static void add_call(cJSON *o, const struct backend *b)
{
    json_add_text_or_null(o, "call", b->call ? call_text(b->call) : NULL);
}

// Functions of other modules that touch memory.
static void add_calls(cJSON *o, const struct calls *calls)
{
    cJSON *list = cJSON_AddArrayToObject(o, "calls");
    for (size_t i = 0; i < calls->count; i++) {
        cJSON *called = json_object();
        json_add_text_or_null(called, "by", calls->items[i].by);
        json_add_text_or_null(called, "symbol", calls->items[i].symbol);
        json_add_text(called, "module", calls->items[i].module);
        cJSON_AddItemToArray(list, called);
    }
}

static cJSON *witness_object(const struct finding *f)
{
    cJSON *o = json_object();
    add_case(o, &f->witness);
    // A recording that could not be had again has no sites.
    json_add_text_or_null(
        o, "outcome",
        f->recording.trace.sites == NULL ? NULL : outcome_name[f->recording.trace.outcome]);
    cJSON *accesses = cJSON_AddArrayToObject(o, "accesses");
    for (size_t i = 0; i < f->access_count; i++) {
        const struct access *a = &f->recording.trace.accesses[f->accesses[i]];
        cJSON_AddItemToArray(accesses, access_object(&f->recording, a));
    }
    return o;
}

// What the witness does to an observer; null: nobody asked.
static void add_story(cJSON *o, const struct story *s)
{
    if (s == NULL) {
        cJSON_AddNullToObject(o, "story");
        return;
    }
    bool told = s->outcome == STORY_TOLD;
    cJSON *story = json_object();
    json_add_text(story, "outcome", story_outcome_name[s->outcome]);
    json_add_text(story, "observer", s->observer);
    json_add_text_or_null(story, "about", told ? s->about : NULL);
    json_add_count(story, "interleavings", s->interleavings);
    json_add_text_or_null(story, "side", told ? device_side_name(s->side) : NULL);
    json_add_count(story, "offset", s->offset);
    json_add_count(story, "width", s->width);
    cJSON *steps = cJSON_AddArrayToObject(story, "steps");
    for (size_t i = 0; i < s->step_count; i++)
        cJSON_AddItemToArray(steps, cJSON_CreateString(s->steps[i]));
    json_add_text_or_null(story, "bad", told ? s->bad : NULL);
    json_add_text_or_null(story, "reason", s->outcome == STORY_NOT_SEARCHED ? s->reason : NULL);
    cJSON_AddItemToObject(o, "story", story);
}

static cJSON *finding_object(const struct finding *f, bool part)
{
    cJSON *o = json_object();
    struct calls calls;
    json_add_text(o, "rule", rule_name[f->rule]);
    json_add_count(o, "cases", f->cases);
    cJSON_AddItemToObject(o, "witness", witness_object(f));
    json_add_text(o, "message", f->message);
    add_story(o, f->story);
    if (part) { // whose result may be put together of the findings of several
        calls_of_recording(&f->recording, &calls);
        add_calls(o, &calls);
    }
    return o;
}

// What arrived, and of a map's regions what was broken where.
static cJSON *device_object(const struct trace_report *report)
{
    cJSON *o = json_board(report->delivery, report->machine);
    cJSON *judged = cJSON_AddArrayToObject(o, "judged");
    for (size_t i = 0; i < report->region_count; i++) {
        const struct region_judged *r = &report->regions[i];
        cJSON *region = json_object();
        json_add_text(region, "region", r->range->name);
        json_add_text(region, "contract", r->range->contract);
        json_add_text(region, "verdict", verdict_name[r->result->verdict]);
        cJSON *findings = cJSON_AddArrayToObject(region, "findings");
        for (size_t k = 0; k < r->result->finding_count; k++) {
            cJSON *finding = finding_object(&r->result->findings[k], false);
            cJSON_AddBoolToObject(finding, "there", r->findings >> k & 1);
            cJSON_AddItemToArray(findings, finding);
        }
        cJSON_AddItemToArray(judged, region);
    }
    return o;
}

static void trace(struct report *r, const struct trace_report *report)
{
    FILE *out = r->out;
    const struct trace *t = &report->recording->trace;
    cJSON *o = json_object();
    char text[OUTCOME_TEXT_MAX];
    struct calls calls;
    json_add_text(o, "storescope", STORESCOPE_VERSION);
    cJSON_AddItemToObject(o, "host", host_object(r->facts->host));
    json_add_text(o, "backend", report->backend->name);
    add_call(o, report->backend);
    json_add_text(o, "recorder", report->recorder);
    json_add_text_or_null(o, "cpu", report->recording->cpu);
    add_emulated(o, report->backend, report->recording);
    add_case(o, report->c);
    outcome_print(report->recording, text, sizeof text);
    json_add_text(o, "outcome", outcome_name[t->outcome]);
    json_add_text_or_null(o, "reason", t->outcome == OUTCOME_RETURNED ? NULL : text);
    cJSON_AddBoolToObject(o, "loads_unseen", t->loads_unseen);
    add_order(o, report);
    calls_of_recording(report->recording, &calls);
    add_calls(o, &calls);
    if (report->delivery != NULL)
        cJSON_AddItemToObject(o, "device", device_object(report));
    json_print_members(o, out);
    fputs(",\n\"accesses\":[", out);
    for (size_t i = 0; i < t->count; i++) {
        fputs(i ? ",\n" : "\n", out);
        json_print(access_object(report->recording, &t->accesses[i]), out);
    }
    fputs("]}\n", out);
}

// Of a part of a sweep, that its shards can be put together.
static void add_reached_at(cJSON *o, const struct coverage *c)
{
    cJSON *reached = cJSON_AddArrayToObject(o, "reached_at");
    for (size_t i = 0; i < c->count; i++)
        if (c->insns[i].reached)
            cJSON_AddItemToArray(reached, cJSON_CreateNumber((double)c->insns[i].offset));
}

static cJSON *coverage_object(const struct coverage *c, bool part)
{
    char text[COVERED_TEXT_MAX];
    if (coverage_known(c) == 0)
        return cJSON_CreateNull();
    cJSON *o = json_object();
    json_add_count(o, "instructions", coverage_known(c));
    json_add_count(o, "reached", coverage_reached(c));
    cJSON *never = cJSON_AddArrayToObject(o, "never_reached");
    for (size_t i = 0; i < c->count; i++) {
        if (c->insns[i].reached)
            continue;
        cJSON *insn = json_object();
        json_add_offset(insn, "offset", c->insns[i].offset);
        covered_insn_text(&c->insns[i], text);
        json_add_text(insn, "text", text);
        cJSON_AddBoolToObject(insn, "unreachable", c->insns[i].unreachable);
        cJSON_AddItemToArray(never, insn);
    }
    if (part)
        add_reached_at(o, c);
    return o;
}

static void add_facts(cJSON *o, const struct result *r)
{
    char text[CASE_TEXT_MAX];
    cJSON *facts = cJSON_AddArrayToObject(o, "facts");
    for (size_t i = 0; i < r->fact_count; i++) {
        cJSON *fact = json_object();
        json_add_text(fact, "rule", rule_name[r->facts[i].rule]);
        json_add_count(fact, "cases", r->facts[i].cases);
        case_print(&r->facts[i].witness, text);
        json_add_text(fact, "case", text);
        json_add_text(fact, "message", r->facts[i].message);
        cJSON_AddItemToArray(facts, fact);
    }
}

// Only where they were read off.
static void add_laws(cJSON *o, const struct patterns *patterns)
{
    struct pattern_line lines[PATTERN_LINES_MAX];
    size_t count, i = 0;
    if (patterns->count == 0)
        return;
    cJSON *laws = cJSON_AddArrayToObject(o, "laws");
    while (i < patterns->count) {
        i = patterns_lines(patterns, i, lines, &count);
        for (size_t k = 0; k < count; k++) {
            cJSON *law = json_object();
            json_add_text(law, "sizes", lines[k].sizes);
            json_add_text(law, "stores", lines[k].text);
            cJSON_AddItemToArray(laws, law);
        }
    }
}

// Only where there are any.
static void add_not_asked(cJSON *o, const struct result *r)
{
    uint64_t rules = result_not_asked(r);
    cJSON *names = rules ? cJSON_AddArrayToObject(o, "not_asked") : NULL;
    for (; rules; rules &= rules - 1)
        cJSON_AddItemToArray(names, cJSON_CreateString(rule_name[__builtin_ctzll(rules)]));
}

// null: none was tried.
static void add_proof(cJSON *o, const struct proof_note *p)
{
    if (!p->tried) {
        cJSON_AddNullToObject(o, "proof");
        return;
    }
    cJSON *proof = cJSON_AddObjectToObject(o, "proof");
    cJSON_AddBoolToObject(proof, "proved", p->proved);
    cJSON_AddBoolToObject(proof, "contradicted", p->contradicted);
    json_add_text_or_null(proof, "reason", p->why);
    cJSON *sizes = cJSON_AddObjectToObject(proof, "sizes");
    json_add_count(sizes, "lo", p->size_lo);
    if (p->size_hi == PROOF_SIZE_MAX)
        cJSON_AddNullToObject(sizes, "hi");
    else
        json_add_count(sizes, "hi", p->size_hi);
    cJSON_AddBoolToObject(proof, "overlaps", p->overlaps);
    json_add_count(proof, "paths", p->paths);
    cJSON *constants = cJSON_AddArrayToObject(proof, "constants");
    for (size_t i = 0; i < p->constant_count; i++) {
        cJSON *c = json_object();
        json_add_text(c, "name", p->constants[i].name);
        json_add_hex(c, "value", p->constants[i].value);
        cJSON_AddItemToArray(constants, c);
    }
}

static cJSON *result_object(const struct result *r)
{
    cJSON *o = json_object();
    char text[CASE_TEXT_MAX];
    struct calls calls;
    json_add_text(o, "backend", r->backend->name);
    add_call(o, r->backend);
    json_add_text(o, "contract", r->contract->name);
    json_add_text(o, "op", copy_op_name[r->op]);
    json_add_text(o, "recorder", r->recorder);
    json_add_text_or_null(o, "cpu", r->cpu);
    json_add_text_or_null(o, "hint", r->hint);
    json_add_text(o, "verdict", verdict_name[r->verdict]);
    cJSON_AddBoolToObject(o, "light", r->light);
    json_add_count(o, "cases", r->cases);
    json_add_count(o, "planned", r->planned);
    json_add_count(o, "skipped_cases", r->skipped_cases);
    json_add_count(o, "broken_cases", r->broken_cases);
    json_add_text_or_null(o, "skipped_reason", r->verdict == VERDICT_SKIPPED ? r->reason : NULL);
    json_add_text_or_null(o, "reason", r->reason);
    case_print(&r->reason_case, text);
    json_add_text_or_null(o, "reason_case", r->has_reason_case ? text : NULL);
    cJSON_AddBoolToObject(o, "interrupted", r->interrupted);
    cJSON_AddNumberToObject(o, "seconds", r->seconds);
    cJSON_AddBoolToObject(o, "part", r->part);
    if (r->part)
        json_add_hex(o, "plan", r->plan);
    cJSON_AddBoolToObject(o, "given_up", r->cut_short);
    json_add_text_or_null(o, "stored",
                          r->stores_something ? "something"
                          : r->stores_nothing ? "nothing"
                                              : NULL);
    cJSON_AddItemToObject(o, "coverage", coverage_object(&r->coverage, r->part));
    add_proof(o, &r->proof);
    add_not_asked(o, r);
    add_laws(o, &r->patterns);
    add_facts(o, r);
    calls_of_results(r, 1, &calls);
    add_calls(o, &calls);
    cJSON *findings = cJSON_AddArrayToObject(o, "findings");
    for (size_t i = 0; i < r->finding_count; i++)
        cJSON_AddItemToArray(findings, finding_object(&r->findings[i], r->part));
    return o;
}

static void begin(struct report *r)
{
    cJSON *o = json_object();
    r->state = calloc(1, sizeof(size_t)); // results so far
    assert(r->state != NULL);
    json_add_text(o, "storescope", STORESCOPE_VERSION);
    json_add_text_or_null(o, "date", r->facts->date);
    json_add_text_or_null(o, "command", r->facts->command_line);
    cJSON_AddItemToObject(o, "host", host_object(r->facts->host));
    if (r->facts->history != NULL)
        cJSON_AddItemToObject(o, "history", history_reports_object(r->facts->history));
    if (r->facts->sweep != NULL)
        cJSON_AddItemToObject(o, "sweep", sweep_head_object(r->facts->sweep));
    json_print_members(o, r->out);
    fputs(",\n\"results\":[", r->out);
}

static void add(struct report *r, const struct result *results, size_t count)
{
    size_t *so_far = r->state;
    struct history_table past = {.rows = 0};
    if (r->facts->history != NULL)
        history_table_make(r->facts->history, results, count, &past);
    for (size_t i = 0; i < count; i++) {
        cJSON *o = result_object(&results[i]);
        if (r->facts->history != NULL)
            cJSON_AddItemToObject(o, "history", history_verdicts_object(&past, i));
        fputs((*so_far)++ ? ",\n" : "\n", r->out);
        json_print(o, r->out);
    }
    history_table_free(&past);
}

static void end(struct report *r)
{
    fprintf(r->out, "],\n\"interrupted\":%s}\n", r->facts->totals->interrupted ? "true" : "false");
    free(r->state);
}

const struct format format_json = {
    .name = "json",
    .suffix = "json",
    .about = "everything, with stable keys; docs/schema describes it",
    .commands = FORMAT_SWEEPS | FORMAT_TRACE | FORMAT_LIST | FORMAT_REPLAY | FORMAT_FUZZ |
                FORMAT_WATCH | FORMAT_PROBE | FORMAT_PROVE,
    .values = true,
    .board = true,
    .begin = begin,
    .add = add,
    .end = end,
    .trace = trace,
};
