// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The table of proof forms, and how a contract's parameters choose among requests.

#include "prove/path_check.h"

static const struct {
    enum rule_id rule;
    rule_form *form;
} forms[] = {
    {RULE_CRASH, crashes},
    {RULE_TIMEOUT, times_out},
    {RULE_WRONG_DATA, wrong_data},
    {RULE_WRONG_RETURN, wrong_return},
    {RULE_CLOBBERED_STATE, clobbered_state},
    {RULE_MISSING_STORE, missing_stores},
    {RULE_OUT_OF_BOUNDS_STORE, bounds_of_stores},
    {RULE_OUT_OF_BOUNDS_LOAD, bounds_of_loads},
    {RULE_DUPLICATE_STORE, duplicates},
    {RULE_OVERLAPPING_STORE, overlaps},
    {RULE_TRANSIENT_VALUE, transient_values},
    {RULE_SPLIT_STORE, split_stores},
    {RULE_TORN_ELEMENT, torn_elements},
    {RULE_REORDERED_STORE, reordered_stores},
    {RULE_UNORDERED_STORE, unordered_stores},
    {RULE_LAST_BYTE_NOT_LAST, last_byte},
    {RULE_MISALIGNED_STORE, misaligned_stores},
    {RULE_WIDE_STORE, wide_stores},
    {RULE_NARROW_STORE, narrow_stores},
    {RULE_VECTOR_STORE, vector_stores},
    {RULE_MASKED_STORE, masked_stores},
    {RULE_STRING_STORE, string_stores},
    {RULE_NONTEMPORAL_STORE, nontemporal_stores},
    {RULE_ATOMIC_STORE, atomic_stores},
    {RULE_PAIRED_STORE, paired_stores},
    {RULE_WRITEBACK_STORE, writeback_stores},
    {RULE_X87_STORE, x87_stores},
    {RULE_UNFENCED_STORE, unfenced_stores},
    {RULE_UNFLUSHED_STORE, unflushed_stores},
    {RULE_DESTINATION_LOAD, destination_loads},
    {RULE_REPEATED_LOAD, repeated_loads},
    {RULE_SPLIT_LOAD, split_loads},
    {RULE_TORN_LOAD, torn_loads},
    {RULE_REORDERED_LOAD, reordered_loads},
    {RULE_UNORDERED_LOAD, unordered_loads},
    {RULE_MISALIGNED_LOAD, misaligned_loads},
    {RULE_WIDE_LOAD, wide_loads},
    {RULE_NARROW_LOAD, narrow_loads},
    {RULE_VECTOR_LOAD, vector_loads},
    {RULE_STRING_LOAD, string_loads},
    {RULE_ATOMIC_LOAD, atomic_loads},
    {RULE_PAIRED_LOAD, paired_loads},
    {RULE_WRITEBACK_LOAD, writeback_loads},
    {RULE_X87_LOAD, x87_loads},
    {RULE_DATA_DEPENDENT, data_dependence},
};

static rule_form *form_for(enum rule_id rule)
{
    for (unsigned i = 0; i < sizeof forms / sizeof *forms; i++)
        if (forms[i].rule == rule)
            return forms[i].form;
    return NULL;
}

bool path_rule_has_form(enum rule_id rule, const struct rule_params *p)
{
    return form_for(rule) && p->record.bytes == 0 && p->within == 0 && p->line == 0 &&
           !p->same_page;
}

static bool returned(const struct path_check *c)
{
    return c->path->end == EXECUTION_RETURN;
}

// What a path that did not return breaks for certain; see rules.c.
static bool holds_without_return(enum rule_id rule)
{
    return rule == RULE_CRASH || rule == RULE_OUT_OF_BOUNDS_STORE || rule == RULE_TIMEOUT;
}

// The requests that the contract means: SIZE bytes, at addresses that are multiples of it;
// or multiples of words.
static bool narrow_to(struct known *k, const struct path_check *c, unsigned size, bool words)
{
    struct pool *p = k->pool;
    const struct setting *s = c->path->setting;
    enum rule_request r = c->params->request;
    unsigned bits = (unsigned)__builtin_ctz(size);
    bool dst = r == REQUEST_DST_ALIGNED || r == REQUEST_BOTH_ALIGNED || r == REQUEST_DST_WORDS;
    bool src = r == REQUEST_SRC_ALIGNED || r == REQUEST_BOTH_ALIGNED || r == REQUEST_SRC_WORDS;
    if (words)
        known_assume(k, (struct claim){EQUAL, form_low(p, s->n, bits)});
    else
        known_assume(k, (struct claim){EQUAL, form_plus(p, s->n, -(wide)size)});
    if (dst && bits)
        known_assume(k, (struct claim){EQUAL, form_low(p, s->dst, bits)});
    if (src && bits)
        known_assume(k, (struct claim){EQUAL, form_low(p, s->src, bits)});
    return !k->dead;
}

static void check_requests(struct path_check *c, rule_form *form, unsigned size, bool words)
{
    struct known k, *whole = c->known;
    known_copy(&k, whole);
    c->known = &k;
    if (narrow_to(&k, c, size, words))
        form(c);
    c->known = whole;
    known_free(&k);
}

void path_rule_check(struct path_check *c, enum rule_id rule)
{
    rule_form *form = form_for(rule);
    enum rule_request r = c->params->request;
    uint64_t min = c->params->min ? c->params->min : 4;
    if (!form || !path_rule_has_form(rule, c->params)) {
        leave_open(c, "it has no proof form");
        return;
    }
    if (!returned(c) && !holds_without_return(rule))
        return;
    if (r == REQUEST_ANY)
        form(c);
    else if (r == REQUEST_DST_WORDS || r == REQUEST_SRC_WORDS) {
        if (min & (min - 1))
            leave_open(c, "words of that size are not followed");
        else
            check_requests(c, form, (unsigned)min, true);
    } else {
        for (unsigned size = 1; size <= 8; size *= 2)
            check_requests(c, form, size, false);
    }
}
