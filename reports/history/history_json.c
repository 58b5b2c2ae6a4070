// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/history/history_json.h"

#include "base/json.h"

cJSON *history_reports_object(const struct history *h)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t i = 0; i < h->count; i++) {
        const struct history_report *r = &h->reports[i];
        cJSON *o = json_object();
        json_add_text(o, "report", r->path);
        json_add_text(o, "date", r->date);
        json_add_text(o, "storescope", r->version);
        json_add_text_or_null(o, "cpu", r->cpu);
        cJSON_AddItemToArray(list, o);
    }
    return list;
}

cJSON *history_verdicts_object(const struct history_table *t, size_t column)
{
    cJSON *list = cJSON_CreateArray();
    for (size_t row = 0; row < t->rows; row++) {
        const struct history_verdict *v = history_cell(t, row, column);
        if (v == NULL)
            continue;
        cJSON *o = json_object();
        if (row + 1 < t->rows)
            json_add_count(o, "report", row);
        else
            cJSON_AddNullToObject(o, "report");
        json_add_text(o, "verdict", verdict_name[v->verdict]);
        cJSON *rules = cJSON_AddArrayToObject(o, "rules");
        for (unsigned rule = 0; rule < RULE_COUNT; rule++)
            if (v->rules >> rule & 1)
                cJSON_AddItemToArray(rules, cJSON_CreateString(rule_name[rule]));
        json_add_text(o, "change", change_name[history_change(t, row, column)]);
        cJSON_AddItemToArray(list, o);
    }
    return list;
}
