// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "list_rows.h"

#include "arch.h"
#include "nearest.h"

#include "contract.h"
#include "describe.h"
#include "recorder.h"
#include "report.h"
#include "rule_help.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

const char *const list_kind_name[LIST_KIND_COUNT] = {
    "backends",
    "recorders",
    "contracts",
    "rules",
};

static bool is_listed(const struct list_rows *rows, const char *name)
{
    return rows->glob == NULL || fnmatch(rows->glob, name, 0) == 0;
}

static size_t count_listed(const struct list_rows *rows, unsigned kinds)
{
    size_t count = 0;
    for (size_t i = 0; kinds >> LIST_RECORDERS & 1 && i < recorder_kind_count; i++)
        count += is_listed(rows, recorder_kinds[i]->name);
    for (size_t i = 0; kinds >> LIST_CONTRACTS & 1 && i < contract_builtin_count; i++)
        count += is_listed(rows, contract_builtin(i)->name);
    for (size_t i = 0; kinds >> LIST_RULES & 1 && i < RULE_COUNT; i++)
        count += is_listed(rows, rule_name[i]);
    return count;
}

static void offer_names(struct nearest *n, unsigned kinds)
{
    for (size_t i = 0; kinds & 1u << LIST_RECORDERS && i < recorder_kind_count; i++)
        nearest_offer(n, recorder_kinds[i]->name);
    for (size_t i = 0; kinds & 1u << LIST_CONTRACTS && i < contract_builtin_count; i++)
        nearest_offer(n, contract_builtin(i)->name);
    for (size_t i = 0; kinds & 1u << LIST_RULES && i < RULE_COUNT; i++)
        nearest_offer(n, rule_name[i]);
}

bool list_gather(struct list_rows *rows, unsigned kinds, const char *glob, bool all, char *error,
                 size_t error_size)
{
    static char every[] = "*", planted[] = "planted/*";
    *rows = (struct list_rows){.glob = glob};
    if (kinds >> LIST_BACKENDS & 1) {
        char *patterns[] = {glob ? (char *)(uintptr_t)glob : every, planted};
        size_t count = all && glob == NULL ? 2 : glob != NULL;
        return select_backends(patterns, count, &rows->backends, error, error_size);
    }
    if (count_listed(rows, kinds) > 0)
        return true;
    struct nearest n = {.wanted = glob ? glob : ""};
    char near_text[NEAREST_TEXT_MAX];
    offer_names(&n, kinds);
    nearest_print(&n, near_text, sizeof near_text);
    snprintf(error, error_size, "nothing here matches '%s'%s; leave the glob out to see all",
             n.wanted, near_text);
    return false;
}

void list_free(struct list_rows *rows)
{
    select_free(&rows->backends);
}

// ---- as text ----

static void text_backends(const struct list_rows *rows, const struct look *look, FILE *out)
{
    const struct selection *s = &rows->backends;
    int name = 4, from = 4;
    for (size_t i = 0; i < s->count; i++) {
        int length = (int)strlen(s->items[i]->name);
        name = length > name ? length : name;
        length = (int)strlen(s->items[i]->from ? s->items[i]->from : "");
        from = length > from ? length : from;
    }
    fprintf(out, "%-*s  %-7s  %-*s  %s\n", name, "name", "op", from, "from", "status");
    for (size_t i = 0; i < s->count; i++) {
        const struct backend *b = s->items[i];
        fprintf(out, "%-*s  %-7s  %-*s  ", name, b->name, copy_op_name[b->op], from,
                b->from ? b->from : "");
        look_put(look, out, b->missing ? HUE_DOUBT : HUE_GOOD, b->missing ? b->missing : "ready");
        fputc('\n', out);
    }
}

static void text_recorders(const struct list_rows *rows, const struct look *look, FILE *out)
{
    for (size_t i = 0; i < recorder_kind_count; i++) {
        const struct recorder_kind *kind = recorder_kinds[i];
        const char *missing = kind->missing ? kind->missing() : NULL;
        if (!is_listed(rows, kind->name))
            continue;
        look_put(look, out, HUE_STRONG, kind->name);
        fputs("  ", out);
        look_put(look, out, missing ? HUE_DOUBT : HUE_GOOD, missing ? missing : "ready");
        fprintf(out, "\n  can:    %s\n  cannot: %s\n", kind->can, kind->cannot);
    }
}

static void rule_print(const struct contract_rule *row, char *text, size_t text_size)
{
    static const char *const requests[] = {
        [REQUEST_ANY] = "",
        [REQUEST_DST_ALIGNED] = " request=dst-aligned",
        [REQUEST_SRC_ALIGNED] = " request=src-aligned",
        [REQUEST_BOTH_ALIGNED] = " request=both-aligned",
    };
    char max[24] = "";
    if (row->params.max)
        snprintf(max, sizeof max, " max=%u", row->params.max);
    snprintf(text, text_size, "%s%s%s%s%s", rule_name[row->rule], requests[row->params.request],
             max, row->params.same_page ? " same-page" : "",
             row->params.all_stores ? " stores=all" : "");
}

static const char *side_name(const struct contract_rule *row)
{
    return row->always                ? "always"
           : row->sides == DEVICE_SRC ? "src"
           : row->sides == DEVICE_DST ? "dst"
                                      : "both";
}

// The rules of a contract that hold for SIDE, one line.
static void text_side(const struct contract *c, const char *side, const struct look *look,
                      FILE *out)
{
    char line[CONTRACT_RULES_MAX * 64], rule[128];
    size_t length = 0;
    for (size_t i = 0; i < c->rule_count; i++) {
        if (strcmp(side_name(&c->rules[i]), side) != 0)
            continue;
        rule_print(&c->rules[i], rule, sizeof rule);
        length +=
            (size_t)snprintf(line + length, sizeof line - length, "%s%s", length ? ", " : "", rule);
    }
    if (length == 0)
        return;
    fprintf(out, "  %s:\n", side);
    look_wrap(look, out, 4, line);
}

static void text_contracts(const struct list_rows *rows, const struct look *look, FILE *out)
{
    static const char *const sides[] = {"always", "dst", "src", "both"};
    for (size_t i = 0; i < contract_builtin_count; i++) {
        const struct contract *c = contract_builtin(i);
        if (!is_listed(rows, c->name))
            continue;
        look_put(look, out, HUE_STRONG, c->name);
        fprintf(out, "  %s\n", c->memory);
        for (size_t k = 0; k < sizeof sides / sizeof *sides; k++)
            text_side(c, sides[k], look, out);
    }
}

static void text_rules(const struct list_rows *rows, const struct look *look, FILE *out)
{
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (!is_listed(rows, rule_name[i]))
            continue;
        unsigned taken = look_put(look, out, HUE_STRONG, rule_name[i]);
        fprintf(out, "%*s  %s\n", taken < 20 ? (int)(20 - taken) : 0, "", rule_broken_when[i]);
    }
}

void list_text(const struct list_rows *rows, unsigned kinds, const struct look *look, FILE *out)
{
    static void (*const show[LIST_KIND_COUNT])(const struct list_rows *, const struct look *,
                                               FILE *) = {
        text_backends,
        text_recorders,
        text_contracts,
        text_rules,
    };
    bool headings = (kinds & (kinds - 1)) != 0, first = true;
    for (size_t i = 0; i < LIST_KIND_COUNT; i++) {
        if (!(kinds >> i & 1))
            continue;
        if (headings)
            fprintf(out, "%s%s:\n", first ? "" : "\n", list_kind_name[i]);
        show[i](rows, look, out);
        first = false;
    }
}

// ---- as JSON ----

static void add_text(cJSON *o, const char *key, const char *text)
{
    char *copy = text ? utf8_copy(text) : NULL;
    if (copy == NULL)
        cJSON_AddNullToObject(o, key);
    else
        cJSON_AddStringToObject(o, key, copy);
    free(copy);
}

static cJSON *add_row(cJSON *array, const char *name)
{
    cJSON *o = cJSON_CreateObject();
    assert(o != NULL);
    add_text(o, "name", name);
    cJSON_AddItemToArray(array, o);
    return o;
}

static void add_status(cJSON *o, const char *missing)
{
    cJSON_AddBoolToObject(o, "ready", missing == NULL);
    add_text(o, "missing", missing);
}

static void json_backends(const struct list_rows *rows, cJSON *array)
{
    for (size_t i = 0; i < rows->backends.count; i++) {
        const struct backend *b = rows->backends.items[i];
        cJSON *o = add_row(array, b->name);
        add_text(o, "op", copy_op_name[b->op]);
        add_text(o, "from", b->from);
        add_text(o, "path", b->path);
        add_text(o, "symbol", b->symbol);
        cJSON_AddBoolToObject(o, "planted", b->planted);
        add_text(o, "arch", b->arch ? b->arch->name : NULL);
        add_text(o, "cpu", b->cpu ? b->cpu : b->arch ? b->arch->cpu : NULL);
        add_status(o, b->missing);
    }
}

static void json_recorders(const struct list_rows *rows, cJSON *array)
{
    for (size_t i = 0; i < recorder_kind_count; i++) {
        const struct recorder_kind *kind = recorder_kinds[i];
        if (!is_listed(rows, kind->name))
            continue;
        cJSON *o = add_row(array, kind->name);
        add_text(o, "can", kind->can);
        add_text(o, "cannot", kind->cannot);
        add_status(o, kind->missing ? kind->missing() : NULL);
    }
}

static void json_contracts(const struct list_rows *rows, cJSON *array)
{
    char text[128];
    for (size_t i = 0; i < contract_builtin_count; i++) {
        const struct contract *c = contract_builtin(i);
        if (!is_listed(rows, c->name))
            continue;
        cJSON *o = add_row(array, c->name);
        add_text(o, "memory", c->memory);
        cJSON *rules = cJSON_AddArrayToObject(o, "rules");
        for (size_t k = 0; k < c->rule_count; k++) {
            cJSON *rule = cJSON_CreateObject();
            rule_print(&c->rules[k], text, sizeof text);
            add_text(rule, "rule", rule_name[c->rules[k].rule]);
            add_text(rule, "side", side_name(&c->rules[k]));
            add_text(rule, "text", text);
            cJSON_AddItemToArray(rules, rule);
        }
    }
}

static void json_rules(const struct list_rows *rows, cJSON *array)
{
    for (size_t i = 0; i < RULE_COUNT; i++)
        if (is_listed(rows, rule_name[i])) {
            const struct rule_help *help = rule_help((enum rule_id)i);
            cJSON *o = add_row(array, rule_name[i]);
            add_text(o, "broken_when", rule_broken_when[i]);
            add_text(o, "why", help->why);
            add_text(o, "fix", help->fix);
            add_text(o, "field", help->field);
        }
}

void list_json(const struct list_rows *rows, unsigned kinds, FILE *out)
{
    static void (*const add[LIST_KIND_COUNT])(const struct list_rows *, cJSON *) = {
        json_backends,
        json_recorders,
        json_contracts,
        json_rules,
    };
    cJSON *o = cJSON_CreateObject();
    assert(o != NULL);
    add_text(o, "storescope", STORESCOPE_VERSION);
    for (size_t i = 0; i < LIST_KIND_COUNT; i++)
        if (kinds >> i & 1)
            add[i](rows, cJSON_AddArrayToObject(o, list_kind_name[i]));
    char *text = cJSON_Print(o);
    assert(text != NULL);
    fprintf(out, "%s\n", text);
    free(text);
    cJSON_Delete(o);
}
