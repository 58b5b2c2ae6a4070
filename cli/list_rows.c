// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "cli/list_rows.h"

#include "backends/arch.h"
#include "base/json.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "base/text.h"
#include "judge/contract.h"
#include "record/recorder.h"
#include "reports/report.h"
#include "reports/rule_help.h"
#include "story/observer.h"

#include <assert.h>
#include <cjson/cJSON.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

const char *const list_kind_name[LIST_KIND_COUNT] = {
    "backends", "recorders", "contracts", "rules", "observers",
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
    for (size_t i = 0; kinds >> LIST_OBSERVERS & 1 && i < observer_builtin_count; i++)
        count += is_listed(rows, observer_builtin(i)->name);
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
    for (size_t i = 0; kinds & 1u << LIST_OBSERVERS && i < observer_builtin_count; i++)
        nearest_offer(n, observer_builtin(i)->name);
}

bool list_gather(struct list_rows *rows, unsigned kinds, const char *glob, bool all,
                 struct error *error)
{
    static char every[] = "*", planted[] = "planted/*";
    *rows = (struct list_rows){.glob = glob};
    if (kinds >> LIST_BACKENDS & 1) {
        char *patterns[] = {glob ? (char *)(uintptr_t)glob : every, planted};
        size_t count = all && glob == NULL ? 2 : glob != NULL;
        return select_backends(patterns, count, &rows->backends, error);
    }
    if (count_listed(rows, kinds) > 0)
        return true;
    struct nearest n = {.wanted = glob ? glob : ""};
    char near_text[NEAREST_TEXT_MAX];
    offer_names(&n, kinds);
    nearest_print(&n, near_text, sizeof near_text);
    return error_set(error, "nothing here matches '%s'%s; leave the glob out to see all", n.wanted,
                     near_text);
}

void list_free(struct list_rows *rows)
{
    select_free(&rows->backends);
}

// ---- as text ----

static bool is_from_same(const struct backend *a, const struct backend *b)
{
    return a->from == b->from || (a->from && b->from && strcmp(a->from, b->from) == 0);
}

static bool is_wanted(const struct list_rows *rows, const struct backend *b)
{
    return rows->which == LIST_EVERY || (b->missing == NULL) == (rows->which == LIST_READY);
}

static void text_ready(const struct backend *b, int name, const struct terminal *terminal,
                       FILE *out)
{
    fprintf(out, "  %-*s  %-7s  ", name, b->name, copy_op_name[b->op]);
    terminal_put(terminal, out, b->missing ? HUE_DOUBT : HUE_GOOD,
                 b->missing ? b->missing : "ready");
    fputc('\n', out);
}

// Those that lack one thing, as a line that says how many, and where they are asked for
// their names.
static void text_lacking(const struct list_rows *rows, const char *why,
                         const struct terminal *terminal, FILE *out)
{
    const struct selection *s = &rows->backends;
    char *names = NULL, count[COUNT_TEXT_MAX];
    size_t bytes, lacking = 0;
    FILE *text = must(open_memstream(&names, &bytes));
    for (size_t i = 0; i < s->count; i++)
        if (s->items[i]->missing && strcmp(s->items[i]->missing, why) == 0)
            fprintf(text, "%s%s", lacking++ ? " " : "", s->items[i]->name);
    fclose(text);
    terminal_put(terminal, out, HUE_DOUBT, why);
    fprintf(out, ": %s\n", count_print(lacking, "routine", count));
    if (rows->which == LIST_MISSING)
        terminal_wrap(terminal, out, 2, names);
    free(names);
}

static void text_missing(const struct list_rows *rows, const struct terminal *terminal, FILE *out)
{
    const struct selection *s = &rows->backends;
    size_t reasons = 0;
    for (size_t i = 0; i < s->count; i++) {
        const char *why = s->items[i]->missing;
        bool told = why == NULL;
        for (size_t k = 0; k < i && !told; k++)
            told = s->items[k]->missing && strcmp(s->items[k]->missing, why) == 0;
        if (told)
            continue;
        if (reasons++ == 0 && rows->which == LIST_READY)
            fputs("\nnot here, which `storescope list --missing' names:\n", out);
        text_lacking(rows, why, terminal, out);
    }
    if (reasons == 0 && rows->which == LIST_MISSING)
        fputs("nothing is missing\n", out);
}

// Those of one file stand together, under its name: a line each, that an 80-column
// screen holds.
static void text_by_file(const struct list_rows *rows, const struct terminal *terminal, FILE *out)
{
    const struct selection *s = &rows->backends;
    for (size_t first = 0, end; first < s->count; first = end) {
        const char *from = s->items[first]->from;
        int name = 4;
        bool any = false;
        for (end = first; end < s->count && is_from_same(s->items[first], s->items[end]); end++) {
            int length = (int)strlen(s->items[end]->name);
            name = length > name ? length : name;
            any |= is_wanted(rows, s->items[end]);
        }
        if (!any)
            continue;
        terminal_put(terminal, out, HUE_FAINT, from ? from : "linked into storescope");
        fputc('\n', out);
        for (size_t i = first; i < end; i++)
            if (is_wanted(rows, s->items[i]))
                text_ready(s->items[i], name, terminal, out);
    }
}

static void text_backends(const struct list_rows *rows, const struct terminal *terminal, FILE *out)
{
    if (rows->which != LIST_MISSING)
        text_by_file(rows, terminal, out);
    if (rows->which != LIST_EVERY)
        text_missing(rows, terminal, out);
}

static void text_recorders(const struct list_rows *rows, const struct terminal *terminal, FILE *out)
{
    for (size_t i = 0; i < recorder_kind_count; i++) {
        const struct recorder_kind *kind = recorder_kinds[i];
        const char *missing = kind->missing ? kind->missing() : NULL;
        if (!is_listed(rows, kind->name))
            continue;
        terminal_put(terminal, out, HUE_STRONG, kind->name);
        fputs("  ", out);
        terminal_put(terminal, out, missing ? HUE_DOUBT : HUE_GOOD, missing ? missing : "ready");
        fputs("\n  can:\n", out);
        terminal_wrap(terminal, out, 4, kind->can);
        fputs("  cannot:\n", out);
        terminal_wrap(terminal, out, 4, kind->cannot);
    }
}

// " layout=8,4,2,2", or nothing.
static void layout_print(const struct record *r, char *text, size_t text_size)
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t at = 0, next; at < r->bytes; at = next) {
        for (next = at + 1; next < r->bytes && !(r->fields >> next & 1);)
            next++;
        used += (size_t)snprintf(text + used, text_size - used, "%s%u",
                                 at ? "," : " layout=", next - at);
    }
}

static void rule_print(const struct contract_rule *row, char *text, size_t text_size)
{
    static const char *const requests[] = {
        [REQUEST_ANY] = "",
        [REQUEST_DST_ALIGNED] = " request=dst-aligned",
        [REQUEST_SRC_ALIGNED] = " request=src-aligned",
        [REQUEST_BOTH_ALIGNED] = " request=both-aligned",
        [REQUEST_DST_WORDS] = " request=dst-words",
        [REQUEST_SRC_WORDS] = " request=src-words",
    };
    char max[24] = "", min[24] = "", line[24] = "", within[24] = "", record[160];
    layout_print(&row->params.record, record, sizeof record);
    if (row->params.max)
        snprintf(max, sizeof max, " max=%u", row->params.max);
    if (row->params.min)
        snprintf(min, sizeof min, " min=%u", row->params.min);
    if (row->params.within && row->rule == RULE_OUT_OF_BOUNDS_STORE)
        snprintf(within, sizeof within, " within=%u", row->params.within);
    if (row->params.line)
        snprintf(line, sizeof line, " line=%u", row->params.line);
    bool ordered = row->params.order != WANT_ASCENDING;
    snprintf(text, text_size, "%s%s%s%s%s%s%s%s%s%s%s%s%s", rule_name[row->rule],
             requests[row->params.request], max, min, line, within, record,
             row->params.same_page ? " same-page" : "", row->params.all_stores ? " stores=all" : "",
             ordered ? " order=" : "", ordered ? order_wanted_name[row->params.order] : "",
             row->params.by_device ? " observer=device" : "",
             row->params.on_device ? " memory=device" : "");
}

static const char *side_name(const struct contract_rule *row)
{
    return row->always                ? "always"
           : row->sides == DEVICE_SRC ? "src"
           : row->sides == DEVICE_DST ? "dst"
                                      : "both";
}

// The rules of a contract that hold for SIDE, one line.
static void text_side(const struct contract *c, const char *side, const struct terminal *terminal,
                      FILE *out)
{
    char line[CONTRACT_RULES_MAX * 64], rule[256];
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
    terminal_wrap(terminal, out, 4, line);
}

static void text_contracts(const struct list_rows *rows, const struct terminal *terminal, FILE *out)
{
    static const char *const sides[] = {"always", "dst", "src", "both"};
    for (size_t i = 0; i < contract_builtin_count; i++) {
        const struct contract *c = contract_builtin(i);
        if (!is_listed(rows, c->name))
            continue;
        terminal_put(terminal, out, HUE_STRONG, c->name);
        fprintf(out, "  %s\n", c->memory);
        for (size_t k = 0; k < sizeof sides / sizeof *sides; k++)
            text_side(c, sides[k], terminal, out);
    }
}

static void text_rules(const struct list_rows *rows, const struct terminal *terminal, FILE *out)
{
    for (size_t i = 0; i < RULE_COUNT; i++) {
        if (!is_listed(rows, rule_name[i]))
            continue;
        terminal_put(terminal, out, HUE_STRONG, rule_name[i]);
        fputc('\n', out);
        terminal_wrap(terminal, out, 2, rule_broken_when[i]);
    }
}

// The names of a set of rules, bits by id, after TITLE.
static void text_rule_set(const char *title, uint64_t rules, const struct terminal *terminal,
                          FILE *out)
{
    char line[RULE_COUNT * 32];
    size_t length = (size_t)snprintf(line, sizeof line, "%s:", title);
    if (!rules)
        return;
    for (const char *comma = ""; rules; rules &= rules - 1, comma = ",")
        length += (size_t)snprintf(line + length, sizeof line - length, "%s %s", comma,
                                   rule_name[__builtin_ctzll(rules)]);
    terminal_wrap(terminal, out, 2, line);
}

static void text_observers(const struct list_rows *rows, const struct terminal *terminal, FILE *out)
{
    for (size_t i = 0; i < observer_builtin_count; i++) {
        const struct observer *o = observer_builtin(i);
        if (!is_listed(rows, o->name))
            continue;
        terminal_put(terminal, out, HUE_STRONG, o->name);
        fputc('\n', out);
        terminal_wrap(terminal, out, 2, o->about);
        text_rule_set("safe under contracts with", o->rules, terminal, out);
        text_rule_set("tells of", o->rules | o->also, terminal, out);
    }
}

void list_text(const struct list_rows *rows, unsigned kinds, const struct terminal *terminal,
               FILE *out)
{
    static void (*const show[LIST_KIND_COUNT])(const struct list_rows *, const struct terminal *,
                                               FILE *) = {
        text_backends, text_recorders, text_contracts, text_rules, text_observers,
    };
    bool headings = (kinds & (kinds - 1)) != 0, first = true;
    for (size_t i = 0; i < LIST_KIND_COUNT; i++) {
        if (!(kinds >> i & 1))
            continue;
        if (headings)
            fprintf(out, "%s%s:\n", first ? "" : "\n", list_kind_name[i]);
        show[i](rows, terminal, out);
        first = false;
    }
}

// ---- as JSON ----

static cJSON *add_row(cJSON *array, const char *name)
{
    cJSON *o = cJSON_CreateObject();
    assert(o != NULL);
    json_add_text_or_null(o, "name", name);
    cJSON_AddItemToArray(array, o);
    return o;
}

static void add_status(cJSON *o, const char *missing)
{
    cJSON_AddBoolToObject(o, "ready", missing == NULL);
    json_add_text_or_null(o, "missing", missing);
}

static void json_backends(const struct list_rows *rows, cJSON *array)
{
    for (size_t i = 0; i < rows->backends.count; i++) {
        const struct backend *b = rows->backends.items[i];
        if (rows->which == LIST_MISSING && b->missing == NULL)
            continue;
        cJSON *o = add_row(array, b->name);
        json_add_text_or_null(o, "op", copy_op_name[b->op]);
        json_add_text_or_null(o, "from", b->from);
        json_add_text_or_null(o, "path", b->path);
        json_add_text_or_null(o, "symbol", b->symbol);
        cJSON_AddBoolToObject(o, "planted", b->planted);
        json_add_text_or_null(o, "arch", b->arch ? b->arch->name : NULL);
        json_add_text_or_null(o, "cpu", b->cpu ? b->cpu : b->arch ? b->arch->cpu : NULL);
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
        json_add_text_or_null(o, "can", kind->can);
        json_add_text_or_null(o, "cannot", kind->cannot);
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
        json_add_text_or_null(o, "memory", c->memory);
        cJSON *rules = cJSON_AddArrayToObject(o, "rules");
        for (size_t k = 0; k < c->rule_count; k++) {
            cJSON *rule = cJSON_CreateObject();
            rule_print(&c->rules[k], text, sizeof text);
            json_add_text_or_null(rule, "rule", rule_name[c->rules[k].rule]);
            json_add_text_or_null(rule, "side", side_name(&c->rules[k]));
            json_add_text_or_null(rule, "text", text);
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
            json_add_text_or_null(o, "broken_when", rule_broken_when[i]);
            json_add_text_or_null(o, "why", help->why);
            json_add_text_or_null(o, "fix", help->fix);
            json_add_text_or_null(o, "field", help->field);
        }
}

static void json_rule_set(cJSON *o, const char *key, uint64_t rules)
{
    cJSON *array = cJSON_AddArrayToObject(o, key);
    for (; rules; rules &= rules - 1)
        cJSON_AddItemToArray(array, cJSON_CreateString(rule_name[__builtin_ctzll(rules)]));
}

static void json_observers(const struct list_rows *rows, cJSON *array)
{
    for (size_t i = 0; i < observer_builtin_count; i++) {
        const struct observer *observer = observer_builtin(i);
        if (!is_listed(rows, observer->name))
            continue;
        cJSON *o = add_row(array, observer->name);
        json_add_text_or_null(o, "about", observer->about);
        json_add_text_or_null(o, "side", device_side_name(observer->side));
        json_rule_set(o, "promised_by", observer->rules);
        json_rule_set(o, "tells_of", observer->rules | observer->also);
    }
}

void list_json(const struct list_rows *rows, unsigned kinds, FILE *out)
{
    static void (*const add[LIST_KIND_COUNT])(const struct list_rows *, cJSON *) = {
        json_backends, json_recorders, json_contracts, json_rules, json_observers,
    };
    cJSON *o = cJSON_CreateObject();
    assert(o != NULL);
    json_add_text_or_null(o, "storescope", STORESCOPE_VERSION);
    for (size_t i = 0; i < LIST_KIND_COUNT; i++)
        if (kinds >> i & 1)
            add[i](rows, cJSON_AddArrayToObject(o, list_kind_name[i]));
    char *text = cJSON_Print(o);
    assert(text != NULL);
    fprintf(out, "%s\n", text);
    free(text);
    cJSON_Delete(o);
}
