// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/history/history.h"

#include "backends/file_name.h"
#include "base/json.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static const cJSON *member(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

// ---- reading a report ----

static bool find_verdict(const char *name, enum verdict *out)
{
    for (unsigned v = 0; v < VERDICT_COUNT && name != NULL; v++)
        if (strcmp(name, verdict_name[v]) == 0) {
            *out = (enum verdict)v;
            return true;
        }
    return false;
}

// A rule that this version does not know changes nothing that it could tell.
static uint64_t rule_bit(const char *name)
{
    enum rule_id rule;
    return name != NULL && rule_find(name, &rule) ? UINT64_C(1) << rule : 0;
}

// Of a result with its findings, or of one that names the rules alone.
static uint64_t rules_of(const cJSON *result)
{
    const cJSON *item;
    uint64_t rules = 0;
    cJSON_ArrayForEach(item, member(result, "findings")) rules |= rule_bit(json_text(item, "rule"));
    cJSON_ArrayForEach(item, member(result, "rules")) rules |= rule_bit(cJSON_GetStringValue(item));
    return rules;
}

// The routine of a result: results of one stand together.
static struct history_routine *routine_of(struct history_report *r, const char *backend,
                                          enum copy_op op)
{
    struct history_routine *last = r->count > 0 ? &r->routines[r->count - 1] : NULL;
    if (last != NULL && last->op == op && strcmp(last->backend, backend) == 0)
        return last;
    r->routines = must(reallocarray(r->routines, r->count + 1, sizeof *r->routines));
    last = &r->routines[r->count++];
    *last = (struct history_routine){.backend = must(strdup(backend)), .op = op};
    return last;
}

static const char *name_of(struct history_report *r, const char *contract)
{
    for (size_t i = 0; i < r->contract_count; i++)
        if (strcmp(r->contracts[i], contract) == 0)
            return r->contracts[i];
    r->contracts = must(reallocarray(r->contracts, r->contract_count + 1, sizeof *r->contracts));
    return r->contracts[r->contract_count++] = must(strdup(contract));
}

static bool read_result(const cJSON *result, struct history_report *r)
{
    const char *backend = json_text(result, "backend"), *op = json_text(result, "op");
    const char *contract = json_text(result, "contract");
    struct history_verdict v = {.rules = rules_of(result)};
    enum copy_op op_id;
    if (backend == NULL || op == NULL || contract == NULL || !copy_op_parse(op, &op_id) ||
        !find_verdict(json_text(result, "verdict"), &v.verdict) ||
        !json_count(result, "planned", &v.planned))
        return false;
    v.contract = name_of(r, contract);
    struct history_routine *routine = routine_of(r, backend, op_id);
    routine->verdicts =
        must(reallocarray(routine->verdicts, routine->count + 1, sizeof *routine->verdicts));
    routine->verdicts[routine->count++] = v;
    return true;
}

static void free_report(struct history_report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        free(r->routines[i].backend);
        free(r->routines[i].verdicts);
    }
    for (size_t i = 0; i < r->contract_count; i++)
        free(r->contracts[i]);
    free(r->contracts);
    free(r->routines);
    free(r->path);
}

// A part of a sweep says of no routine what it is.
static bool is_part(const cJSON *report)
{
    uint64_t of = 1;
    return json_count(member(member(report, "sweep"), "shard"), "of", &of) && of > 1;
}

static void read_head(const cJSON *report, time_t written, struct history_report *r)
{
    const char *date = json_text(report, "date"), *version = json_text(report, "storescope");
    const char *cpu = json_text(member(report, "host"), "cpu");
    char text[DATE_TEXT_MAX];
    snprintf(r->date, sizeof r->date, "%s", date ? date : clock_date(written, text));
    snprintf(r->version, sizeof r->version, "%s", version);
    snprintf(r->cpu, sizeof r->cpu, "%s", cpu ? cpu : "");
}

static bool is_about(const cJSON *report, enum device_side device)
{
    const char *text = json_text(member(report, "sweep"), "device");
    enum device_side side;
    return text == NULL || !device_side_parse(text, &side) || side == device;
}

static void insert(struct history *h, struct history_report *r)
{
    size_t at = h->count++;
    h->reports = must(reallocarray(h->reports, h->count, sizeof *h->reports));
    for (; at > 0 && strcmp(h->reports[at - 1].date, r->date) > 0; at--)
        h->reports[at] = h->reports[at - 1];
    h->reports[at] = *r;
}

enum history_taken history_add(struct history *h, const cJSON *report, const char *path,
                               time_t written, const struct history_wanted *wanted,
                               struct error *error)
{
    const cJSON *results = member(report, "results"), *result;
    struct history_report r = {.path = NULL};
    bool sound = json_text(report, "storescope") != NULL && cJSON_IsArray(results);
    cJSON_ArrayForEach(result, results) sound = sound && read_result(result, &r);
    if (sound)
        read_head(report, written, &r);
    bool earlier = sound && (wanted->date == NULL || strcmp(r.date, wanted->date) <= 0);
    if (earlier && !is_part(report) && is_about(report, wanted->device)) {
        r.path = must(strdup(path));
        insert(h, &r);
        return HISTORY_TAKEN;
    }
    free_report(&r);
    error_set(error, "'%s' %s", path,
              !sound ? "is no JSON report of check or compare; write one with --format json, or "
                       "with --report verdicts:FILE"
              : !earlier ? "is a later report than this one"
              : is_part(report)
                  ? "is a shard of a sweep; put it together with the others by `storescope merge'"
                  : "is about another side than this one (--device)");
    return sound && !earlier ? HISTORY_NOT_EARLIER : HISTORY_NO_REPORT;
}

void history_free(struct history *h)
{
    for (size_t i = 0; i < h->count; i++)
        free_report(&h->reports[i]);
    free(h->reports);
    *h = (struct history){.count = 0};
}

// ---- a routine in all of them ----

static const struct history_routine *find_routine(const struct history_report *report,
                                                  const struct result *r)
{
    const struct history_routine *best = NULL;
    unsigned most = 0;
    for (size_t i = 0; i < report->count; i++) {
        const struct history_routine *at = &report->routines[i];
        unsigned likeness = at->op == r->op ? backend_likeness(at->backend, r->backend->name) : 0;
        if (likeness > most) {
            most = likeness;
            best = at;
        }
    }
    return best;
}

static const struct history_verdict *find_contract(const struct history_routine *routine,
                                                   const char *contract)
{
    for (size_t i = 0; routine != NULL && i < routine->count; i++)
        if (strcmp(routine->verdicts[i].contract, contract) == 0)
            return &routine->verdicts[i];
    return NULL;
}

static struct history_verdict verdict_now(const struct result *r)
{
    struct history_verdict v = {
        .contract = r->contract->name, .verdict = r->verdict, .planned = r->planned};
    for (size_t i = 0; i < r->finding_count; i++)
        v.rules |= UINT64_C(1) << r->findings[i].rule;
    return v;
}

void history_table_make(const struct history *h, const struct result *results, size_t count,
                        struct history_table *t)
{
    *t = (struct history_table){.rows = h->count + 1, .columns = count};
    t->cells = must(calloc(t->rows * count + 1, sizeof(*t->cells)));
    t->now = must(calloc(count + 1, sizeof *t->now));
    const struct history_verdict **cell = t->cells;
    for (size_t row = 0; row < h->count; row++) {
        const struct history_routine *routine = find_routine(&h->reports[row], &results[0]);
        for (size_t i = 0; i < count; i++)
            *cell++ = find_contract(routine, results[i].contract->name);
    }
    for (size_t i = 0; i < count; i++) {
        t->now[i] = verdict_now(&results[i]);
        *cell++ = &t->now[i];
    }
}

void history_table_free(struct history_table *t)
{
    free(t->cells);
    free(t->now);
}

const struct history_verdict *history_cell(const struct history_table *t, size_t row, size_t column)
{
    return t->cells[row * t->columns + column];
}

bool history_knows(const struct history_table *t, size_t row)
{
    for (size_t i = 0; i < t->columns; i++)
        if (history_cell(t, row, i) != NULL)
            return true;
    return false;
}

static bool is_judged(const struct history_verdict *v)
{
    return v->verdict == VERDICT_CONFORMS || v->verdict == VERDICT_VIOLATES;
}

static enum change change_between(const struct history_verdict *was,
                                  const struct history_verdict *is)
{
    if (was->verdict == is->verdict && was->rules == is->rules)
        return CHANGE_SAME;
    if (was->planned != is->planned || !is_judged(was) || !is_judged(is))
        return CHANGE_CHANGED;
    return is->rules & ~was->rules ? CHANGE_WORSE : CHANGE_BETTER;
}

enum change history_change(const struct history_table *t, size_t row, size_t column)
{
    const struct history_verdict *is = history_cell(t, row, column), *was = NULL;
    for (size_t before = row; is != NULL && was == NULL && before-- > 0;)
        was = history_cell(t, before, column);
    return was != NULL ? change_between(was, is) : CHANGE_SAME;
}

enum change history_row_change(const struct history_table *t, size_t row)
{
    enum change change = CHANGE_SAME;
    for (size_t i = 0; i < t->columns; i++)
        change = change_heavier(change, history_change(t, row, i));
    return change;
}
