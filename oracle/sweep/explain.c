// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "sweep/explain.h"

bool explain_wants_values(const struct check *check)
{
    bool rewrites = false;
    for (size_t i = 0; i < check->param_count; i++)
        rewrites |= check->params[i].within > 0;
    return rewrites || check->rule == RULE_TRANSIENT_VALUE || check->rule == RULE_DUPLICATE_STORE ||
           check->rule == RULE_OVERLAPPING_STORE;
}

bool explain_record(struct rig *rig, const struct copy_case *c, bool values)
{
    struct trace *t = &rig->trace;
    values |= c->op == OP_TO_FIFO;
    rig->layout.dst = NULL;
    rig->job->recorder->run(rig->recorder, rig->arena, c, values, &rig->layout, t);
    if (t->outcome == OUTCOME_REFUSED || t->outcome == OUTCOME_BROKEN)
        return false;
    shadow_build(rig->shadow, c, &rig->layout, t, rig->job->backend->result);
    rig_note_neighbours(rig, &rig->layout);
    if (values && shadow_needs_values(rig->shadow))
        shadow_build_values(rig->shadow, &rig->layout, t);
    return true;
}

void explain_check(struct rig *rig, const struct check *check, struct explanation *out)
{
    const struct rule_params *p = &check->params[0];
    out->count = 0;
    if (check->rule != RULE_DATA_DEPENDENT)
        p = check_broken(check, rig->shadow);
    out->again = p != NULL;
    if (!p)
        return;
    out->params = *p;
    rule_message(check->rule, rig->shadow, p, out->message, sizeof out->message);
    size_t count = rule_witness(check->rule, rig->shadow, p, out->accesses, out->capacity);
    out->count = count < out->capacity ? count : out->capacity;
}

void explain_end(struct rig *rig)
{
    bool wide = rig->trace.outcome != OUTCOME_RETURNED || rig->shadow->store_outside;
    if (rig->layout.dst)
        arena_clear(rig->arena, &rig->layout, wide);
}
