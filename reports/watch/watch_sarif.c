// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What `watch --contract` found, as SARIF 2.1.0: a result each, at the line of source to
// blame, or in the file that holds the code.

#include "backends/names.h"
#include "base/json.h"
#include "base/text.h"
#include "reports/data/sarif_parts.h"
#include "reports/watch/watch_report_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static cJSON *site_location(const struct watch_site *site)
{
    struct where where;
    if (where_in_file(site->place.path, site->place.addr, &where) && where.line_count > 0)
        return sarif_line_location(&where.lines[0], &where);
    cJSON *o = json_object();
    const char *symbol = site->place.symbol != NULL ? site->place.symbol : "";
    char name[WHERE_NAME_MAX];
    sarif_add_physical(o, site->place.path[0] != '\0' ? site->place.path : "unknown", 1);
    name_print(symbol, name, sizeof name);
    if (symbol[0] != '\0')
        sarif_add_logical(o, name, name, symbol);
    return o;
}

static cJSON *access_location(const struct watch_access *a)
{
    char text[WATCH_ACCESS_MAX];
    cJSON *o = site_location(a->site);
    sarif_add_message(o, "message", watch_access_print(a, text));
    return o;
}

// The last of the accesses to blame is the one that breaks the rule.
static cJSON *result_object(const struct watch_finding *f)
{
    char text[RULE_MESSAGE_MAX + 400], name[256], calls[COUNT_TEXT_MAX];
    cJSON *o = json_object();
    place_print(&f->function, 0, false, name, sizeof name);
    json_add_text(o, "ruleId", rule_name[f->rule]);
    cJSON_AddNumberToObject(o, "ruleIndex", f->rule);
    json_add_text(o, "level", "error");
    json_add_text(o, "kind", "fail");
    snprintf(text, sizeof text, "%.200s under %.80s: %s. %s, the first is #%" PRIu64, name,
             f->contract->name, f->message, count_print(f->calls, "call", calls), f->first);
    sarif_add_message(o, "message", text);
    cJSON *locations = cJSON_AddArrayToObject(o, "locations");
    cJSON *related = cJSON_AddArrayToObject(o, "relatedLocations");
    for (size_t i = 0; i < f->access_count; i++)
        cJSON_AddItemToArray(i + 1 < f->access_count ? related : locations,
                             access_location(&f->accesses[i]));
    return o;
}

// What is not whole is a notification, since it is no finding.
static cJSON *invocation_object(const struct watch_report *r, const struct watch_log *log)
{
    cJSON *o = json_object(), *notes = cJSON_CreateArray();
    enum watch_note kind;
    const char *text;
    bool whole = call_judge_too_large(r->options.judging.judge) == 0;
    for (size_t i = 0; (text = watch_log_note(log, i, &kind)) != NULL; i++) {
        cJSON *note = json_object();
        whole &= kind != NOTE_BROKEN;
        json_add_text(note, "level", kind == NOTE_INFO ? "note" : "warning");
        sarif_add_message(note, "message", text);
        cJSON_AddItemToArray(notes, note);
    }
    cJSON_AddBoolToObject(o, "executionSuccessful", whole);
    cJSON_AddItemToObject(o, "toolExecutionNotifications", notes);
    return o;
}

void watch_sarif_end(struct watch_report *r, const struct watch_log *log)
{
    const struct watch_finding *f;
    cJSON *o = json_object(), *run = json_object();
    json_add_text(o, "$schema", SARIF_SCHEMA_URI);
    json_add_text(o, "version", "2.1.0");
    cJSON_AddItemToArray(cJSON_AddArrayToObject(o, "runs"), run);
    sarif_add_tool(run);
    json_add_text(sarif_add_object(run, "automationDetails"), "id", "storescope/watch/1");
    json_add_text(run, "columnKind", "utf16CodeUnits");
    cJSON *results = cJSON_AddArrayToObject(run, "results");
    for (size_t i = 0; (f = call_judge_finding(r->options.judging.judge, i)) != NULL; i++)
        cJSON_AddItemToArray(results, result_object(f));
    cJSON_AddItemToArray(cJSON_AddArrayToObject(run, "invocations"), invocation_object(r, log));
    json_print(o, r->out);
    fputc('\n', r->out);
}
