// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What `watch --contract` found, as text and as JSON.

#include "base/json.h"
#include "base/text.h"
#include "reports/watch/watch_report_state.h"

#include <inttypes.h>
#include <string.h>

// The findings of a contract, and the calls that they are of.
static size_t count_findings(const struct watch_report *r, const struct contract *contract)
{
    const struct watch_finding *f;
    size_t n = 0;
    for (size_t i = 0; (f = call_judge_finding(r->options.judging.judge, i)) != NULL; i++)
        n += f->contract == contract;
    return n;
}

static void print_finding(const struct watch_report *r, const struct watch_finding *f)
{
    char calls[COUNT_TEXT_MAX], name[256], text[WATCH_ACCESS_MAX], message[RULE_MESSAGE_MAX + 80];
    place_print(&f->function, 0, false, name, sizeof name);
    fputs("  ", r->out);
    terminal_put(&r->terminal, r->out, HUE_BAD, rule_name[f->rule]);
    fprintf(r->out, ": %s of %s, the first is #%" PRIu64 "\n", count_print(f->calls, "call", calls),
            name, f->first);
    snprintf(message, sizeof message, "%s (dst+0 and src+0 are 0x%" PRIx64 " of FILE)", f->message,
             f->base);
    terminal_wrap(&r->terminal, r->out, 4, message);
    for (size_t i = 0; i < f->access_count; i++)
        fprintf(r->out, "    %s\n", watch_access_print(&f->accesses[i], text));
}

static void print_left_out(const struct watch_report *r, const struct contract *contract)
{
    enum rule_id rules[RULE_COUNT];
    char text[RULE_COUNT * 32] = "not judged, as nobody tells what was to be copied: ";
    const size_t n = call_judge_left_out(r->options.judging.judge, contract, rules);
    for (size_t i = 0; i < n; i++) {
        strcat(text, i > 0 ? ", " : "");
        strcat(text, rule_name[rules[i]]);
    }
    if (n > 0)
        terminal_wrap(&r->terminal, r->out, 2, text);
}

static void print_contract(const struct watch_report *r, const struct contract *contract)
{
    const struct watch_finding *f;
    char findings[COUNT_TEXT_MAX], calls[COUNT_TEXT_MAX];
    const size_t n = count_findings(r, contract);
    fputc('\n', r->out);
    terminal_put(&r->terminal, r->out, HUE_STRONG, contract->name);
    fprintf(r->out, ": %s in %s\n", count_print(n, "finding", findings),
            count_print(call_judge_judged(r->options.judging.judge), "call", calls));
    for (size_t i = 0; (f = call_judge_finding(r->options.judging.judge, i)) != NULL; i++)
        if (f->contract == contract)
            print_finding(r, f);
    print_left_out(r, contract);
}

void watch_text_findings(struct watch_report *r)
{
    const struct watch_judging *judging = &r->options.judging;
    if (judging->judge == NULL)
        return;
    for (size_t i = 0; i < judging->contract_count; i++)
        print_contract(r, &judging->contracts[i]);
    fputc('\n', r->out);
}

static cJSON *finding_object(const struct watch_finding *f)
{
    cJSON *o = json_object();
    json_add_text(o, "rule", rule_name[f->rule]);
    watch_json_add_symbol(o, &f->function);
    json_add_text_or_null(o, "module", f->function.path);
    json_add_count(o, "calls", f->calls);
    json_add_count(o, "first_call", f->first);
    json_add_count(o, "base", f->base);
    json_add_text(o, "message", f->message);
    cJSON *accesses = cJSON_AddArrayToObject(o, "accesses");
    for (size_t i = 0; i < f->access_count; i++)
        cJSON_AddItemToArray(accesses, watch_json_access_object(&f->accesses[i]));
    return o;
}

static cJSON *contract_object(const struct watch_report *r, const struct contract *contract)
{
    const struct watch_judging *judging = &r->options.judging;
    const struct watch_finding *f;
    enum rule_id rules[RULE_COUNT];
    cJSON *o = json_object();
    json_add_text(o, "contract", contract->name);
    json_add_text(o, "device", device_side_name(judging->device));
    json_add_count(o, "calls_judged", call_judge_judged(judging->judge));
    json_add_count(o, "calls_too_large", call_judge_too_large(judging->judge));
    cJSON *findings = cJSON_AddArrayToObject(o, "findings");
    for (size_t i = 0; (f = call_judge_finding(judging->judge, i)) != NULL; i++)
        if (f->contract == contract)
            cJSON_AddItemToArray(findings, finding_object(f));
    cJSON *left_out = cJSON_AddArrayToObject(o, "not_judged");
    const size_t n = call_judge_left_out(judging->judge, contract, rules);
    for (size_t i = 0; i < n; i++)
        cJSON_AddItemToArray(left_out, cJSON_CreateString(rule_name[rules[i]]));
    return o;
}

cJSON *watch_json_contracts(const struct watch_report *r)
{
    cJSON *contracts = cJSON_CreateArray();
    for (size_t i = 0; r->options.judging.judge != NULL && i < r->options.judging.contract_count;
         i++)
        cJSON_AddItemToArray(contracts, contract_object(r, &r->options.judging.contracts[i]));
    return contracts;
}
