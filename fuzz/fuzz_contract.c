// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Property: a contract file that is taken has a name and rules with parameters
// in their ranges, gives the same contract again with a comment behind it, and
// can be judged by; one that is not taken gives one line, FILE:LINE: and why.

#include "base/memory.h"
#include "fuzz/fuzz.h"
#include "judge/judge.h"

static const char file_name[] = "fuzz.contract";

static void row_is_sound(const struct contract_rule *row)
{
    FUZZ_HOLDS((unsigned)row->rule < RULE_COUNT);
    FUZZ_HOLDS(row->rule != RULE_CRASH && row->rule != RULE_TIMEOUT);
    FUZZ_HOLDS(row->sides >= DEVICE_DST && row->sides <= DEVICE_BOTH);
    FUZZ_HOLDS(!row->always || row->sides == DEVICE_BOTH);
    FUZZ_HOLDS((unsigned)row->params.request <= REQUEST_SRC_WORDS);
    FUZZ_HOLDS(row->params.max <= 64 && (row->params.max & (row->params.max - 1)) == 0);
    FUZZ_HOLDS(row->params.record.bytes <= 64);
    FUZZ_HOLDS((row->params.record.bytes > 0) == (row->params.record.fields & 1));
    FUZZ_HOLDS(row->params.within <= 8 && (row->params.within & (row->params.within - 1)) == 0);
    FUZZ_HOLDS(row->params.line <= 256 && (row->params.line & (row->params.line - 1)) == 0);
    FUZZ_HOLDS(row->params.min <= 64 && (row->params.min & (row->params.min - 1)) == 0);
}

static void is_judged_by(const struct contract *c)
{
    for (unsigned side = DEVICE_DST; side <= DEVICE_BOTH; side++) {
        struct judge j;
        FUZZ_HOLDS(judge_init(&j, c, 1, (enum device_side)side));
        for (size_t i = 0; i < j.count; i++)
            FUZZ_HOLDS(j.checks[i].param_count > 0 && j.checks[i].param_count <= CHECK_PARAMS_MAX);
        judge_free(&j);
    }
}

static void is_the_same(const struct contract *a, const struct contract *b)
{
    FUZZ_HOLDS(strcmp(a->name, b->name) == 0 && strcmp(a->memory, b->memory) == 0);
    FUZZ_HOLDS(a->rule_count == b->rule_count);
    for (size_t i = 0; i < a->rule_count; i++) {
        const struct contract_rule *x = &a->rules[i], *y = &b->rules[i];
        FUZZ_HOLDS(x->rule == y->rule && x->sides == y->sides && x->always == y->always);
        FUZZ_HOLDS(x->params.request == y->params.request && x->params.max == y->params.max);
        FUZZ_HOLDS(x->params.min == y->params.min);
        FUZZ_HOLDS(x->params.record.fields == y->params.record.fields);
        FUZZ_HOLDS(x->params.record.bytes == y->params.record.bytes);
        FUZZ_HOLDS(x->params.within == y->params.within);
        FUZZ_HOLDS(x->params.line == y->params.line);
        FUZZ_HOLDS(x->params.same_page == y->params.same_page);
        FUZZ_HOLDS(x->params.all_stores == y->params.all_stores);
        FUZZ_HOLDS(x->params.order == y->params.order);
        FUZZ_HOLDS(x->params.by_device == y->params.by_device);
        FUZZ_HOLDS(x->params.on_device == y->params.on_device);
    }
}

static void is_the_same_with_a_comment(const struct contract *c, const char *text, size_t length)
{
    static const char comment[] = "\n# the end";
    struct contract again;
    struct error error;
    char *longer = must(malloc(length + sizeof comment));
    memcpy(longer, text, length);
    memcpy(longer + length, comment, sizeof comment);
    FUZZ_HOLDS(contract_parse(file_name, longer, length + sizeof comment - 1, &again, &error));
    is_the_same(c, &again);
    free(longer);
}

static void error_has_its_line(const struct error *error)
{
    unsigned line;
    fuzz_error_is_one_line(error);
    FUZZ_HOLDS(sscanf(error->text, "fuzz.contract:%u: ", &line) == 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct contract c;
    struct error error = {""};
    const char *text = (const char *)data;
    if (!contract_parse(file_name, text, size, &c, &error)) {
        error_has_its_line(&error);
        return 0;
    }
    FUZZ_HOLDS(c.name[0] != '\0' && memchr(c.name, '\0', sizeof c.name) != NULL);
    FUZZ_HOLDS(memchr(c.memory, '\0', sizeof c.memory) != NULL);
    FUZZ_HOLDS(c.rule_count <= CONTRACT_RULES_MAX);
    for (size_t i = 0; i < c.rule_count; i++)
        row_is_sound(&c.rules[i]);
    is_judged_by(&c);
    is_the_same_with_a_comment(&c, text, size);
    return 0;
}
