// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// SARIF 2.1.0 for code scanning. Each finding is a result: the rule, the line of source
// to blame, or the file and symbol that the routine comes from, the accesses to blame as
// a code flow. What
// could not be judged is a notification of the run, since it is no finding.
//
// GitHub takes at most 25,000 results a run and 20 runs a file (its page on SARIF
// support); a run that is full is followed by another with a category of its
// own, as GitHub wants it, so that nothing is cut.

#include "backends/names.h"
#include "base/json.h"
#include "reports/access_text.h"
#include "reports/data/sarif_parts.h"
#include "reports/finding_text.h"
#include "reports/format.h"
#include "reports/rule_help.h"
#include "reports/where.h"

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { RESULTS_MAX = 25000, NOTES_MAX = 1000, FLOW_MAX = 64, RELATED_MAX = 8 };

struct sarif {
    size_t runs, results; // results of this run
    cJSON *notes;         // array; of what was not judged
    size_t notes_left_out;
    bool judged; // has nothing been left unjudged?
    bool has_place;
    struct source_place place; // of the routine at hand, in its source
};

static void begin_run(struct report *r)
{
    struct sarif *s = r->state;
    char id[64];
    cJSON *run = json_object();
    sarif_add_tool(run);
    snprintf(id, sizeof id, "storescope/%s/%zu",
             r->facts->command == FORMAT_COMPARE ? "compare"
             : r->facts->command == FORMAT_EMIT  ? "emit"
                                                 : "check",
             ++s->runs);
    json_add_text(sarif_add_object(run, "automationDetails"), "id", id);
    json_add_text(run, "columnKind", "utf16CodeUnits");
    s->results = 0;
    s->notes = cJSON_CreateArray();
    s->notes_left_out = 0;
    s->judged = true;
    json_print_members(run, r->out);
    fputs(",\n\"results\":[", r->out);
}

static void end_run(struct report *r)
{
    struct sarif *s = r->state;
    cJSON *invocation = json_object();
    cJSON_AddBoolToObject(invocation, "executionSuccessful",
                          s->judged && !r->facts->totals->interrupted);
    if (r->facts->command_line != NULL)
        json_add_text(invocation, "commandLine", r->facts->command_line);
    if (s->notes_left_out > 0) {
        char text[96], count[COUNT_TEXT_MAX];
        cJSON *note = json_object();
        snprintf(text, sizeof text, "%s more not judged",
                 count_print(s->notes_left_out, "result", count));
        json_add_text(note, "level", "note");
        sarif_add_message(note, "message", text);
        cJSON_AddItemToArray(s->notes, note);
    }
    cJSON_AddItemToObject(invocation, "toolExecutionNotifications", s->notes);
    fputs("],\n\"invocations\":[", r->out);
    json_print(invocation, r->out);
    fputs("]}", r->out);
}

static void begin(struct report *r)
{
    r->state = calloc(1, sizeof(struct sarif));
    assert(r->state != NULL);
    fputs("{\"$schema\":\"" SARIF_SCHEMA_URI "\",\"version\":\"2.1.0\",\"runs\":[\n", r->out);
    begin_run(r);
}

// The line of the source where the routine begins, where that is known; else the file that
// holds the code. Storescope's own routines are in none of the user's. Without a line GitHub
// shows no result.
static cJSON *routine_location(const struct sarif *s, const struct backend *b)
{
    cJSON *o = json_object();
    const char *object = b->path ? b->path : b->name;
    sarif_add_physical(o, s->has_place ? s->place.file : object, s->has_place ? s->place.line : 1);
    char name[WHERE_NAME_MAX];
    sarif_add_logical(o, name_print(b->symbol, name, sizeof name), b->name, b->symbol);
    return o;
}

// The line of the user's that an instruction was made of: other modules' are in no
// checkout of the routine's.
static bool has_line(const struct recording *r, const struct access *a, struct where *where)
{
    return where_of(r, a->site, where) && where->line_count > 0 && !where->foreign;
}

static cJSON *access_location(const struct sarif *s, const struct backend *b,
                              const struct recording *r, const struct access *a)
{
    struct where where;
    char text[ACCESS_TEXT_MAX];
    cJSON *o = has_line(r, a, &where) ? sarif_line_location(&where.lines[0], &where)
                                      : routine_location(s, b);
    access_text(r, a, text);
    sarif_add_message(o, "message", text);
    return o;
}

// The last of the accesses to blame is the one that breaks the rule.
static const struct access *blamed(const struct finding *f)
{
    const struct access *accesses = f->recording.trace.accesses;
    return f->access_count > 0 ? &accesses[f->accesses[f->access_count - 1]] : NULL;
}

static cJSON *finding_location(const struct sarif *s, const struct backend *b,
                               const struct finding *f)
{
    struct where where;
    const struct access *a = blamed(f);
    return a && has_line(&f->recording, a, &where) ? sarif_line_location(&where.lines[0], &where)
                                                   : routine_location(s, b);
}

static void add_related(cJSON *related, cJSON *location, const char *text)
{
    cJSON_AddNumberToObject(location, "id", cJSON_GetArraySize(related) + 1);
    sarif_add_message(location, "message", text);
    cJSON_AddItemToArray(related, location);
}

// The calls that the line to blame was inlined at, the other accesses, and the routine.
static void add_related_locations(cJSON *o, const struct sarif *s, const struct backend *b,
                                  const struct finding *f)
{
    struct where where;
    const struct access *a = blamed(f);
    cJSON *related = cJSON_AddArrayToObject(o, "relatedLocations");
    if (a && has_line(&f->recording, a, &where))
        for (size_t i = 1; i < where.line_count; i++)
            add_related(related, sarif_line_location(&where.lines[i], &where), "inlined here");
    for (size_t i = 0; i + 1 < f->access_count && i < RELATED_MAX; i++) {
        cJSON *location =
            access_location(s, b, &f->recording, &f->recording.trace.accesses[f->accesses[i]]);
        cJSON_AddNumberToObject(location, "id", cJSON_GetArraySize(related) + 1);
        cJSON_AddItemToArray(related, location);
    }
    add_related(related, routine_location(s, b), "the routine");
}

static void add_flow(cJSON *o, const struct sarif *s, const struct backend *b,
                     const struct finding *f)
{
    if (f->access_count == 0)
        return;
    cJSON *thread = json_object(), *flow = json_object();
    cJSON *steps = cJSON_AddArrayToObject(thread, "locations");
    for (size_t i = 0; i < f->access_count && i < FLOW_MAX; i++) {
        const struct access *a = &f->recording.trace.accesses[f->accesses[i]];
        cJSON *step = json_object();
        cJSON_AddItemToObject(step, "location", access_location(s, b, &f->recording, a));
        cJSON_AddItemToArray(steps, step);
    }
    cJSON_AddItemToArray(cJSON_AddArrayToObject(flow, "threadFlows"), thread);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(o, "codeFlows"), flow);
}

// The same for the same routine, contract and rule in every run: FNV-1a, whose
// values may end in other people's databases, so it must never change.
static uint64_t fingerprint(const struct result *r, const struct finding *f, const char *device)
{
    const char *const parts[] = {r->backend->name, r->contract->name, copy_op_name[r->op], device,
                                 rule_name[f->rule]};
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (const char *at = parts[i];; at++) {
            hash = (hash ^ (unsigned char)*at) * UINT64_C(0x100000001b3);
            if (*at == '\0')
                break;
        }
    return hash;
}

static void add_replay(cJSON *o, const struct result *r, const struct finding *f)
{
    char *text = NULL;
    size_t length;
    FILE *to = open_memstream(&text, &length);
    assert(to != NULL);
    finding_print_replay(r, f, to);
    fclose(to);
    json_add_text(o, "replay", text);
    free(text);
}

// What is wrong, in which cases, and what that does to who looks.
static void add_sentence(cJSON *o, const struct result *r, const struct finding *f)
{
    char name[512], witness[CASE_TEXT_MAX], count[COUNT_TEXT_MAX], *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    assert(out != NULL);
    case_print(&f->witness, witness);
    result_name(r->backend, r->op, name, sizeof name);
    fprintf(out, "%.300s under %s: %s. %s, the smallest: %s", name, r->contract->name, f->message,
            count_print(f->cases, "case", count), witness);
    if (f->story != NULL)
        fputc('\n', out);
    finding_write_story(f, "", out);
    fclose(out);
    sarif_add_message(o, "message", text);
    free(text);
}

static cJSON *result_object(const struct report *report, const struct result *r,
                            const struct finding *f)
{
    char text[64], witness[CASE_TEXT_MAX];
    const char *device = device_side_name(report->facts->run->device);
    cJSON *o = json_object();
    case_print(&f->witness, witness);
    json_add_text(o, "ruleId", rule_name[f->rule]);
    cJSON_AddNumberToObject(o, "ruleIndex", f->rule);
    json_add_text(o, "level", "error");
    json_add_text(o, "kind", "fail");
    add_sentence(o, r, f);
    cJSON_AddItemToArray(cJSON_AddArrayToObject(o, "locations"),
                         finding_location(report->state, r->backend, f));
    add_related_locations(o, report->state, r->backend, f);
    add_flow(o, report->state, r->backend, f);
    cJSON *prints = sarif_add_object(o, "partialFingerprints");
    snprintf(text, sizeof text, "%016" PRIx64, fingerprint(r, f, device));
    json_add_text(prints, "storescope/v1", text);
    strcat(text, ":1");
    json_add_text(prints, "primaryLocationLineHash", text);
    cJSON *properties = sarif_add_object(o, "properties");
    json_add_text(properties, "backend", r->backend->name);
    json_add_text(properties, "contract", r->contract->name);
    json_add_text(properties, "device", device);
    json_add_text(properties, "op", copy_op_name[r->op]);
    json_add_text(properties, "recorder", r->recorder);
    if (r->cpu[0])
        json_add_text(properties, "cpu", r->cpu);
    json_add_count(properties, "cases", f->cases);
    json_add_text(properties, "witness", witness);
    add_replay(properties, r, f);
    return o;
}

static void add_note(struct sarif *s, const struct result *r)
{
    char text[TRACE_REASON_MAX + 640 + CONTRACT_NAME_MAX];
    s->judged &= r->verdict != VERDICT_BROKEN;
    if ((size_t)cJSON_GetArraySize(s->notes) >= NOTES_MAX) {
        s->notes_left_out++;
        return;
    }
    cJSON *note = json_object();
    snprintf(text, sizeof text, "%.500s under %s: %s: %s", r->backend->name, r->contract->name,
             verdict_name[r->verdict], r->reason);
    json_add_text(note, "level", r->verdict == VERDICT_BROKEN ? "warning" : "note");
    sarif_add_message(note, "message", text);
    cJSON_AddItemToArray(s->notes, note);
}

// Has it findings, of a routine whose file is the one that is here? Of another report's
// nobody knows.
static bool is_here(const struct result *results, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (results[i].finding_count > 0)
            return results[i].findings[0].recording.told == NULL;
    return false;
}

static void add(struct report *r, const struct result *results, size_t count)
{
    struct sarif *s = r->state;
    s->has_place = is_here(results, count) && source_find(results[0].backend, &s->place);
    for (size_t i = 0; i < count; i++) {
        if (results[i].verdict == VERDICT_BROKEN || results[i].verdict == VERDICT_SKIPPED)
            add_note(s, &results[i]);
        for (size_t k = 0; k < results[i].finding_count; k++) {
            if (s->results == RESULTS_MAX) {
                end_run(r);
                fputs(",\n", r->out);
                begin_run(r);
            }
            fputs(s->results++ ? ",\n" : "\n", r->out);
            json_print(result_object(r, &results[i], &results[i].findings[k]), r->out);
        }
    }
}

static void end(struct report *r)
{
    end_run(r);
    fputs("]}\n", r->out);
    free(r->state);
}

const struct format format_sarif = {
    .name = "sarif",
    .suffix = "sarif",
    .about = "SARIF 2.1.0 for code scanning",
    .commands = FORMAT_SWEEPS | FORMAT_WATCH,
    .begin = begin,
    .add = add,
    .end = end,
};
