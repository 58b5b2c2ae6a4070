// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Depth first, the observer before the copy: who looks as often as possible finds what is
// wrong soonest.

#include "story/search.h"

#include "base/clock.h"

#include <string.h>

enum { CLOCK_EVERY = 1024 }; // interleavings between two looks at the clock

struct state {
    uint32_t done; // bit per piece
    size_t step;   // the observer's next
    unsigned taken, raised;
    uint8_t memory[THING_COUNT][THING_BYTES_MAX]; // enum byte_state
    uint8_t seen[THING_COUNT];                    // enum look, as last read
};

struct search {
    const struct observer *o;
    const struct pieces *p;
    struct search_limit *limit;
    struct search_result *out;
};

// ---- what is so ----

static enum look look_at(const struct search *s, const struct state *now, unsigned thing)
{
    static const enum look looks[] = {
        [BYTE_OLD] = LOOK_OLD,
        [BYTE_NEW] = LOOK_NEW,
        [BYTE_CLEARED] = LOOK_CLEARED,
        [BYTE_OTHER] = LOOK_MIXED,
    };
    const uint8_t *bytes = now->memory[thing];
    unsigned width = s->p->things[thing].width;
    if (width == 0)
        return LOOK_UNSEEN;
    for (unsigned i = 1; i < width; i++)
        if (bytes[i] != bytes[0])
            return LOOK_MIXED;
    return looks[bytes[0]];
}

// LOOKS: of each thing, what condition it is in.
static bool holds(const struct condition *c, const struct state *now,
                  const uint8_t looks[THING_COUNT])
{
    for (unsigned thing = 0; thing < THING_COUNT; thing++)
        if (c->looks[thing] && !(c->looks[thing] >> looks[thing] & 1))
            return false;
    return (!c->counts_taken || c->taken == now->taken) &&
           (!c->counts_raised || c->raised == now->raised);
}

static bool holds_in_memory(const struct search *s, const struct condition *c,
                            const struct state *now)
{
    uint8_t looks[THING_COUNT];
    for (unsigned thing = 0; thing < THING_COUNT; thing++)
        looks[thing] = (uint8_t)look_at(s, now, thing);
    return holds(c, now, looks);
}

static const struct observer_bad *find_bad(const struct search *s, const struct state *now)
{
    for (size_t i = 0; i < s->o->bad_count; i++)
        if (holds(&s->o->bads[i].when, now, now->seen))
            return &s->o->bads[i];
    return NULL;
}

// ---- what happens ----

// Writes zeros to a thing, and to what others have of it.
static void clear_thing(const struct search *s, struct state *now, unsigned cleared)
{
    const struct window *w = &s->p->things[cleared];
    for (unsigned thing = 0; thing < THING_COUNT; thing++) {
        for (unsigned i = 0; i < s->p->things[thing].width; i++) {
            uint64_t addr = s->p->things[thing].lo + i;
            if (addr >= w->lo && addr < w->lo + w->width)
                now->memory[thing][i] = BYTE_CLEARED;
        }
    }
}

static void act(const struct search *s, const struct observer_step *step, struct state *now)
{
    for (unsigned thing = 0; thing < THING_COUNT; thing++)
        if (step->reads >> thing & 1)
            now->seen[thing] = (uint8_t)look_at(s, now, thing);
    for (unsigned thing = 0; thing < THING_COUNT; thing++)
        if (step->clears >> thing & 1)
            clear_thing(s, now, thing);
    now->taken += step->take;
    now->raised += step->raise;
}

// Gives whether the observer reacts.
static bool land(const struct search *s, size_t index, struct state *now)
{
    const struct piece *piece = &s->p->items[index];
    const struct observer *o = s->o;
    bool reacts = o->reacts && piece->touches >> THING_ELEMENT & 1 &&
                  holds_in_memory(s, &o->reaction.when, now);
    if (reacts)
        act(s, &o->reaction, now);
    for (unsigned thing = 0; thing < THING_COUNT; thing++)
        for (unsigned i = 0; i < s->p->things[thing].width; i++)
            if (piece->bytes[thing] >> i & 1)
                now->memory[thing][i] = piece->states[thing][i];
    now->done |= 1u << index;
    return reacts;
}

static bool can_step(const struct search *s, const struct state *now)
{
    return now->step < s->o->step_count && holds_in_memory(s, &s->o->steps[now->step].when, now);
}

static void take_step(const struct search *s, struct state *now)
{
    act(s, &s->o->steps[now->step], now);
    now->step++;
    if (s->o->repeats && now->step == s->o->step_count)
        now->step = 0;
}

// ---- the search ----

static bool may_go_on(struct search *s)
{
    struct search_limit *l = s->limit;
    if (l->interleavings > 0 && l->interleavings % CLOCK_EVERY == 0 &&
        clock_now_ms() >= l->until_ms)
        l->interleavings = 0;
    if (l->interleavings == 0 || s->out->event_count == EVENTS_MAX)
        s->out->cut = true;
    return !s->out->cut;
}

// The interleaving at hand has come to its end.
static void count_one(struct search *s)
{
    s->limit->interleavings -= s->limit->interleavings > 0;
    s->out->interleavings++;
}

static bool explore(struct search *s, const struct state *now);

// Goes on after an event that has led to NEXT.
static bool follow(struct search *s, struct search_event event, const struct state *next)
{
    struct search_result *out = s->out;
    out->events[out->event_count++] = event;
    out->bad = find_bad(s, next);
    if (out->bad) {
        count_one(s);
        return true;
    }
    bool found = explore(s, next);
    out->event_count -= !found;
    return found;
}

static bool explore(struct search *s, const struct state *now)
{
    bool moved = false;
    if (!may_go_on(s))
        return false;
    if (can_step(s, now)) {
        struct state next = *now;
        take_step(s, &next);
        moved = true;
        if (follow(s, (struct search_event){true, false, (uint8_t)now->step, now->taken}, &next))
            return true;
    }
    for (size_t i = 0; i < s->p->count && !s->out->cut; i++) {
        if (now->done >> i & 1 || s->p->items[i].before & ~now->done)
            continue;
        struct state next = *now;
        bool reacts = land(s, i, &next);
        moved = true;
        if (follow(s, (struct search_event){false, reacts, (uint8_t)i, now->taken}, &next))
            return true;
    }
    if (!moved)
        count_one(s);
    return false;
}

void search_run(const struct observer *o, const struct pieces *p, struct search_limit *limit,
                struct search_result *out)
{
    struct search s = {.o = o, .p = p, .limit = limit, .out = out};
    struct state start = {.done = 0};
    memset(start.seen, LOOK_UNSEEN, sizeof start.seen);
    *out = (struct search_result){.found = false};
    out->found = explore(&s, &start);
    out->cut |= p->too_many && !out->found;
}
