// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "base/json.h"
#include "reports/prove/prove_report.h"
#include "reports/report.h"

#include <stdlib.h>

void prove_json_begin(FILE *out)
{
    struct host host;
    cJSON *o = json_object();
    host_describe(&host);
    cJSON_AddStringToObject(o, "storescope", STORESCOPE_VERSION);
    cJSON *on = cJSON_AddObjectToObject(o, "host");
    json_add_text(on, "cpu", host.cpu);
    json_add_text(on, "libc", host.libc);
    json_add_text(on, "kernel", host.kernel);
    json_print_members(o, out);
    fputs(",\"results\":[", out);
}

void prove_json_end(FILE *out)
{
    fputs("\n]}\n", out);
}

static void add_sizes(cJSON *o, uint64_t lo, uint64_t hi)
{
    cJSON *sizes = cJSON_AddObjectToObject(o, "sizes");
    json_add_count(sizes, "lo", lo);
    if (hi == proof_defaults.size_hi)
        cJSON_AddNullToObject(sizes, "hi");
    else
        json_add_count(sizes, "hi", hi);
}

static cJSON *rule_object(const struct proof_rule *r)
{
    static const char *const status[] = {
        [RULE_HOLDS] = "holds", [RULE_BROKEN] = "broken", [RULE_OPEN] = "not proved"};
    cJSON *o = json_object();
    cJSON_AddStringToObject(o, "rule", rule_name[r->rule]);
    cJSON_AddStringToObject(o, "status", status[r->status]);
    json_add_text_or_null(o, "why", r->status == RULE_OPEN ? r->why : NULL);
    if (r->status != RULE_BROKEN)
        return o;
    char text[CASE_TEXT_MAX];
    case_print(&r->c, text);
    json_add_count(o, "paths", r->paths);
    add_sizes(o, r->size_lo, r->size_hi);
    cJSON_AddStringToObject(o, "case", text);
    json_add_text(o, "message", r->message);
    return o;
}

static void add_constants(cJSON *o, const struct proof *p)
{
    cJSON *constants = cJSON_AddArrayToObject(o, "constants");
    for (size_t i = 0; i < p->constant_count; i++) {
        cJSON *c = json_object();
        json_add_text(c, "name", p->constants[i].name);
        json_add_hex(c, "value", p->constants[i].value);
        cJSON_AddItemToArray(constants, c);
    }
}

void prove_json_add(const struct proof *p, bool first, FILE *out)
{
    cJSON *o = json_object();
    json_add_text(o, "backend", p->backend->name);
    json_add_text(o, "contract", p->contract->name);
    cJSON_AddStringToObject(o, "op", copy_op_name[p->op]);
    cJSON_AddStringToObject(o, "verdict", proof_verdict_name[p->verdict]);
    json_add_text_or_null(o, "reason", p->why);
    add_sizes(o, p->size_lo, p->size_hi);
    json_add_count(o, "paths", p->paths);
    json_add_count(o, "unfinished_paths", p->ended);
    json_add_count(o, "confirmed_paths", p->confirmed);
    cJSON_AddNumberToObject(o, "seconds", p->seconds);
    add_constants(o, p);
    cJSON *rules = cJSON_AddArrayToObject(o, "rules");
    for (size_t i = 0; i < p->rule_count; i++)
        cJSON_AddItemToArray(rules, rule_object(&p->rules[i]));
    char *text = cJSON_PrintUnformatted(o);
    if (text != NULL)
        fprintf(out, "%s\n%s", first ? "" : ",", text);
    free(text);
    cJSON_Delete(o);
}
