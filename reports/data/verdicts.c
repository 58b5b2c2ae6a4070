// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a later report wants to know of this one, and nothing else: when, what, and of each
// backend and contract the verdict and the rules that were broken. Small, so that one a
// night can be kept for years. It has the shape of the format `json'.

#include "base/json.h"
#include "reports/format.h"
#include "reports/merge/sweep_head.h"

#include <assert.h>
#include <stdlib.h>

static void begin(struct report *r)
{
    const struct run_facts *facts = r->facts;
    cJSON *o = json_object();
    r->state = calloc(1, sizeof(size_t)); // results so far
    assert(r->state != NULL);
    json_add_text(o, "storescope", STORESCOPE_VERSION);
    json_add_text_or_null(o, "date", facts->date);
    json_add_text_or_null(o, "command", facts->command_line);
    cJSON *host = cJSON_AddObjectToObject(o, "host");
    json_add_text(host, "cpu", facts->host->cpu);
    json_add_text(host, "libc", facts->host->libc);
    if (facts->sweep != NULL) {
        cJSON *sweep = cJSON_AddObjectToObject(o, "sweep");
        cJSON *shard = cJSON_AddObjectToObject(sweep, "shard");
        json_add_count(shard, "number", facts->sweep->shard.of ? facts->sweep->shard.number : 1);
        json_add_count(shard, "of", facts->sweep->shard.of ? facts->sweep->shard.of : 1);
        json_add_text(sweep, "device", device_side_name(facts->sweep->device));
    }
    json_print_members(o, r->out);
    fputs(",\n\"results\":[", r->out);
}

static cJSON *result_object(const struct result *r)
{
    cJSON *o = json_object();
    json_add_text(o, "backend", r->backend->name);
    json_add_text(o, "op", copy_op_name[r->op]);
    json_add_text(o, "contract", r->contract->name);
    json_add_text(o, "verdict", verdict_name[r->verdict]);
    json_add_count(o, "planned", r->planned);
    cJSON *rules = cJSON_AddArrayToObject(o, "rules");
    for (size_t i = 0; i < r->finding_count; i++)
        cJSON_AddItemToArray(rules, cJSON_CreateString(rule_name[r->findings[i].rule]));
    return o;
}

static void add(struct report *r, const struct result *results, size_t count)
{
    size_t *so_far = r->state;
    for (size_t i = 0; i < count; i++) {
        fputs((*so_far)++ ? ",\n" : "\n", r->out);
        json_print(result_object(&results[i]), r->out);
    }
}

static void end(struct report *r)
{
    fprintf(r->out, "],\n\"interrupted\":%s}\n", r->facts->totals->interrupted ? "true" : "false");
    free(r->state);
}

const struct format format_verdicts = {
    .name = "verdicts",
    .about = "JSON of the verdicts and broken rules alone, to be kept for --history",
    .commands = FORMAT_SWEEPS,
    .begin = begin,
    .add = add,
    .end = end,
};
