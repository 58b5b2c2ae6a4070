// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "judge/judge.h"

#include <stdlib.h>

_Static_assert(RULE_DATA_DEPENDENT == RULE_COUNT - 1,
               "the list of checks ends with data-dependent, as the rule table does");

// Up to so many aligned bytes a CPU may take as one, see order_find.
enum { WHOLE_BYTES = 16 };

static bool params_equal(const struct rule_params *a, const struct rule_params *b)
{
    return a->request == b->request && a->max == b->max && a->min == b->min &&
           a->record.fields == b->record.fields && a->record.bytes == b->record.bytes &&
           a->line == b->line && a->within == b->within && a->same_page == b->same_page &&
           a->all_stores == b->all_stores && a->order == b->order && a->by_device == b->by_device &&
           a->on_device == b->on_device;
}

static bool checks_equal(const struct check *a, const struct check *b)
{
    if (a->rule != b->rule || a->param_count != b->param_count)
        return false;
    for (size_t i = 0; i < a->param_count; i++)
        if (!params_equal(&a->params[i], &b->params[i]))
            return false;
    return true;
}

static void check_add_params(struct check *check, const struct rule_params *p)
{
    for (size_t i = 0; i < check->param_count; i++)
        if (params_equal(&check->params[i], p))
            return;
    if (check->param_count == CHECK_PARAMS_MAX)
        abort(); // a contract has at most one row of a rule for each side
    check->params[check->param_count++] = *p;
}

// A check is numbered in 16 bits; nobody has that many contracts.
enum { CONTRACTS_MAX = CHECK_NONE / RULE_COUNT };

// The check that a contract makes of a rule; without parameters when it makes
// none.
static struct check contract_check(const struct contract *contract, enum rule_id rule,
                                   enum device_side device)
{
    struct check check = {.rule = rule};
    for (size_t i = 0; i < contract->rule_count; i++) {
        const struct contract_rule *row = &contract->rules[i];
        if (row->rule == rule && contract_rule_applies(row, device))
            check_add_params(&check, &row->params);
    }
    if (check.param_count == 0 && (rule == RULE_CRASH || rule == RULE_TIMEOUT))
        check.param_count = 1;
    return check;
}

static unsigned lines_asked(enum rule_id rule, const struct rule_params *p)
{
    if (rule != RULE_UNORDERED_STORE && rule != RULE_UNORDERED_LOAD)
        return 0;
    return order_lines(
        rule_order_view(rule == RULE_UNORDERED_STORE ? ACCESS_STORE : ACCESS_LOAD, p));
}

// Does where the source lies bear on it, besides what accesses there are?
static bool asks_source(enum rule_id rule, const struct rule_params *p)
{
    bool of_loads = rule >= RULE_SPLIT_LOAD && rule <= RULE_X87_LOAD;
    return of_loads || p->request == REQUEST_SRC_ALIGNED || p->request == REQUEST_BOTH_ALIGNED ||
           p->request == REQUEST_SRC_WORDS;
}

static size_t judge_add(struct judge *j, const struct check *check)
{
    for (size_t i = 0; i < j->count; i++)
        if (checks_equal(&j->checks[i], check))
            return i;
    j->checks[j->count] = *check;
    j->loads = j->loads || rule_needs_loads(check->rule);
    j->values = j->values || check->rule == RULE_TRANSIENT_VALUE;
    for (size_t i = 0; i < check->param_count; i++) {
        const struct rule_params *p = &check->params[i];
        j->lines |= lines_asked(check->rule, p);
        j->alignment_mask |= lines_asked(check->rule, p) ? WHOLE_BYTES - 1 : 0;
        j->asks_source |= asks_source(check->rule, p);
        j->scans |= (uint64_t)rule_scans(check->rule, p) << check->rule;
        j->rewrites |= p->within > 0;
        j->values |= p->within > 0;
        j->alignment_mask |= p->min ? p->min - 1 : 0;
        j->alignment_mask |= p->line ? p->line - 1 : check->rule == RULE_BROKEN_BURST ? 63 : 0;
    }
    return j->count++;
}

bool judge_init(struct judge *j, const struct contract *contracts, size_t contract_count,
                enum device_side device)
{
    if (contract_count > CONTRACTS_MAX)
        abort();
    *j = (struct judge){.contract_count = contract_count, .alignment_mask = 7};
    j->checks = calloc(contract_count * RULE_COUNT, sizeof *j->checks);
    j->check_of = calloc(contract_count, sizeof *j->check_of);
    if (!j->checks || !j->check_of) {
        judge_free(j);
        return false;
    }
    for (unsigned rule = 0; rule < RULE_COUNT; rule++) {
        for (size_t i = 0; i < contract_count; i++) {
            struct check check = contract_check(&contracts[i], (enum rule_id)rule, device);
            j->check_of[i][rule] =
                check.param_count ? (uint16_t)judge_add(j, &check) : (uint16_t)CHECK_NONE;
        }
        j->first_of[rule + 1] = (uint16_t)j->count;
        if (j->count > j->first_of[rule])
            j->rules |= UINT64_C(1) << rule;
    }
    j->data_dependent = j->first_of[RULE_DATA_DEPENDENT];
    return true;
}

void judge_free(struct judge *j)
{
    free(j->checks);
    free(j->check_of);
    *j = (struct judge){0};
}

const struct rule_params *check_broken(const struct check *check, const struct shadow *s)
{
    if (rules_not_asked(s->c->op) >> check->rule & 1)
        return NULL;
    for (size_t i = 0; i < check->param_count; i++)
        if (rule_is_broken(check->rule, s, &check->params[i]))
            return &check->params[i];
    return NULL;
}

size_t judge_case(const struct judge *j, const struct shadow *s, uint16_t *broken)
{
    bool returned = s->trace->outcome == OUTCOME_RETURNED;
    uint64_t rules = j->rules & ~(UINT64_C(1) << RULE_DATA_DEPENDENT) & ~rules_not_asked(s->c->op);
    size_t count = 0;
    for (rules &= returned ? rules_suspected(s) | j->scans : UINT64_MAX; rules;
         rules &= rules - 1) {
        int rule = __builtin_ctzll(rules);
        for (size_t i = j->first_of[rule]; i < j->first_of[rule + 1]; i++)
            if (check_broken(&j->checks[i], s))
                broken[count++] = (uint16_t)i;
    }
    return count;
}

void tally_look(struct tally *t, const struct copy_case *c)
{
    if (t->cases == 1 || case_compare(c, &t->witness) < 0)
        t->witness = *c;
}

void tally_merge(struct tally *into, const struct tally *from)
{
    if (from->cases == 0)
        return;
    if (into->cases == 0 || case_compare(&from->witness, &into->witness) < 0)
        into->witness = from->witness;
    into->cases += from->cases;
}
