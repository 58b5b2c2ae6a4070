// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/diff/diff_document.h"

#include "backends/file_name.h"
#include "base/json.h"
#include "reports/change.h"
#include "reports/report.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

// One routine of a report: its results are those with the same backend and op.
struct routine_name {
    const char *backend, *op;
    const char *build_id; // of its file; "": not known
    bool paired;
};

struct routines {
    struct routine_name *items;
    size_t count;
};

static const char *text_of(const cJSON *o, const char *key)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(o, key));
    return text != NULL ? text : "";
}

static double number_of(const cJSON *o, const char *key)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(o, key);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static const cJSON *member(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

static bool has_texts(const cJSON *o, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (!cJSON_IsString(member(o, keys[i])))
            return false;
    return true;
}

static bool result_is_valid(const cJSON *result)
{
    static const char *const keys[] = {"backend", "contract", "op", "verdict"};
    const cJSON *findings = member(result, "findings"), *finding;
    if (!has_texts(result, keys, 4) || !cJSON_IsArray(findings))
        return false;
    cJSON_ArrayForEach(finding, findings)
    {
        const cJSON *witness = member(finding, "witness");
        if (!cJSON_IsString(member(finding, "rule")) || !cJSON_IsString(member(witness, "case")) ||
            !cJSON_IsArray(member(witness, "accesses")))
            return false;
    }
    return true;
}

bool diff_report_is_valid(const cJSON *report, struct error *error)
{
    const cJSON *results = member(report, "results"), *result;
    size_t number = 0;
    if (!cJSON_IsString(member(report, "storescope")) || !cJSON_IsArray(results))
        return error_set(error,
                         "it is no JSON report of check or compare; write one with --format json");
    cJSON_ArrayForEach(result, results)
    {
        if (!result_is_valid(result))
            return error_set(error, "result %zu lacks what a report has; write it anew", number);
        number++;
    }
    return true;
}

// ---- which routine of A goes with which of B ----

// What the head of a report says of a routine; NULL where it says nothing.
static const cJSON *routine_of(const cJSON *report, const char *backend, const char *op)
{
    const cJSON *routine;
    cJSON_ArrayForEach(routine, member(member(report, "sweep"), "routines"))
    {
        if (strcmp(text_of(routine, "backend"), backend) == 0 &&
            strcmp(text_of(routine, "op"), op) == 0)
            return routine;
    }
    return NULL;
}

static struct routines routines_of(const cJSON *report)
{
    const cJSON *results = member(report, "results"), *result;
    struct routines r = {.count = 0};
    r.items = calloc((size_t)cJSON_GetArraySize(results) + 1, sizeof *r.items);
    assert(r.items != NULL);
    cJSON_ArrayForEach(result, results)
    {
        struct routine_name name = {.backend = text_of(result, "backend"),
                                    .op = text_of(result, "op")};
        const struct routine_name *last = r.count ? &r.items[r.count - 1] : NULL;
        // A backend's results stand together.
        if (last == NULL || strcmp(last->backend, name.backend) != 0 ||
            strcmp(last->op, name.op) != 0)
            r.items[r.count++] = name;
    }
    for (size_t i = 0; i < r.count; i++)
        r.items[i].build_id =
            text_of(routine_of(report, r.items[i].backend, r.items[i].op), "build_id");
    return r;
}

// "memcpy" of "glibc/memcpy" and of "./old/libc.so:memcpy".
static const char *short_name(const char *backend)
{
    const char *colon = strrchr(backend, ':');
    const char *slash = strrchr(colon ? colon : backend, '/');
    return slash ? slash + 1 : colon ? colon + 1 : backend;
}

typedef bool matches(const struct routine_name *a, const struct routine_name *b);

static bool same_name(const struct routine_name *a, const struct routine_name *b)
{
    return strcmp(a->backend, b->backend) == 0 && strcmp(a->op, b->op) == 0;
}

// A file of one name in other folders, or typed otherwise.
static bool same_file_name(const struct routine_name *a, const struct routine_name *b)
{
    return backend_likeness(a->backend, b->backend) > 0 && strcmp(a->op, b->op) == 0;
}

static bool same_short_name(const struct routine_name *a, const struct routine_name *b)
{
    return strcmp(short_name(a->backend), short_name(b->backend)) == 0 && strcmp(a->op, b->op) == 0;
}

// A file of another name that is the very same one.
static bool same_build(const struct routine_name *a, const struct routine_name *b)
{
    return *a->build_id && strcmp(a->build_id, b->build_id) == 0 && same_short_name(a, b);
}

static bool any(const struct routine_name *a, const struct routine_name *b)
{
    (void)a, (void)b;
    return true;
}

static const cJSON *result_of(const cJSON *report, const struct routine_name *name,
                              const char *contract)
{
    const cJSON *result;
    cJSON_ArrayForEach(result, member(report, "results"))
    {
        if (strcmp(text_of(result, "backend"), name->backend) == 0 &&
            strcmp(text_of(result, "op"), name->op) == 0 &&
            strcmp(text_of(result, "contract"), contract) == 0)
            return result;
    }
    return NULL;
}

// ---- what changed ----

// Of a pair of routines: that of its contracts which is told first.
static int pair_rank(const cJSON *pair)
{
    const cJSON *contract;
    int rank = DIFF_RANK_LAST;
    cJSON_ArrayForEach(contract, member(pair, "contracts")) rank =
        diff_rank(contract) < rank ? diff_rank(contract) : rank;
    return rank;
}

// LIST, emptied into one by rank, items of one rank as they were.
static cJSON *by_rank(cJSON *list, int (*rank)(const cJSON *item))
{
    cJSON *sorted = cJSON_CreateArray();
    for (int wanted = 0; wanted <= DIFF_RANK_LAST; wanted++)
        for (cJSON *item = list->child, *next; item != NULL; item = next) {
            next = item->next;
            if (rank(item) == wanted)
                cJSON_AddItemToArray(sorted, cJSON_DetachItemViaPointer(list, item));
        }
    cJSON_Delete(list);
    return sorted;
}

static bool is_judged(const cJSON *result)
{
    const char *verdict = text_of(result, "verdict");
    return strcmp(verdict, "conforms") == 0 || strcmp(verdict, "violates") == 0;
}

// Only sweeps of the same cases can be compared by how many broke a rule.
static bool same_sweep(const cJSON *a, const cJSON *b)
{
    return number_of(a, "planned") == number_of(b, "planned") &&
           number_of(a, "cases") == number_of(b, "cases") &&
           strcmp(text_of(a, "op"), text_of(b, "op")) == 0;
}

static const cJSON *finding_of(const cJSON *result, const char *rule)
{
    const cJSON *finding;
    cJSON_ArrayForEach(finding, member(result, "findings"))
    {
        if (strcmp(text_of(finding, "rule"), rule) == 0)
            return finding;
    }
    return NULL;
}

// The instructions of a finding, each once.
static cJSON *instructions_of(const cJSON *finding)
{
    cJSON *list = cJSON_CreateArray();
    const cJSON *access, *known;
    cJSON_ArrayForEach(access, member(member(finding, "witness"), "accesses"))
    {
        const char *site = text_of(access, "site");
        bool seen = false;
        cJSON_ArrayForEach(known, list) seen |= strcmp(known->valuestring, site) == 0;
        if (!seen)
            cJSON_AddItemToArray(list, cJSON_CreateString(site));
    }
    return list;
}

static cJSON *broken_object(const cJSON *finding)
{
    if (finding == NULL)
        return cJSON_CreateNull();
    const cJSON *witness = member(finding, "witness");
    cJSON *o = json_object();
    cJSON_AddNumberToObject(o, "cases", number_of(finding, "cases"));
    json_add_text(o, "case", text_of(witness, "case"));
    cJSON_AddNumberToObject(o, "size", number_of(witness, "size"));
    cJSON_AddItemToObject(o, "instructions", instructions_of(finding));
    json_add_text(o, "message", text_of(finding, "message"));
    cJSON_AddItemToObject(o, "accesses", cJSON_Duplicate(member(witness, "accesses"), 1));
    return o;
}

static enum change change_of(double before, double now)
{
    return now > before ? CHANGE_WORSE : now < before ? CHANGE_BETTER : CHANGE_SAME;
}

// A rule that is broken on at least one side. What is not judged on the other
// is no better and no worse.
static enum change add_rule(cJSON *rules, const char *rule, const cJSON *a, const cJSON *b)
{
    const cJSON *fa = finding_of(a, rule), *fb = finding_of(b, rule);
    bool judged = is_judged(a) && is_judged(b), same = same_sweep(a, b);
    cJSON *o = json_object(), *left = broken_object(fa), *right = broken_object(fb), *what;
    enum change change = CHANGE_SAME;
    json_add_text(o, "rule", rule);
    what = cJSON_CreateArray();
    if (fa == NULL || fb == NULL) {
        change = !judged ? CHANGE_CHANGED : fa == NULL ? CHANGE_WORSE : CHANGE_BETTER;
    } else {
        enum change cases =
            same ? change_of(number_of(fa, "cases"), number_of(fb, "cases")) : CHANGE_SAME;
        // Broken from a smaller size on is worse.
        enum change size =
            same ? change_of(number_of(right, "size"), number_of(left, "size")) : CHANGE_SAME;
        bool sites = !cJSON_Compare(member(left, "instructions"), member(right, "instructions"), 1);
        change = change_heavier(change_heavier(cases, size), sites ? CHANGE_CHANGED : CHANGE_SAME);
        if (cases != CHANGE_SAME)
            cJSON_AddItemToArray(what, cJSON_CreateString("cases"));
        if (size != CHANGE_SAME)
            cJSON_AddItemToArray(what, cJSON_CreateString("size"));
        if (sites)
            cJSON_AddItemToArray(what, cJSON_CreateString("instructions"));
    }
    json_add_text(o, "change", change_name[change]);
    cJSON_AddItemToObject(o, "what", what);
    cJSON_AddItemToObject(o, "a", left);
    cJSON_AddItemToObject(o, "b", right);
    cJSON_AddItemToArray(rules, o);
    return change;
}

static enum change add_rules(cJSON *o, const cJSON *a, const cJSON *b)
{
    cJSON *rules = cJSON_CreateArray();
    enum change change = CHANGE_SAME;
    const cJSON *finding;
    cJSON_ArrayForEach(finding, member(a, "findings")) change =
        change_heavier(change, add_rule(rules, text_of(finding, "rule"), a, b));
    cJSON_ArrayForEach(finding, member(b, "findings"))
    {
        if (finding_of(a, text_of(finding, "rule")) == NULL)
            change = change_heavier(change, add_rule(rules, text_of(finding, "rule"), a, b));
    }
    cJSON_AddItemToObject(o, "rules", by_rank(rules, diff_rank));
    return change;
}

static void add_verdict(cJSON *o, const char *key, const cJSON *result)
{
    cJSON *verdict = cJSON_AddObjectToObject(o, key);
    json_add_text(verdict, "verdict", text_of(result, "verdict"));
    cJSON_AddNumberToObject(verdict, "cases", number_of(result, "cases"));
    json_add_text_or_null(verdict, "reason", text_of(result, "reason"));
}

static enum change add_contract(cJSON *contracts, const cJSON *a, const cJSON *b)
{
    cJSON *o = json_object();
    json_add_text(o, "contract", text_of(a, "contract"));
    add_verdict(o, "a", a);
    add_verdict(o, "b", b);
    enum change change = add_rules(o, a, b);
    if (strcmp(text_of(a, "verdict"), text_of(b, "verdict")) != 0) {
        bool was_good = strcmp(text_of(a, "verdict"), "conforms") == 0;
        bool is_good = strcmp(text_of(b, "verdict"), "conforms") == 0;
        change = change_heavier(change, was_good  ? CHANGE_WORSE
                                        : is_good ? CHANGE_BETTER
                                                  : CHANGE_CHANGED);
    }
    json_add_text(o, "change", change_name[change]);
    cJSON_AddItemToArray(contracts, o);
    return change;
}

static void add_name(cJSON *o, const char *key, const struct diff_side *side,
                     const struct routine_name *name)
{
    const cJSON *known = routine_of(side->report, name->backend, name->op);
    cJSON *routine = cJSON_AddObjectToObject(o, key);
    json_add_text(routine, "backend", name->backend);
    json_add_text(routine, "op", name->op);
    json_add_text_or_null(routine, "own_op", json_text(known, "own_op"));
    json_add_text_or_null(routine, "build_id", json_text(known, "build_id"));
}

struct making {
    const struct diff_side *a, *b;
    cJSON *pairs;
    size_t counts[CHANGE_COUNT];
    size_t judged; // on both sides
};

static void add_pair(struct making *m, const struct routine_name *a, const struct routine_name *b)
{
    cJSON *o = json_object();
    const cJSON *result;
    add_name(o, "a", m->a, a);
    add_name(o, "b", m->b, b);
    cJSON *contracts = cJSON_AddArrayToObject(o, "contracts");
    cJSON_ArrayForEach(result, member(m->a->report, "results"))
    {
        if (strcmp(text_of(result, "backend"), a->backend) != 0 ||
            strcmp(text_of(result, "op"), a->op) != 0)
            continue;
        const cJSON *other = result_of(m->b->report, b, text_of(result, "contract"));
        if (other == NULL)
            continue;
        m->judged += is_judged(result) && is_judged(other);
        m->counts[add_contract(contracts, result, other)]++;
    }
    cJSON_AddItemToArray(m->pairs, o);
}

static void pair_up(struct making *m, struct routines *a, struct routines *b, matches *match)
{
    for (size_t i = 0; i < a->count; i++)
        for (size_t k = 0; k < b->count && !a->items[i].paired; k++)
            if (!b->items[k].paired && match(&a->items[i], &b->items[k])) {
                a->items[i].paired = b->items[k].paired = true;
                add_pair(m, &a->items[i], &b->items[k]);
            }
}

static void add_unpaired(cJSON *o, const char *key, const struct routines *r)
{
    cJSON *list = cJSON_AddArrayToObject(o, key);
    for (size_t i = 0; i < r->count; i++)
        if (!r->items[i].paired)
            cJSON_AddItemToArray(list, cJSON_CreateString(r->items[i].backend));
}

static void add_side(cJSON *o, const char *key, const struct diff_side *side)
{
    cJSON *to = cJSON_AddObjectToObject(o, key);
    const cJSON *host = member(side->report, "host");
    json_add_text(to, "source", side->name);
    json_add_text(to, "storescope", text_of(side->report, "storescope"));
    json_add_text_or_null(to, "date", json_text(side->report, "date"));
    json_add_text_or_null(to, "command", side->saved ? json_text(side->report, "command") : NULL);
    cJSON_AddItemToObject(to, "host", host ? cJSON_Duplicate(host, 1) : cJSON_CreateNull());
}

cJSON *diff_make(const struct diff_side *a, const struct diff_side *b)
{
    struct routines left = routines_of(a->report), right = routines_of(b->report);
    struct making m = {.a = a, .b = b, .pairs = cJSON_CreateArray()};
    cJSON *o = json_object();
    json_add_text(o, "storescope", STORESCOPE_VERSION);
    add_side(o, "a", a);
    add_side(o, "b", b);
    pair_up(&m, &left, &right, same_name);
    pair_up(&m, &left, &right, same_build);
    pair_up(&m, &left, &right, same_file_name);
    if (left.count == 1 && right.count == 1)
        pair_up(&m, &left, &right, any);
    pair_up(&m, &left, &right, same_short_name);
    cJSON_AddItemToObject(o, "pairs", by_rank(m.pairs, pair_rank));
    add_unpaired(o, "only_a", &left);
    add_unpaired(o, "only_b", &right);
    for (size_t i = CHANGE_SAME; i < CHANGE_COUNT; i++)
        cJSON_AddNumberToObject(o, change_name[i], (double)m.counts[i]);
    cJSON_AddNumberToObject(o, "judged", (double)m.judged);
    free(left.items);
    free(right.items);
    return o;
}

size_t diff_pairs(const cJSON *diff)
{
    return (size_t)cJSON_GetArraySize(member(diff, "pairs"));
}

size_t diff_judged(const cJSON *diff)
{
    return (size_t)number_of(diff, "judged");
}

size_t diff_worse(const cJSON *diff)
{
    return (size_t)number_of(diff, "worse");
}
