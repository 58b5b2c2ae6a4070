// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "story/story.h"

#include "base/clock.h"
#include "base/memory.h"
#include "story/search.h"
#include "story/tell.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Of one story: the elements of a witness are few, and each takes some ten interleavings.
enum { INTERLEAVINGS_MAX = 1000000, SEARCH_MS = 1000 };

const char *const story_outcome_name[STORY_OUTCOME_COUNT] = {"told", "none", "cut", "not-searched"};

void story_free(struct story *s)
{
    for (size_t i = 0; s && i < s->step_count; i++)
        free(s->steps[i]);
    free(s);
}

static struct story *not_searched(const char *why)
{
    struct story *s = must(calloc(1, sizeof *s));
    s->outcome = STORY_NOT_SEARCHED;
    snprintf(s->reason, sizeof s->reason, "%s", why);
    return s;
}

// ---- what a contract says ----

static const struct contract_rule *rule_row(const struct contract *c, enum rule_id rule,
                                            enum device_side device)
{
    for (size_t i = 0; i < c->rule_count; i++)
        if (c->rules[i].rule == rule && contract_rule_applies(&c->rules[i], device))
            return &c->rules[i];
    return NULL;
}

bool story_is_promised(const struct observer *o, const struct contract *contract,
                       enum device_side device, enum copy_op op)
{
    if (o->rules & rules_not_asked(op))
        return false;
    for (uint64_t rules = o->rules; rules; rules &= rules - 1) {
        const struct contract_rule *row =
            rule_row(contract, (enum rule_id)__builtin_ctzll(rules), device);
        if (!row || row->params.request != REQUEST_ANY)
            return false;
    }
    return true;
}

unsigned story_width(const struct contract *contract, enum device_side device,
                     enum device_side side)
{
    enum rule_id rule = side == DEVICE_DST ? RULE_TORN_ELEMENT : RULE_TORN_LOAD;
    const struct contract_rule *row = rule_row(contract, rule, device);
    if (!row || row->params.request != REQUEST_ANY || row->params.record.bytes > 0)
        return 1;
    return row->params.max ? row->params.max : 8;
}

// Who looks, by the contract: a CPU at RAM where it says nothing.
static struct order_view view_of(const struct observer *o, const struct contract *contract,
                                 enum device_side device)
{
    bool store = o->side == DEVICE_DST;
    enum access_kind kind = store ? ACCESS_STORE : ACCESS_LOAD;
    const struct contract_rule *row =
        rule_row(contract, store ? RULE_UNORDERED_STORE : RULE_UNORDERED_LOAD, device);
    return row ? rule_order_view(kind, &row->params) : (struct order_view){.kind = kind};
}

// ---- one observer ----

static unsigned things_of_condition(const struct condition *c)
{
    unsigned things = 0;
    for (unsigned i = 0; i < THING_COUNT; i++)
        things |= (c->looks[i] ? 1u : 0u) << i;
    return things;
}

static unsigned things_of_step(const struct observer_step *step)
{
    return step->reads | step->clears | things_of_condition(&step->when);
}

// Bits of the things that an observer has to do with.
static unsigned things_of(const struct observer *o)
{
    unsigned things = 1u << THING_ELEMENT | things_of_step(&o->reaction);
    for (size_t i = 0; i < o->step_count; i++)
        things |= things_of_step(&o->steps[i]);
    for (size_t i = 0; i < o->bad_count; i++)
        things |= things_of_condition(&o->bads[i].when);
    return things;
}

static void place_things(const struct visible *v, unsigned things, uint64_t lo, unsigned width,
                         struct window out[THING_COUNT])
{
    uint64_t end = v->base + v->size;
    const struct window at[THING_COUNT] = {
        [THING_ELEMENT] = {lo, width},
        [THING_FIRST] = {v->base, 1},
        [THING_LAST] = {end - 1, 1},
        [THING_NEXT] = {lo + width, end - (lo + width) >= width ? width : 0},
    };
    for (unsigned i = 0; i < THING_COUNT; i++)
        out[i] = things >> i & 1 ? at[i] : (struct window){0};
}

struct look_round {
    const struct observer *o;
    const struct visible *v;
    struct search_limit limit;
    struct story *story;
    bool blames_all; // goes wrong with a copy that stores each element once, too
};

static bool blames_ideal(const struct observer *o, const struct pieces *p)
{
    struct pieces ideal = *p;
    struct search_limit limit = {INTERLEAVINGS_MAX, clock_now_ms() + SEARCH_MS};
    struct search_result result;
    pieces_ideal(&ideal);
    search_run(o, &ideal, &limit, &result);
    return result.found || result.cut;
}

static bool is_out_of_time(struct look_round *round)
{
    if (round->limit.interleavings > 0 && clock_now_ms() < round->limit.until_ms)
        return false;
    round->story->outcome = STORY_CUT;
    return true;
}

// True when there is a story to tell, or no more to search.
static bool look_at_element(struct look_round *round, uint64_t lo, unsigned width)
{
    struct story *s = round->story;
    struct pieces pieces;
    struct search_result result;
    place_things(round->v, things_of(round->o), lo, width, pieces.things);
    pieces_find(round->v, &pieces);
    search_run(round->o, &pieces, &round->limit, &result);
    s->interleavings += result.interleavings;
    if (result.cut)
        s->outcome = STORY_CUT;
    if (!result.found)
        return is_out_of_time(round);
    if (blames_ideal(round->o, &pieces))
        return round->blames_all = true;
    s->offset = lo - round->v->base;
    s->width = width;
    story_tell(round->o, round->v, &pieces, &result, s);
    return true;
}

static bool look_at_width(struct look_round *round, unsigned width)
{
    const struct visible *v = round->v;
    uint64_t lo = (v->base + width - 1) & ~(uint64_t)(width - 1);
    for (; lo + width <= v->base + v->size; lo += width)
        if (look_at_element(round, lo, width))
            return true;
    return false;
}

static void look_at_all(struct look_round *round, unsigned width_max)
{
    const struct observer *o = round->o;
    for (size_t i = 0; i < o->width_count; i++)
        if (o->widths[i] <= width_max && look_at_width(round, o->widths[i]))
            return;
}

static const char *why_not(const struct observer *o, const struct copy_case *c,
                           const struct recording *r)
{
    if (!r->trace.sites || r->trace.outcome != OUTCOME_RETURNED)
        return "the case did not return";
    if (op_has_fifo(c->op))
        return "what goes through a FIFO's one address has no elements to watch";
    if (o->side == DEVICE_SRC && r->trace.loads_unseen)
        return "the recorder sees no loads";
    return NULL;
}

struct story *story_look(const struct observer *o, const struct contract *contract,
                         enum device_side device, unsigned width_max, const struct copy_case *c,
                         const struct recording *r)
{
    struct visible v;
    const char *why = why_not(o, c, r);
    struct story *s = not_searched(why ? why : "");
    snprintf(s->observer, sizeof s->observer, "%s", o->name);
    if (why)
        return s;
    visible_find(&v, c, r, view_of(o, contract, device));
    struct look_round round = {
        .o = o,
        .v = &v,
        .limit = {INTERLEAVINGS_MAX, clock_now_ms() + SEARCH_MS},
        .story = s,
    };
    s->side = o->side;
    s->outcome = v.too_many ? STORY_CUT : STORY_NONE;
    look_at_all(&round, width_max);
    if (round.blames_all) {
        s->outcome = STORY_NOT_SEARCHED;
        snprintf(s->reason, sizeof s->reason,
                 "a copy that %s each element once ends as badly for %s",
                 o->side == DEVICE_DST ? "stores" : "loads", o->name);
    }
    visible_free(&v);
    return s;
}

// ---- a finding ----

// Of several that found nothing: what they did together.
static struct story *join(struct story *all, struct story *one)
{
    if (!all || one->outcome == STORY_TOLD) {
        if (all)
            one->interleavings += all->interleavings;
        story_free(all);
        return one;
    }
    size_t used = strlen(all->observer);
    snprintf(all->observer + used, sizeof all->observer - used, ", %s", one->observer);
    all->interleavings += one->interleavings;
    if (all->outcome == STORY_NONE || one->outcome == STORY_NOT_SEARCHED) {
        all->outcome = one->outcome;
        memcpy(all->reason, one->reason, sizeof all->reason);
    }
    story_free(one);
    return all;
}

struct story *story_of(const struct observer *named, enum rule_id rule,
                       const struct contract *contract, enum device_side device,
                       const struct copy_case *c, const struct recording *r)
{
    struct story *all = NULL;
    if (named) {
        unsigned width = story_width(contract, device, named->side);
        return story_look(named, contract, device, width > 1 ? width : 8, c, r);
    }
    for (size_t i = 0; i < observer_builtin_count && !(all && all->outcome == STORY_TOLD); i++) {
        const struct observer *o = observer_builtin(i);
        if (!((o->rules | o->also) >> rule & 1) || !story_is_promised(o, contract, device, c->op))
            continue;
        unsigned width = story_width(contract, device, o->side);
        all = join(all, story_look(o, contract, device, width, c, r));
    }
    return all ? all : not_searched("no built-in observer is about this rule");
}
