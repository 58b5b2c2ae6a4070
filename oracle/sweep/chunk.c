// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "sweep/chunk.h"

#include "base/clock.h"
#include "sweep/worker.h"

enum {
    // Cases after which the clock is looked at: a slow recorder takes milliseconds each.
    CLOCK_CASES = 16,
    // A chunk's time: long against a message to the parent, short against what
    // a person notices.
    CHUNK_NS = 20 * 1000 * 1000,
};

enum chunk_end { CHUNK_DONE, CHUNK_DISTRUSTED, CHUNK_UNCLEAN };

// The case at hand and the one after it, whose bytes are fetched in the meantime.
struct ahead {
    struct rig *rig;
    uint64_t next; // 1 + the index that the other one is of; 0: none
    struct planned {
        struct copy_case c;
        bool is_case;
    } cases[2];
};

static void look_ahead(struct ahead *a, uint64_t k)
{
    struct planned *p = &a->cases[k % 2];
    p->is_case = plan_case(a->rig->job->plan, k, &p->c);
    if (p->is_case)
        arena_expect(a->rig->arena, &p->c);
    a->next = k + 1;
}

// Case K of those up to HI; NULL where the plan leaves it out.
static const struct copy_case *ahead_case(struct ahead *a, uint64_t k, uint64_t hi)
{
    if (a->next != k + 1)
        look_ahead(a, k);
    if (k + 1 < hi)
        look_ahead(a, k + 1);
    const struct planned *p = &a->cases[k % 2];
    return p->is_case ? &p->c : NULL;
}

static enum chunk_end chunk_once(struct rig *rig, uint64_t id, uint64_t lo, uint64_t hi,
                                 struct worker_slot *slot)
{
    uint64_t started = clock_now_ns(), batch = 0, bytes = 0;
    struct ahead ahead = {.rig = rig};
    rig_reset(rig, id, lo);
    for (uint64_t k = lo; k < hi; k++) {
        atomic_store_explicit(&slot->at, k, memory_order_relaxed);
        if (atomic_load_explicit(&slot->stop, memory_order_relaxed))
            break;
        rig->result->end = k + 1;
        const struct copy_case *c = ahead_case(&ahead, k, hi);
        if (!c) {
            rig->result->left_out++;
            continue;
        }
        rig_expect(rig, k, hi);
        struct case_outcome o = rig_case(rig, c);
        if (rig->distrusted) {
            rig_report_alone(rig, id, k, c);
            return CHUNK_DISTRUSTED;
        }
        rig_count(rig, c, o);
        rig_count_broken(rig, c);
        bytes += c->size;
        bool look = ++batch % RIG_BATCH_CASES == 0 || bytes >= RIG_BATCH_BYTES ||
                    rig->trace.outcome != OUTCOME_RETURNED;
        if (look && !arena_was_clean(rig->arena))
            return CHUNK_UNCLEAN;
        bytes = look ? 0 : bytes;
        if ((look || batch % CLOCK_CASES == 0) && clock_now_ns() - started > CHUNK_NS)
            break;
    }
    return arena_was_clean(rig->arena) ? CHUNK_DONE : CHUNK_UNCLEAN;
}

// The arena was found changed, and looking again after each case did not show
// which one did it: the last case stands for the chunk, which is not vouched for.
static void blame_last(struct rig *rig)
{
    struct copy_case c;
    for (uint64_t k = rig->result->end; k-- > rig->result->lo;) {
        if (!plan_case(rig->job->plan, k, &c))
            continue;
        rig->result->judged--;
        if (rig->charts)
            rig->charts[rig->job->judge->count]
                .cases[chart_row(c.size)][c.dst_off % CHART_COLUMNS]--;
        rig_count_unrecorded(rig, &c);
        return;
    }
}

void chunk_run(struct rig *rig, uint64_t id, uint64_t lo, uint64_t hi, struct worker_slot *slot)
{
    rig->careful = false;
    rig->layout.dst = NULL;
    if (chunk_once(rig, id, lo, hi, slot) != CHUNK_UNCLEAN)
        return;

    // Some case stored where no record says so. Find it by looking after each.
    uint64_t end = rig->result->end;
    rig->careful = true;
    rig_renew_arena(rig);
    enum chunk_end how = chunk_once(rig, id, lo, end, slot);
    // When the time of a chunk ran out before, the rest comes in another one.
    bool all = how != CHUNK_DISTRUSTED && rig->result->end == end;
    if (all && rig->result->broken == 0 && rig->result->judged > 0)
        blame_last(rig);
    if (how == CHUNK_UNCLEAN)
        rig_renew_arena(rig);
}
