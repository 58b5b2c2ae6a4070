// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/merge/sweep_head.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

// ---- to JSON ----

static void add_shard(cJSON *o, struct shard shard)
{
    cJSON *part = cJSON_AddObjectToObject(o, "shard");
    json_add_count(part, "number", shard.of ? shard.number : 1);
    json_add_count(part, "of", shard.of ? shard.of : 1);
}

static cJSON *contract_object(const struct sweep_contract *c)
{
    cJSON *o = json_object();
    json_add_text(o, "name", c->name);
    json_add_text(o, "memory", c->memory);
    json_add_hex(o, "rules", c->rules);
    return o;
}

static cJSON *routine_object(const struct sweep_routine *r)
{
    cJSON *o = json_object();
    json_add_text(o, "backend", r->name);
    json_add_text(o, "op", copy_op_name[r->op]);
    json_add_text(o, "own_op", copy_op_name[r->own_op]);
    json_add_text_or_null(o, "path", r->path);
    json_add_text_or_null(o, "symbol", r->symbol);
    json_add_text_or_null(o, "build_id", r->build_id);
    json_add_text_or_null(o, "arch", r->arch);
    json_add_text_or_null(o, "from", r->from);
    cJSON_AddBoolToObject(o, "named", r->named);
    cJSON_AddBoolToObject(o, "runs", r->runs);
    json_add_count(o, "cases", r->cases);
    json_add_hex(o, "plan", r->plan);
    json_add_hex(o, "code", r->code);
    return o;
}

cJSON *sweep_head_object(const struct sweep_head *head)
{
    cJSON *o = json_object();
    add_shard(o, head->shard);
    json_add_text(o, "command", head->command);
    json_add_text(o, "device", device_side_name(head->device));
    json_add_text(o, "recorder", head->recorder);
    json_add_text_or_null(o, "cpu", head->cpu);
    cJSON *links = cJSON_AddArrayToObject(o, "link");
    for (size_t i = 0; i < head->link_count; i++)
        cJSON_AddItemToArray(links, cJSON_CreateString(head->link[i]));
    cJSON *contracts = cJSON_AddArrayToObject(o, "contracts");
    for (size_t i = 0; i < head->contract_count; i++)
        cJSON_AddItemToArray(contracts, contract_object(&head->contracts[i]));
    cJSON *routines = cJSON_AddArrayToObject(o, "routines");
    for (size_t i = 0; i < head->routine_count; i++)
        cJSON_AddItemToArray(routines, routine_object(&head->routines[i]));
    return o;
}

// ---- from JSON ----

static char *owned(const char *text)
{
    return text ? must(strdup(text)) : NULL;
}

static bool read_shard(const cJSON *o, struct shard *out)
{
    const cJSON *part = cJSON_GetObjectItemCaseSensitive(o, "shard");
    uint64_t number, of;
    if (!json_count(part, "number", &number) || !json_count(part, "of", &of) || number == 0 ||
        number > of || of > SHARDS_MAX)
        return false;
    *out = (struct shard){(uint32_t)number, (uint32_t)of};
    return true;
}

static bool read_contract(const cJSON *o, struct sweep_contract *out)
{
    const char *name = json_text(o, "name"), *memory = json_text(o, "memory");
    if (!name || !memory || strlen(name) >= CONTRACT_NAME_MAX ||
        !json_count(o, "rules", &out->rules))
        return false;
    out->name = owned(name);
    out->memory = owned(memory);
    return true;
}

static bool read_routine(const cJSON *o, struct sweep_routine *out)
{
    const char *name = json_text(o, "backend"), *op = json_text(o, "op");
    const char *own_op = json_text(o, "own_op");
    if (!name || !op || !own_op || !copy_op_parse(op, &out->op) ||
        !copy_op_parse(own_op, &out->own_op))
        return false;
    out->name = owned(name);
    out->path = owned(json_text(o, "path"));
    out->symbol = owned(json_text(o, "symbol"));
    out->from = owned(json_text(o, "from"));
    out->arch = owned(json_text(o, "arch"));
    out->build_id = owned(json_text(o, "build_id"));
    return json_bool(o, "named", &out->named) && json_bool(o, "runs", &out->runs) &&
           json_count(o, "cases", &out->cases) && json_count(o, "plan", &out->plan) &&
           json_count(o, "code", &out->code);
}

static bool read_contracts(const cJSON *list, struct sweep_head *out)
{
    const cJSON *item;
    out->contracts = must(calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *out->contracts));
    cJSON_ArrayForEach(
        item, list) if (!read_contract(item, &out->contracts[out->contract_count++])) return false;
    return out->contract_count > 0;
}

static bool read_routines(const cJSON *list, struct sweep_head *out)
{
    const cJSON *item;
    out->routines = must(calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *out->routines));
    cJSON_ArrayForEach(
        item, list) if (!read_routine(item, &out->routines[out->routine_count++])) return false;
    return out->routine_count > 0;
}

static bool read_links(const cJSON *list, struct sweep_head *out)
{
    const cJSON *item;
    out->link = must(calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *out->link));
    cJSON_ArrayForEach(item, list)
    {
        if (!cJSON_IsString(item))
            return false;
        out->link[out->link_count++] = owned(item->valuestring);
    }
    return true;
}

bool sweep_head_read(const cJSON *o, struct sweep_head *out, struct error *error)
{
    const char *device = json_text(o, "device");
    *out = (struct sweep_head){.command = owned(json_text(o, "command")),
                               .recorder = owned(json_text(o, "recorder")),
                               .cpu = owned(json_text(o, "cpu"))};
    if (o == NULL)
        return error_set(error, "it does not say which sweep it is of; write it anew, by check or "
                                "compare of this version");
    if (!out->command || !out->recorder || !device || !device_side_parse(device, &out->device) ||
        !read_shard(o, &out->shard) ||
        !read_links(cJSON_GetObjectItemCaseSensitive(o, "link"), out) ||
        !read_contracts(cJSON_GetObjectItemCaseSensitive(o, "contracts"), out) ||
        !read_routines(cJSON_GetObjectItemCaseSensitive(o, "routines"), out))
        return error_set(error, "what it says of its sweep makes no sense; write it anew");
    return true;
}

void sweep_head_free(struct sweep_head *head)
{
    for (size_t i = 0; i < head->routine_count; i++) {
        free(head->routines[i].name);
        free(head->routines[i].path);
        free(head->routines[i].symbol);
        free(head->routines[i].from);
        free(head->routines[i].arch);
        free(head->routines[i].build_id);
    }
    for (size_t i = 0; i < head->contract_count; i++) {
        free(head->contracts[i].name);
        free(head->contracts[i].memory);
    }
    for (size_t i = 0; i < head->link_count; i++)
        free(head->link[i]);
    free(head->routines);
    free(head->contracts);
    free(head->link);
    free(head->command);
    free(head->recorder);
    free(head->cpu);
    *head = (struct sweep_head){.routines = NULL};
}

// ---- one sweep or two ----

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_contracts(const struct sweep_head *a, const struct sweep_head *b,
                           struct error *error)
{
    for (size_t i = 0; i < a->contract_count && i < b->contract_count; i++) {
        const struct sweep_contract *x = &a->contracts[i], *y = &b->contracts[i];
        if (!same_text(x->name, y->name))
            return error_set(error, "contract is %s, not %s", y->name, x->name);
        if (x->rules != y->rules)
            return error_set(error, "contract %s has other rules", y->name);
    }
    return a->contract_count == b->contract_count ||
           error_set(error, "contracts are %zu, not %zu", b->contract_count, a->contract_count);
}

static bool same_routine(const struct sweep_routine *a, const struct sweep_routine *b,
                         struct error *error)
{
    if (!same_text(a->name, b->name))
        return error_set(error, "routines differ: %s, not %s", b->name, a->name);
    if (a->op != b->op)
        return error_set(error, "routine %s is taken for %s, not %s", b->name, copy_op_name[b->op],
                         copy_op_name[a->op]);
    if (a->runs != b->runs)
        return error_set(error, "routine %s can%s run there", b->name, b->runs ? "" : "not");
    if (a->plan != b->plan || a->cases != b->cases)
        return error_set(error, "plan for %s is another: other cases", b->name);
    return a->code == b->code ||
           error_set(error, "routine %s is of another build: the files differ", b->name);
}

static bool same_routines(const struct sweep_head *a, const struct sweep_head *b,
                          struct error *error)
{
    for (size_t i = 0; i < a->routine_count && i < b->routine_count; i++)
        if (!same_routine(&a->routines[i], &b->routines[i], error))
            return false;
    return a->routine_count == b->routine_count ||
           error_set(error, "routines are %zu, not %zu", b->routine_count, a->routine_count);
}

static bool same_options(const struct sweep_head *a, const struct sweep_head *b,
                         struct error *error)
{
    if (!same_text(a->command, b->command))
        return error_set(error, "command is %s, not %s", b->command, a->command);
    if (a->device != b->device)
        return error_set(error, "device is %s, not %s", device_side_name(b->device),
                         device_side_name(a->device));
    if (!same_text(a->recorder, b->recorder))
        return error_set(error, "recorder is %s, not %s", b->recorder, a->recorder);
    return same_text(a->cpu, b->cpu) ||
           error_set(error, "emulated CPU is %s, not %s", b->cpu ? b->cpu : "the default",
                     a->cpu ? a->cpu : "the default");
}

bool sweep_head_same(const struct sweep_head *a, const struct sweep_head *b, struct error *error)
{
    if (a->shard.of != b->shard.of)
        return error_set(error, "sweep was cut into %u shards, not %u", b->shard.of, a->shard.of);
    return same_options(a, b, error) && same_contracts(a, b, error) && same_routines(a, b, error);
}

// What cannot run costs nothing: the first shard tells of all of it.
enum shard_share sweep_head_share(const struct sweep_head *head, size_t routine, struct shard shard)
{
    uint64_t before = 0, all = 0;
    if (!head->routines[routine].runs)
        return shard.number <= 1 ? SHARE_ALL : SHARE_NOTHING;
    for (size_t i = 0; i < head->routine_count; i++) {
        before += i < routine && head->routines[i].runs;
        all += head->routines[i].runs;
    }
    return shard_share(shard, before, all, head->routines[routine].cases);
}

uint64_t sweep_rules_digest(const struct contract *contract)
{
    uint64_t digest = digest_number(DIGEST_START, contract->ops);
    for (size_t i = 0; i < contract->rule_count; i++) {
        const struct contract_rule *row = &contract->rules[i];
        const struct rule_params *p = &row->params;
        const uint64_t numbers[] = {row->sides,      row->always,  p->request,    p->max,
                                    p->min,          p->within,    p->line,       p->record.fields,
                                    p->record.bytes, p->same_page, p->all_stores, p->order,
                                    p->by_device,    p->on_device};
        digest = digest_text(digest, rule_name[row->rule]);
        digest = digest_bytes(digest, numbers, sizeof numbers);
    }
    return digest;
}
