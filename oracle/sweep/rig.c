// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "sweep/rig.h"

#include "backends/arch.h"
#include "record/confine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char unrecorded_store[] = "bytes of the arena changed without a recorded store";
static const char does_not_repeat[] = "the routine does not repeat itself: the same case gave "
                                      "two different traces";
static const char loads_unseen[] = "its stores were judged, but not its loads: this QEMU does not "
                                   "report those of some of its instructions";

static struct arena *new_arena(const struct job *job)
{
    struct arena *arena = arena_new();
    if (arena)
        arena_set_order(arena, job->backend->arch && job->backend->arch->big_endian);
    return arena;
}

bool rig_open(struct rig *rig, const struct job *job, struct error *error)
{
    memset(rig, 0, sizeof *rig);
    rig->job = job;
    trace_init(&rig->trace);
    trace_init(&rig->other_trace);
    const char *lacks = recorder_lacks(job->recorder, job->backend);
    if (job->backend->call && lacks)
        return error_set(error, "%s", lacks);
    if (!job->recorder->elsewhere) {
        if (!routine_load(job->backend, &rig->routine, error))
            return false;
        confine_reset_signals(); // constructors have run
    }
    struct recorder_options options = job->recorder_options;
    options.call = job->backend->call;
    rig->recorder = job->recorder->open(&rig->routine, job->backend->arg4, &options, error);
    if (!rig->recorder)
        return false;
    rig->result_bytes = chunk_result_size(job);
    rig->result = calloc(1, rig->result_bytes);
    rig->broken = calloc(job->judge ? job->judge->count + 1 : 1, sizeof *rig->broken);
    rig->charts = rig->result ? chunk_result_charts(job, rig->result) : NULL;
    rig->arena = new_arena(job);
    rig->shadow = shadow_new();
    if (rig->shadow)
        rig->shadow->loads_may_tear = job->judge && !(job->judge->rules >> RULE_TORN_LOAD & 1);
    if (rig->shadow)
        rig->shadow->asks_rewrites = job->judge && job->judge->rewrites;
    // Where cases come in no order one is seldom like another. The variable is for tests: both
    // ways have to come to the same.
    bool remembers = job->judge && job->plan && !getenv("STORESCOPE_JUDGE_ANEW");
    rig->cache = remembers ? judge_cache_new(job->judge) : NULL;
    if (rig->result && rig->broken && rig->arena && rig->shadow && (rig->cache || !remembers))
        return true;
    return error_set(error, "no memory for the arena: %s", strerror(errno));
}

static void reason_note(struct reason *reason, const struct copy_case *c, const char *text)
{
    if (reason->text[0] && case_compare(c, &reason->c) >= 0)
        return;
    reason->c = *c;
    snprintf(reason->text, sizeof reason->text, "%s", text[0] ? text : "no reason given");
}

static struct case_outcome judged(enum stored stored)
{
    return (struct case_outcome){.end = CASE_JUDGED, .stored = stored};
}

static struct case_outcome broken(const char *why)
{
    return (struct case_outcome){.end = CASE_BROKEN, .why = why};
}

static struct case_outcome skipped(const char *why)
{
    return (struct case_outcome){.end = CASE_SKIPPED, .why = why};
}

void rig_count(struct rig *rig, const struct copy_case *c, struct case_outcome o)
{
    struct chunk_result *r = rig->result;
    if (o.end == CASE_BROKEN) {
        r->broken++;
        reason_note(&r->broken_reason, c, o.why);
        return;
    }
    r->timeouts += rig->trace.outcome == OUTCOME_TIMED_OUT;
    if (o.end == CASE_SKIPPED) {
        r->skipped++;
        reason_note(&r->skip_reason, c, o.why);
    } else {
        r->judged++;
        r->stored[o.stored]++;
        if (rig->charts)
            chart_add(&rig->charts[rig->job->judge->count], c);
    }
}

void rig_count_unrecorded(struct rig *rig, const struct copy_case *c)
{
    rig_count(rig, c, broken(unrecorded_store));
}

static bool holds(struct span s, struct span part)
{
    return part.lo >= s.lo && part.hi <= s.hi;
}

// Did a run that is not judged store where it may have changed this process? As
// shadow.wild_store, which takes a whole trace.
static bool stored_wildly(const struct layout *l, const struct trace *t)
{
    for (size_t i = 0; i < t->count; i++) {
        struct span at = access_span(&t->accesses[i]);
        bool known =
            t->accesses[i].kind != ACCESS_STORE || at.lo == at.hi || holds(t->stack, at) ||
            (l->dst && (holds(l->dst_lane, at) || holds(l->src_lane, at) || holds(l->record, at)));
        for (size_t k = 0; k < t->image_count && !known; k++)
            known = holds(t->images[k], at);
        if (!known)
            return true;
    }
    return false;
}

// Is there a trace to judge? What a recorder cannot vouch for may have been the
// routine writing over the recorder, so this process goes then as well.
static struct case_outcome outcome_of(struct rig *rig, const struct layout *l,
                                      const struct trace *t)
{
    if (t->outcome == OUTCOME_BROKEN) {
        rig->distrusted = true;
        return broken(t->reason);
    }
    if (t->outcome == OUTCOME_REFUSED) {
        rig->distrusted = stored_wildly(l, t);
        return skipped(t->reason);
    }
    return judged(STORED_NOT_ASKED);
}

// Did the run that the shadow is of leave bytes beyond the destination to put
// back? Of a routine that did not return it is not known how far it came.
static bool is_wide(const struct shadow *s)
{
    return s->trace->outcome != OUTCOME_RETURNED || s->store_outside;
}

void rig_renew_arena(struct rig *rig)
{
    arena_free(rig->arena);
    rig->arena = new_arena(rig->job);
    if (!rig->arena)
        abort();
    rig->layout.dst = NULL;
}

// After a run that gave no trace.
static void clear_unjudged(struct rig *rig, const struct layout *layout)
{
    if (layout->dst && !rig->distrusted)
        arena_clear(rig->arena, layout, true);
}

static void record(struct rig *rig, const struct copy_case *c, bool values, bool fold,
                   struct layout *layout, struct trace *t)
{
    const struct recorder_kind *kind = rig->job->recorder;
    layout->dst = NULL; // a recorder that refuses lays nothing out
    (fold ? kind->fold : kind->run)(rig->recorder, rig->arena, c, values, layout, t);
}

// Did the last access of a case that faulted not happen, since it is what
// faulted? An address that is not canonical faults without being reported.
static bool last_did_not_happen(const struct trace *t)
{
    if (t->outcome != OUTCOME_FAULTED || t->count == 0)
        return false;
    const struct access *last = &t->accesses[t->count - 1];
    struct span at = access_span(last);
    bool faulted = t->fault_addr >= at.lo && t->fault_addr < at.hi;
    return last->count == 1 && (faulted || at.lo >> 47 != 0);
}

void rig_note_neighbours(struct rig *rig, const struct layout *layout)
{
    struct shadow *s = rig->shadow;
    if (s->asks_rewrites && s->store_outside && !s->wild_store)
        shadow_neighbours(s, arena_is_clean_near(rig->arena, layout));
}

// Builds the shadow of the case just recorded. False: the routine stored where
// it may have changed this process. A wild store that faulted changed nothing:
// it is a crash, and no store.
static bool shadow_take(struct rig *rig, const struct copy_case *c, const struct layout *layout,
                        struct trace *t)
{
    struct shadow *s = rig->shadow;
    shadow_build(s, c, layout, t, rig->job->backend->result);
    rig_note_neighbours(rig, layout);
    if (!s->wild_store || !last_did_not_happen(t))
        return !s->wild_store;
    t->count--;
    shadow_build(s, c, layout, t, rig->job->backend->result);
    rig_note_neighbours(rig, layout);
    t->count++;
    return !s->wild_store;
}

// Looks at the arena after a case, which stored beyond the destination if WIDE.
static bool arena_is_as_recorded(struct rig *rig, bool wide)
{
    bool near = wide || arena_is_clean_near(rig->arena, &rig->layout);
    if (near && !wide && !rig->careful) {
        arena_leave(rig->arena, &rig->layout);
        return true;
    }
    arena_clear(rig->arena, &rig->layout, wide || !near);
    if (near && (!rig->careful || arena_is_clean(rig->arena, &rig->layout)))
        return true;
    if (near)
        rig_renew_arena(rig);
    return false;
}

// The case again, with the bytes of every store.
static struct case_outcome take_values(struct rig *rig, const struct copy_case *c)
{
    const struct trace *valued = &rig->other_trace;
    record(rig, c, true, false, &rig->other_layout, &rig->other_trace);
    struct case_outcome o = outcome_of(rig, &rig->other_layout, valued);
    if (o.end != CASE_JUDGED) {
        clear_unjudged(rig, &rig->other_layout);
        return o;
    }
    bool repeats = valued->outcome == rig->trace.outcome;
    if (repeats) {
        shadow_build_values(rig->shadow, &rig->other_layout, valued);
        repeats = !rig->shadow->values_differ;
    }
    // What the second run stored is known to be what the first did only if the
    // two agree.
    arena_clear(rig->arena, &rig->other_layout, !repeats || rig->shadow->store_outside);
    return repeats ? o : broken(does_not_repeat);
}

// DIFFERS: the routine does something else with other bytes.
static struct case_outcome run_with_fill(struct rig *rig, const struct copy_case *c, uint64_t fill,
                                         bool *differs)
{
    struct copy_case *other = &rig->other_case;
    struct trace *t = &rig->other_trace;
    *other = *c;
    other->data = DATA_OF_SEED;
    other->fill = fill;
    record(rig, other, false, false, &rig->other_layout, &rig->other_trace);
    struct case_outcome o = outcome_of(rig, &rig->other_layout, t);
    if (o.end != CASE_JUDGED) {
        clear_unjudged(rig, &rig->other_layout);
        return o;
    }
    *differs = t->outcome != rig->trace.outcome ||
               rule_traces_differ(&rig->trace, &rig->layout, t, &rig->other_layout);
    rig->distrusted = !shadow_take(rig, other, &rig->other_layout, t);
    if (!rig->distrusted)
        arena_clear(rig->arena, &rig->other_layout, is_wide(rig->shadow));
    return o;
}

void rig_count_broken(struct rig *rig, const struct copy_case *c)
{
    for (size_t i = 0; i < rig->broken_count; i++) {
        tally_add(&rig->result->tallies[rig->broken[i]], c);
        if (rig->charts)
            chart_add(&rig->charts[rig->broken[i]], c);
    }
}

// SO_FAR is what the case is so far, and stays where its data make no trouble.
static struct case_outcome judge_data(struct rig *rig, const struct copy_case *c,
                                      struct case_outcome so_far)
{
    const struct judge *j = rig->job->judge;
    bool differs = false;
    if (j->data_dependent == j->count || rig->trace.outcome != OUTCOME_RETURNED)
        return so_far;
    struct case_outcome o = run_with_fill(rig, c, c->fill + 1, &differs);
    // Equal data is what a routine that compares before it stores looks for.
    if (o.end == CASE_JUDGED && !differs && c->fill != 0 && !rig->distrusted)
        o = run_with_fill(rig, c, 0, &differs);
    if (o.end != CASE_JUDGED)
        return o;
    if (differs)
        rig->broken[rig->broken_count++] = (uint16_t)j->data_dependent;
    return so_far;
}

// A case like one before comes to the same. False: it is not like one.
static bool judge_by_cache(struct rig *rig, const struct copy_case *c, struct case_outcome *out)
{
    // What a FIFO was given depends on more than where it was given.
    if (!rig->cache || op_has_fifo(c->op))
        return false;
    const struct cached_verdict *known =
        judge_cache_recall(rig->cache, c, &rig->layout, &rig->trace, rig->job->backend->result);
    if (!known) {
        if (!rig->trace.log.words)
            judge_cache_stage(rig->cache, NULL, NULL, c, &rig->layout, &rig->trace);
        return false;
    }
    rig->again = known->again;
    if (!arena_is_as_recorded(rig, false)) {
        *out = broken(unrecorded_store);
        return true;
    }
    rig->broken_count = known->count;
    memcpy(rig->broken, known->broken, known->count * sizeof *known->broken);
    *out = judge_data(rig, c, judged(known->stored));
    return true;
}

// Does it matter what bytes held that were stored again? Of a FIFO it always does.
static bool wants_values(const struct rig *rig, const struct copy_case *c)
{
    return rig->job->judge->values || c->op == OP_TO_FIFO;
}

// Where the case is one whose log may tell all: what a FIFO was given depends on more than
// where it was given, and edges are counted as the log is read.
static bool may_fold(const struct rig *rig, const struct copy_case *c)
{
    const struct judge *j = rig->job->judge;
    return rig->cache && rig->job->recorder->fold && !op_has_fifo(c->op) && !rig->edges &&
           j->data_dependent == j->count;
}

// A folded case that is like none before is made into accesses. False: OUT is what becomes
// of it.
static bool unfold(struct rig *rig, const struct copy_case *c, struct case_outcome *out)
{
    struct trace *t = &rig->trace;
    rig->job->recorder->unfold(rig->recorder, t);
    *out = outcome_of(rig, &rig->layout, t);
    if (out->end != CASE_JUDGED) {
        clear_unjudged(rig, &rig->layout);
        return false;
    }
    bool known =
        judge_cache_stage(rig->cache, rig->job->recorder, rig->recorder, c, &rig->layout, t);
    t->log.words = NULL;
    // By its accesses, where its log alone does not tell.
    return known || !judge_by_cache(rig, c, out);
}

static struct case_outcome judge_by_shadow(struct rig *rig, const struct copy_case *c)
{
    struct shadow *s = rig->shadow;
    rig->distrusted = !shadow_take(rig, c, &rig->layout, &rig->trace);
    rig->again = s->stores.any_again;
    if (!rig->distrusted) {
        if (!arena_is_as_recorded(rig, is_wide(s)))
            return broken(unrecorded_store);
        if (wants_values(rig, c) && rig->trace.outcome == OUTCOME_RETURNED &&
            shadow_needs_values(s)) {
            struct case_outcome o = take_values(rig, c);
            if (o.end != CASE_JUDGED)
                return o;
        }
    }
    struct case_outcome o = judged(judge_cache_stored(s));
    rig->broken_count = judge_case(rig->job->judge, s, rig->broken);
    if (rig->distrusted)
        return o;
    if (rig->cache && !op_has_fifo(c->op))
        judge_cache_keep(rig->cache, s, rig->broken, rig->broken_count);
    return judge_data(rig, c, o);
}

void rig_expect(struct rig *rig, uint64_t k, uint64_t hi)
{
    const struct job *job = rig->job;
    struct copy_case cases[RIG_BATCH_CASES];
    size_t count = 0;
    bool told = k >= rig->expected_lo && k < rig->expected_hi;
    if (!job->recorder->expect || rig->careful || told)
        return;
    rig->expected_lo = k;
    while (k < hi && count < RIG_BATCH_CASES)
        count += plan_case(job->plan, k++, &cases[count]);
    rig->expected_hi = k;
    job->recorder->expect(rig->recorder, rig->arena, cases, count, job->judge->values);
}

// Where the case before needed values this one mostly does too: then they are
// recorded at once, and not in a second run. A recorder that runs cases ahead has them.
struct case_outcome rig_case(struct rig *rig, const struct copy_case *c)
{
    bool likely = rig->again || c->op == OP_TO_FIFO || rig->job->recorder->expect;
    bool values = likely && wants_values(rig, c);
    rig->broken_count = 0;
    if (rig->edges)
        rig->job->recorder->count_edges(rig->recorder, rig->edges, rig->edge_count);
    record(rig, c, values, may_fold(rig, c), &rig->layout, &rig->trace);
    if (rig->edges)
        rig->job->recorder->count_edges(rig->recorder, NULL, 0);
    struct case_outcome o = outcome_of(rig, &rig->layout, &rig->trace);
    if (o.end != CASE_JUDGED)
        clear_unjudged(rig, &rig->layout);
    else if (!judge_by_cache(rig, c, &o) && (!rig->trace.log.words || unfold(rig, c, &o)))
        o = judge_by_shadow(rig, c);
    // What it breaks of the other rules is found all the same.
    bool unseen = rig->trace.loads_unseen && rig->job->judge->loads;
    return unseen && o.end == CASE_JUDGED ? skipped(loads_unseen) : o;
}

void rig_reset(struct rig *rig, uint64_t id, uint64_t lo)
{
    size_t head = offsetof(struct chunk_result, tallies);
    chunk_result_reset(rig->result, id, lo);
    memset((uint8_t *)rig->result + head, 0, rig->result_bytes - head);
}

void rig_report_alone(struct rig *rig, uint64_t id, uint64_t index, const struct copy_case *c)
{
    const struct trace *t = &rig->trace;
    struct case_outcome o;
    if (t->outcome == OUTCOME_BROKEN)
        o = broken(t->reason);
    else if (t->outcome == OUTCOME_REFUSED)
        o = skipped(t->reason);
    else if (!rig->shadow->wild_store)
        o = broken(rig->other_trace.reason);
    else
        o = judged(judge_cache_stored(rig->shadow));
    rig_reset(rig, id, index);
    rig->result->end = index + 1;
    rig->result->distrusted = 1;
    rig->broken_count = 0;
    rig_count(rig, c, o);
    if (o.end != CASE_JUDGED)
        return;
    rig->broken_count = judge_case(rig->job->judge, rig->shadow, rig->broken);
    rig_count_broken(rig, c);
}

// Is the arena as it must be, looked at often enough?
static bool rig_is_clean(struct rig *rig, const struct copy_case *c)
{
    rig->batch_bytes += c->size;
    if (!rig->careful && ++rig->batch % RIG_BATCH_CASES != 0 &&
        rig->batch_bytes < RIG_BATCH_BYTES && rig->trace.outcome == OUTCOME_RETURNED)
        return true;
    rig->batch_bytes = 0;
    return arena_was_clean(rig->arena);
}

void rig_judge(struct rig *rig, const struct copy_case *c)
{
    chunk_result_reset(rig->result, 0, 0);
    rig->result->end = 1;
    struct case_outcome o = rig_case(rig, c);
    bool clean = rig->distrusted || rig_is_clean(rig, c);
    if (rig->distrusted)
        rig_report_alone(rig, 0, 0, c);
    else
        rig_count(rig, c, o);
    if (clean)
        return;
    // This case, or one of the last some: from now on each is looked at.
    chunk_result_reset(rig->result, 0, 0);
    rig->result->end = 1;
    rig->broken_count = 0;
    rig_count_unrecorded(rig, c);
    rig->careful = true;
    rig_renew_arena(rig);
}
