// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "reports/merge/read_result.h"

#include "base/json.h"
#include "base/memory.h"
#include "reports/merge/read_recording.h"

#include <stdlib.h>
#include <string.h>

static const cJSON *member(const cJSON *o, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(o, key);
}

static void copy_text(const cJSON *o, const char *key, char *out, size_t size)
{
    const char *text = json_text(o, key);
    snprintf(out, size, "%s", text ? text : "");
}

static bool read_case(const cJSON *o, const char *key, struct copy_case *out, struct error *error)
{
    const char *text = json_text(o, key);
    struct error why;
    if (text == NULL)
        return error_set(error, "its %s is missing", key);
    return case_parse(text, out, &why) || error_set(error, "its %s: %s", key, why.text);
}

static bool read_rule(const cJSON *o, enum rule_id *out, struct error *error)
{
    const char *rule = json_text(o, "rule");
    return (rule != NULL && rule_find(rule, out)) ||
           error_set(error, "there is no rule '%s'", rule ? rule : "");
}

// ---- what a witness does to an observer ----

static bool read_steps(const cJSON *list, struct story *s)
{
    const cJSON *step;
    cJSON_ArrayForEach(step, list)
    {
        if (!cJSON_IsString(step) || s->step_count == STORY_STEPS_MAX)
            return false;
        s->steps[s->step_count++] = must(strdup(step->valuestring));
    }
    return true;
}

static bool read_outcome(const cJSON *o, struct story *s)
{
    const char *name = json_text(o, "outcome");
    for (size_t i = 0; i < STORY_OUTCOME_COUNT && name; i++)
        if (strcmp(name, story_outcome_name[i]) == 0) {
            s->outcome = (enum story_outcome)i;
            return true;
        }
    return false;
}

static bool read_story(const cJSON *o, struct finding *f, struct error *error)
{
    uint64_t width;
    if (!cJSON_IsObject(o))
        return true;
    struct story *s = f->story = must(calloc(1, sizeof *s));
    copy_text(o, "observer", s->observer, sizeof s->observer);
    copy_text(o, "about", s->about, sizeof s->about);
    copy_text(o, "bad", s->bad, sizeof s->bad);
    copy_text(o, "reason", s->reason, sizeof s->reason);
    const char *side = json_text(o, "side");
    s->side = DEVICE_DST;
    if (!read_outcome(o, s) || (side && !device_side_parse(side, &s->side)) ||
        !json_count(o, "interleavings", &s->interleavings) ||
        !json_count(o, "offset", &s->offset) || !json_count(o, "width", &width) || width > 64 ||
        !read_steps(member(o, "steps"), s))
        return error_set(error, "its story makes no sense");
    s->width = (unsigned)width;
    return true;
}

// ---- a result ----

static bool read_finding(const cJSON *o, const cJSON *calls, struct finding *f, struct error *error)
{
    const cJSON *witness = member(o, "witness");
    if (!read_rule(o, &f->rule, error) || !read_case(witness, "case", &f->witness, error))
        return false;
    if (!json_count(o, "cases", &f->cases) || json_text(o, "message") == NULL)
        return error_set(error, "it has no count or no message");
    copy_text(o, "message", f->message, sizeof f->message);
    const cJSON *own = member(o, "calls");
    return recording_read_witness(witness, own ? own : calls, f, error) &&
           read_story(member(o, "story"), f, error);
}

static bool read_findings(const cJSON *o, struct result *r, struct error *error)
{
    const cJSON *item;
    struct error why;
    cJSON_ArrayForEach(item, member(o, "findings"))
    {
        if (r->finding_count == RULE_COUNT)
            return error_set(error, "it has more findings than there are rules");
        if (!read_finding(item, member(o, "calls"), &r->findings[r->finding_count++], &why))
            return error_set(error, "finding %zu: %.300s", r->finding_count, why.text);
    }
    return true;
}

static bool read_facts(const cJSON *list, struct result *r, struct error *error)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        struct fact *f = &r->facts[r->fact_count];
        if (r->fact_count == FACTS_MAX || !read_rule(item, &f->rule, error) ||
            !read_case(item, "case", &f->witness, error) || !json_count(item, "cases", &f->cases))
            return error_set(error, "fact %zu makes no sense", r->fact_count + 1);
        copy_text(item, "message", f->message, sizeof f->message);
        r->fact_count++;
    }
    return true;
}

static bool read_insn(const cJSON *item, struct covered_insn *out)
{
    *out = (struct covered_insn){.reached = false};
    copy_text(item, "text", out->text, sizeof out->text);
    return out->text[0] && json_offset(item, "offset", &out->offset);
}

static bool read_reached(const cJSON *item, struct covered_insn *out)
{
    *out = (struct covered_insn){.reached = true};
    if (!cJSON_IsNumber(item) || !(item->valuedouble > -1e15 && item->valuedouble < 1e15))
        return false;
    out->offset = (int64_t)item->valuedouble;
    return true;
}

static bool read_insns(const cJSON *list, bool (*read)(const cJSON *, struct covered_insn *),
                       struct coverage *c)
{
    const cJSON *item;
    size_t count = 0;
    struct covered_insn *insns = must(calloc((size_t)cJSON_GetArraySize(list) + 1, sizeof *insns));
    bool sound = true;
    cJSON_ArrayForEach(item, list) sound = sound && read(item, &insns[count++]);
    if (sound)
        coverage_add(c, insns, count);
    free(insns);
    return sound;
}

static bool read_coverage(const cJSON *o, struct coverage *c, struct error *error)
{
    uint64_t known, reached;
    if (!cJSON_IsObject(o))
        return true;
    if (!json_count(o, "instructions", &known) || !json_count(o, "reached", &reached) ||
        !read_insns(member(o, "never_reached"), read_insn, c) ||
        !read_insns(member(o, "reached_at"), read_reached, c) || known < c->count)
        return error_set(error, "its coverage makes no sense");
    c->unplaced = (size_t)known - c->count;
    return coverage_reached(c) == reached || error_set(error, "its coverage makes no sense");
}

static bool read_constants(const cJSON *list, struct proof_note *p)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list)
    {
        struct proof_constant *c = &p->constants[p->constant_count];
        if (p->constant_count == PROOF_CONSTANTS_MAX || !json_count(item, "value", &c->value))
            return false;
        copy_text(item, "name", c->name, sizeof c->name);
        p->constant_count++;
    }
    return true;
}

// Reports of before have none.
static bool read_proof(const cJSON *o, struct proof_note *p, struct error *error)
{
    const cJSON *sizes = member(o, "sizes");
    if (!cJSON_IsObject(o))
        return true;
    p->tried = true;
    copy_text(o, "reason", p->why, sizeof p->why);
    if (!cJSON_IsNull(member(sizes, "hi")) && !json_count(sizes, "hi", &p->size_hi))
        return error_set(error, "its proof has no sizes");
    if (cJSON_IsNull(member(sizes, "hi")))
        p->size_hi = PROOF_SIZE_MAX;
    return (json_bool(o, "proved", &p->proved) && json_bool(o, "contradicted", &p->contradicted) &&
            json_bool(o, "overlaps", &p->overlaps) && json_count(o, "paths", &p->paths) &&
            json_count(sizes, "lo", &p->size_lo) && read_constants(member(o, "constants"), p)) ||
           error_set(error, "its proof makes no sense");
}

static bool read_not_asked(const cJSON *list, struct contract *out, struct error *error)
{
    const cJSON *item;
    out->rule_count = 0;
    cJSON_ArrayForEach(item, list)
    {
        struct contract_rule *row = &out->rules[out->rule_count];
        const char *name = cJSON_GetStringValue(item);
        if (out->rule_count == CONTRACT_RULES_MAX || !name || !rule_find(name, &row->rule))
            return error_set(error, "a rule that was not asked is none");
        row->sides = DEVICE_BOTH;
        row->always = true;
        out->rule_count++;
    }
    return true;
}

static bool read_counts(const cJSON *o, struct result *r, struct error *error)
{
    const cJSON *seconds = member(o, "seconds");
    const char *stored = json_text(o, "stored");
    if (!json_count(o, "cases", &r->cases) || !json_count(o, "planned", &r->planned) ||
        !json_count(o, "skipped_cases", &r->skipped_cases) ||
        !json_count(o, "broken_cases", &r->broken_cases) ||
        !json_bool(o, "interrupted", &r->interrupted) || !json_bool(o, "part", &r->part) ||
        (r->part && !json_count(o, "plan", &r->plan)) || !json_bool(o, "light", &r->light) ||
        !json_bool(o, "given_up", &r->cut_short) || !cJSON_IsNumber(seconds))
        return error_set(error, "its counts are not whole; write it anew by this version");
    r->seconds = seconds->valuedouble;
    r->stores_something = stored && strcmp(stored, "something") == 0;
    r->stores_nothing = stored && strcmp(stored, "nothing") == 0;
    return true;
}

static bool read_verdict(const cJSON *o, struct result *r, struct error *error)
{
    const char *name = json_text(o, "verdict");
    size_t v = 0;
    while (v < VERDICT_COUNT && (name == NULL || strcmp(verdict_name[v], name) != 0))
        v++;
    if (v == VERDICT_COUNT)
        return error_set(error, "there is no verdict '%s'", name ? name : "");
    r->verdict = (enum verdict)v;
    // A verdict that does not follow from what is there clears nothing.
    struct result *again = must(malloc(sizeof *again));
    *again = *r;
    result_decide(again);
    bool follows = again->verdict == r->verdict;
    free(again);
    return follows || error_set(error, "its verdict '%s' does not follow from what it says", name);
}

// Which lives as long as the program, as a recorder's own name does.
static const char *recorder_called(const char *name)
{
    const struct recorder_kind *kind = name ? recorder_find(name) : NULL;
    return kind ? kind->name : NULL;
}

bool result_read(const cJSON *o, struct contract *contract, struct result *r, struct error *error)
{
    r->contract = contract;
    r->recorder = recorder_called(json_text(o, "recorder"));
    if (r->recorder == NULL)
        return error_set(error, "its recorder is not known here");
    copy_text(o, "cpu", r->cpu, sizeof r->cpu);
    copy_text(o, "hint", r->hint, sizeof r->hint);
    copy_text(o, "reason", r->reason, sizeof r->reason);
    r->has_reason_case = cJSON_IsString(member(o, "reason_case"));
    return read_counts(o, r, error) &&
           (!r->has_reason_case || read_case(o, "reason_case", &r->reason_case, error)) &&
           read_findings(o, r, error) && read_facts(member(o, "facts"), r, error) &&
           read_coverage(member(o, "coverage"), &r->coverage, error) &&
           read_proof(member(o, "proof"), &r->proof, error) &&
           read_not_asked(member(o, "not_asked"), contract, error) && read_verdict(o, r, error);
}
