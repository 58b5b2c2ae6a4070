// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "findings/difference.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const difference_name[DIFFERENCE_KINDS] = {
    [DIFFERENCE_NEW_RULE] = "new",
    [DIFFERENCE_NEW_SITES] = "new-sites",
    [DIFFERENCE_WORSE] = "worse",
    [DIFFERENCE_GONE] = "gone",
};

const char *const difference_meaning[DIFFERENCE_KINDS] = {
    [DIFFERENCE_NEW_RULE] = "newly broken",
    [DIFFERENCE_NEW_SITES] = "broken at sites that are new",
    [DIFFERENCE_WORSE] = "broken at smaller sizes than before",
    [DIFFERENCE_GONE] = "no longer broken",
};

struct difference *baseline_add(struct baseline *b, enum difference_kind kind, const char *backend,
                                const struct expect_key *key, enum rule_id rule)
{
    b->items = reallocarray(b->items, b->count + 1, sizeof *b->items);
    assert(b->items != NULL);
    struct difference *d = &b->items[b->count++];
    *d = (struct difference){.kind = kind, .backend = strdup(backend), .key = *key, .rule = rule};
    assert(d->backend != NULL);
    return d;
}

void baseline_add_unjudged(struct baseline *b, const char *backend, const char *contract,
                           const char *reason)
{
    b->unjudged = reallocarray(b->unjudged, b->unjudged_count + 1, sizeof *b->unjudged);
    assert(b->unjudged != NULL);
    struct unjudged *u = &b->unjudged[b->unjudged_count++];
    *u = (struct unjudged){.backend = strdup(backend)};
    assert(u->backend != NULL);
    snprintf(u->contract, sizeof u->contract, "%s", contract);
    snprintf(u->reason, sizeof u->reason, "%s", reason);
}

void baseline_free(struct baseline *b)
{
    for (size_t i = 0; i < b->count; i++)
        free(b->items[i].backend);
    for (size_t i = 0; i < b->unjudged_count; i++)
        free(b->unjudged[i].backend);
    free(b->items);
    free(b->unjudged);
    *b = (struct baseline){.count = 0};
}

bool difference_is_same(const struct difference *a, const struct difference *b)
{
    return a->kind == b->kind && a->rule == b->rule && strcmp(a->backend, b->backend) == 0 &&
           a->key.op == b->key.op && a->key.device == b->key.device &&
           strcmp(a->sites, b->sites) == 0 &&
           (!a->has_now || case_compare(&a->now, &b->now) == 0) &&
           (!a->has_before || case_compare(&a->before, &b->before) == 0);
}

unsigned baseline_cell(const struct baseline *b, const char *backend, enum copy_op op,
                       const char *contract)
{
    unsigned cell = 0;
    for (size_t i = 0; i < b->count; i++) {
        const struct difference *d = &b->items[i];
        if (d->key.op == op && strcmp(d->backend, backend) == 0 &&
            strcmp(d->key.contract, contract) == 0)
            cell |= CELL_CHANGED | (d->kind == DIFFERENCE_GONE ? 0u : (unsigned)CELL_WORSE);
    }
    return cell;
}
