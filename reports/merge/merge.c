// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/merge/merge.h"

#include "backends/arch.h"
#include "base/json.h"
#include "base/memory.h"
#include "reports/merge/merge_results.h"
#include "reports/merge/read_result.h"

#include <stdlib.h>
#include <string.h>

static const cJSON *member(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

// ---- are they of one sweep? ----

static bool read_report(struct merge_report *r, struct error *error)
{
    struct error why;
    const cJSON *results = member(r->json, "results");
    if (json_text(r->json, "storescope") == NULL || !cJSON_IsArray(results))
        return error_set(error,
                         "'%s' is no JSON report of check or compare; write one with --format json",
                         r->path);
    if (!sweep_head_read(member(r->json, "sweep"), &r->head, &why))
        return error_set(error, "'%s': %s", r->path, why.text);
    r->next = results->child;
    return true;
}

static bool same_version(const struct merge_report *r, struct error *error)
{
    const char *version = json_text(r->json, "storescope");
    return strcmp(version, STORESCOPE_VERSION) == 0 ||
           error_set(error, "'%s' is of storescope %s, and this is %s; judge it anew", r->path,
                     version, STORESCOPE_VERSION);
}

// The kernel stores nothing for a routine; all else decides which of its code runs.
static bool same_host(const struct merge_report *a, const struct merge_report *b,
                      struct error *error)
{
    static const char *const keys[] = {"cpu", "features", "libc"};
    const cJSON *x = member(a->json, "host"), *y = member(b->json, "host");
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (!cJSON_Compare(member(x, keys[i]), member(y, keys[i]), true))
            return error_set(error,
                             "'%s' and '%s' are of different machines: their %s differs; run all "
                             "shards on machines of one kind",
                             a->path, b->path, keys[i]);
    return true;
}

// Of what is emulated the machine decides nothing.
static bool runs_here(const struct sweep_head *head)
{
    for (size_t i = 0; i < head->routine_count; i++)
        if (head->routines[i].runs && head->routines[i].arch == NULL)
            return true;
    return false;
}

static bool same_sweep(const struct merge_report *a, const struct merge_report *b,
                       struct error *error)
{
    struct error why;
    if (!sweep_head_same(&a->head, &b->head, &why))
        return error_set(error, "'%s' is of another sweep than '%s': its %s", b->path, a->path,
                         why.text);
    return a->head.shard.number != b->head.shard.number ||
           error_set(error, "'%s' and '%s' are both shard %u of %u; give one of them", a->path,
                     b->path, a->head.shard.number, a->head.shard.of);
}

static bool fit_together(const struct merge *m, struct error *error)
{
    for (size_t i = 0; i < m->count; i++) {
        if (!same_version(&m->reports[i], error))
            return false;
        for (size_t k = 0; k < i; k++)
            if ((runs_here(&m->reports[k].head) &&
                 !same_host(&m->reports[k], &m->reports[i], error)) ||
                !same_sweep(&m->reports[k], &m->reports[i], error))
                return false;
    }
    return true;
}

static void read_host(const cJSON *o, struct host *out)
{
    const struct {
        const char *key;
        char *text;
        size_t size;
    } rows[] = {{"cpu", out->cpu, sizeof out->cpu},
                {"libc", out->libc, sizeof out->libc},
                {"kernel", out->kernel, sizeof out->kernel}};
    const cJSON *feature;
    size_t length = 0;
    *out = (struct host){.cpu = ""};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *text = json_text(o, rows[i].key);
        snprintf(rows[i].text, rows[i].size, "%s", text ? text : "");
    }
    cJSON_ArrayForEach(feature, member(o, "features"))
    {
        const char *name = cJSON_GetStringValue(feature);
        if (name && length + strlen(name) + 2 < sizeof out->features)
            length += (size_t)sprintf(out->features + length, "%s%s", length ? " " : "", name);
    }
}

static const char *latest_date(const struct merge *m)
{
    const char *latest = NULL;
    for (size_t i = 0; i < m->count; i++) {
        const char *date = json_text(m->reports[i].json, "date");
        if (date != NULL && (latest == NULL || strcmp(date, latest) > 0))
            latest = date;
    }
    return latest;
}

// ---- which are there ----

static struct merge_report *report_of(const struct merge *m, uint32_t number)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->reports[i].head.shard.number == number)
            return &m->reports[i];
    return NULL;
}

static bool was_interrupted(const struct merge_report *r)
{
    return cJSON_IsTrue(member(r->json, "interrupted"));
}

static bool is_missing(const struct merge *m, uint32_t number)
{
    return report_of(m, number) == NULL;
}

static bool is_cut(const struct merge *m, uint32_t number)
{
    const struct merge_report *r = report_of(m, number);
    return r != NULL && was_interrupted(r);
}

// "shard 3 of 4 is missing", "shards 1, 3 and 70 more of 80 are missing", behind what is
// in the text.
static void note_shards(struct merge *m, bool (*is_so)(const struct merge *m, uint32_t number),
                        const char *one, const char *several)
{
    enum { NAMED_MAX = 8 };
    uint32_t of = m->head->shard.of, count = 0;
    char numbers[NAMED_MAX * 8] = "", more[32] = "";
    size_t length = 0, used = strlen(m->missing);
    for (uint32_t n = 1; n <= of; n++)
        if (is_so(m, n) && count++ < NAMED_MAX)
            length += (size_t)sprintf(numbers + length, "%s%u", length ? ", " : "", n);
    if (count > NAMED_MAX)
        snprintf(more, sizeof more, " and %u more", count - NAMED_MAX);
    if (count > 0)
        snprintf(m->missing + used, sizeof m->missing - used, "%sshard%s %s%s of %u %s",
                 used ? "; " : "", count == 1 ? "" : "s", numbers, more, of,
                 count == 1 ? one : several);
}

static void note_missing(struct merge *m)
{
    note_shards(m, is_missing, "is missing", "are missing");
    note_shards(m, is_cut, "was interrupted", "were interrupted");
}

bool merge_open(const cJSON *const *json, char *const *paths, size_t count, struct merge *m,
                struct error *error)
{
    *m = (struct merge){.reports = must(calloc(count + 1, sizeof *m->reports))};
    for (; m->count < count; m->count++) {
        m->reports[m->count] =
            (struct merge_report){.path = paths[m->count], .json = json[m->count]};
        if (!read_report(&m->reports[m->count], error)) {
            m->count++; // to be freed
            return false;
        }
    }
    if (count == 0)
        return error_set(error, "there is no report to merge");
    if (!fit_together(m, error))
        return false;
    m->head = &m->reports[0].head;
    m->setup = (struct recorder_setup){
        .cpu = m->head->cpu, .link = m->head->link, .link_count = m->head->link_count};
    read_host(member(m->reports[0].json, "host"), &m->host);
    m->date = latest_date(m);
    m->backends = must(calloc(m->head->routine_count, sizeof *m->backends));
    m->contracts = must(calloc(m->head->contract_count * (count + 1), sizeof *m->contracts));
    m->parts = must(calloc(m->head->contract_count * count, sizeof *m->parts));
    note_missing(m);
    return true;
}

void merge_free(struct merge *m)
{
    for (size_t i = 0; i < m->count; i++)
        sweep_head_free(&m->reports[i].head);
    free(m->reports);
    free(m->backends);
    free(m->contracts);
    free(m->parts);
    *m = (struct merge){.count = 0};
}

void merge_rewind(struct merge *m)
{
    m->routine = 0;
    for (size_t i = 0; i < m->count; i++)
        m->reports[i].next = member(m->reports[i].json, "results")->child;
}

// ---- the next routine ----

static bool is_of(const cJSON *result, const struct sweep_routine *routine,
                  const struct sweep_contract *contract)
{
    const char *backend = json_text(result, "backend"), *op = json_text(result, "op");
    const char *name = json_text(result, "contract");
    return backend && op && name && strcmp(backend, routine->name) == 0 &&
           strcmp(op, copy_op_name[routine->op]) == 0 && strcmp(name, contract->name) == 0;
}

static struct result empty_result(const struct merge *m, size_t contract)
{
    const struct sweep_routine *routine = &m->head->routines[m->routine];
    return (struct result){.backend = &m->backends[m->routine],
                           .contract = &m->contracts[contract],
                           .op = routine->op,
                           .device = m->head->device,
                           .recorder = recorder_default()->name,
                           .setup = &m->setup};
}

// What a report has of the routine at hand, to RESULTS. False without an error: it ended
// before, as one that was interrupted does.
static bool take_results(struct merge *m, struct merge_report *report, struct contract *contracts,
                         struct result *results, struct error *error)
{
    const struct sweep_routine *routine = &m->head->routines[m->routine];
    struct error why;
    error->text[0] = '\0';
    if (report->next == NULL && was_interrupted(report))
        return false;
    for (size_t i = 0; i < m->head->contract_count; i++, report->next = report->next->next) {
        if (report->next == NULL || !is_of(report->next, routine, &m->head->contracts[i]))
            return error_set(error, "'%s' lacks the result of %s under %s; write it anew",
                             report->path, routine->name, m->head->contracts[i].name);
        contracts[i] = m->contracts[i];
        results[i] = empty_result(m, i);
        if (!result_read(report->next, &contracts[i], &results[i], &why)) {
            result_free(&results[i]);
            return error_set(error, "'%s': %s under %s: %.300s", report->path, routine->name,
                             m->head->contracts[i].name, why.text);
        }
    }
    return true;
}

static void name_contracts(struct merge *m)
{
    for (size_t i = 0; i < m->head->contract_count; i++) {
        struct contract *c = &m->contracts[i];
        *c = (struct contract){.rule_count = 0};
        snprintf(c->name, sizeof c->name, "%s", m->head->contracts[i].name);
        snprintf(c->memory, sizeof c->memory, "%s", m->head->contracts[i].memory);
    }
}

static bool name_routine(struct merge *m, struct error *error)
{
    const struct sweep_routine *routine = &m->head->routines[m->routine];
    const struct arch *arch = routine->arch ? arch_find(routine->arch) : NULL;
    m->backends[m->routine] =
        (struct backend){.name = routine->name,
                         .path = routine->path,
                         .symbol = routine->symbol ? routine->symbol : routine->name,
                         .from = routine->from,
                         .op = routine->own_op,
                         .arch = arch};
    return !routine->arch || arch ||
           error_set(error, "%s is of %s, which this storescope does not know", routine->name,
                     routine->arch);
}

// What no report has: in a shard that is missing, or that was interrupted before.
static void leave_out(struct merge *m, struct result *results)
{
    for (size_t i = 0; i < m->head->contract_count; i++) {
        struct result *r = &results[i];
        *r = empty_result(m, i);
        r->planned = m->head->routines[m->routine].cases;
        snprintf(r->reason, sizeof r->reason, "incomplete: %.140s", m->missing);
        result_decide(r);
    }
}

// Puts the parts of all contracts together; those that are missing are ABSENT.
static void put_together(struct merge *m, size_t part_count, size_t absent, struct result *results)
{
    const size_t contracts = m->head->contract_count;
    for (size_t i = 0; i < contracts; i++) {
        struct result_parts parts = {.items = m->parts + i,
                                     .count = part_count,
                                     .stride = contracts,
                                     .absent = absent,
                                     .cases = m->head->routines[m->routine].cases,
                                     .why = m->missing};
        merge_results(&parts, &results[i]);
        m->contracts[i] = *results[i].contract; // that of a part, which is gone with the next
        results[i].contract = &m->contracts[i];
    }
}

// A light plan follows from what recordings of the routine show, on each machine anew: had
// two shards cut two plans, cases would be in none.
static bool same_plan(const struct merge *m, const struct merge_report *report,
                      const struct result *part, struct error *error)
{
    const struct result *first = &m->parts[0];
    return part == first || (part->plan == first->plan && part->light == first->light) ||
           error_set(error,
                     "'%s' has cut another plan for %s than the others; give the sizes by --size, "
                     "or --full, and judge it anew",
                     report->path, part->backend->name);
}

// The shares of all shards in the routine at hand. False, and all of them freed, with an
// error.
static bool take_shares(struct merge *m, size_t *part_count, size_t *absent, struct error *error)
{
    const size_t contracts = m->head->contract_count;
    const uint32_t of = m->head->shard.of;
    error->text[0] = '\0';
    *part_count = *absent = 0;
    for (uint32_t n = 1; n <= of; n++) {
        if (sweep_head_share(m->head, m->routine, (struct shard){n, of}) == SHARE_NOTHING)
            continue;
        struct merge_report *report = report_of(m, n);
        struct result *to = m->parts + *part_count * contracts;
        struct contract *of_part = m->contracts + (*part_count + 1) * contracts;
        bool taken = report != NULL && take_results(m, report, of_part, to, error);
        if (error->text[0])
            return false;
        if (taken && !same_plan(m, report, to, error)) {
            for (size_t i = 0; i < contracts; i++)
                result_free(&to[i]);
            return false;
        }
        *part_count += taken;
        *absent += !taken;
    }
    return true;
}

bool merge_next(struct merge *m, struct result *results, bool *excused, struct error *error)
{
    size_t part_count, absent;
    error->text[0] = '\0';
    if (m->routine == m->head->routine_count)
        return false;
    const struct sweep_routine *routine = &m->head->routines[m->routine];
    *excused = !routine->runs && !routine->named;
    name_contracts(m);
    if (!name_routine(m, error) || !take_shares(m, &part_count, &absent, error))
        return false;
    if (part_count == 0)
        leave_out(m, results);
    else
        put_together(m, part_count, absent, results);
    m->routine++;
    return true;
}
