// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// By induction over the turns. The state at the loop's head after k turns is guessed from what
// the first turn changes: registers that moved by a constant move by it each time, what else
// changed is anything. So are conditions that held in each turn so far, from what the first two
// turns decided. One turn from that state, for every k at once, has to lead to the same for
// k + 1, and to nothing else; what does not is left out of the guess, until all of it holds. The
// conditions have to end the loop.

#include "prove/exploring.h"

#include <stdlib.h>
#include <string.h>

// Of a turn: a loop of 64 turns within it, of 64 instructions each, is part of some libcs' copies.
enum { LEAPS_MAX = 512, STEPS_MAX = 16384 };
enum { ROUNDS_MAX = 12, CANDIDATES_MAX = 48, WAYS_MAX = 64 };

// A condition of each turn, that its number is in.
struct candidate {
    struct claim claim; // of turn k
    bool out;
};

struct looping {
    struct exploration *e;
    const struct setting *setting;
    struct pool *pool;
    const struct trail *trail;
    const struct state *start, *after; // the first turn's
    const struct form *k;              // turns that were made
    const struct atom *k_atom;
    struct candidate candidates[CANDIDATES_MAX];
    size_t candidate_count;
    bool reg_is_any[GPRS], vector_is_any[VECTORS];
    const char *why; // nothing came of it
    uint64_t within; // head of a loop that a turn goes through any number of times
    bool few;
};

// ---- which loop ----

// The jumps since the head was last gone through, up to the one that has led there again.
static const struct trail *find_trail(struct looping *l, const struct state *s)
{
    struct pool *p = l->pool;
    const struct jump *last = s->jumps, *j = last;
    uint64_t head = last->to;
    size_t count = 1;
    for (uint64_t to = last->from;; to = j->from, count++) {
        if (j->looped)
            l->within = j->to;
        l->why = "a turn of it is too long";
        if (j->looped || count > LEAPS_MAX)
            return NULL;
        j = j->before;
        uint64_t from = j ? j->to : 0;
        if (from <= head && head <= to)
            break;
        if (!j)
            return NULL;
    }
    struct trail *t = pool_alloc(p, sizeof *t + count * sizeof *t->leaps);
    *t = (struct trail){.head = head, .count = count};
    j = last;
    for (size_t i = count; i-- > 0; j = j->before)
        t->leaps[i] = (struct leap){j->from, j->to};
    return t;
}

// ---- one turn ----

static void note_decisions(struct pool *p, struct state *s, const struct execution *x)
{
    for (unsigned i = 0; i < x->decided_count; i++) {
        struct decision *d = pool_alloc(p, sizeof *d);
        *d = (struct decision){s->decisions, x->step, x->decided[i]};
        s->decisions = d;
    }
}

struct ways {
    struct state *items[WAYS_MAX];
    size_t count;
    bool too_many;
};

static void push_way(struct ways *ways, struct state *s)
{
    if (ways->count < WAYS_MAX) {
        ways->items[ways->count++] = s;
        return;
    }
    ways->too_many = true;
    state_free(s);
}

// Goes on until the state is round, or has left the trail, which is false.
static bool go_on(struct looping *l, struct ways *ways, struct state *s)
{
    struct execution x;
    for (unsigned i = 0; i < STEPS_MAX; i++) {
        state_step(l->e, s, l->setting, &x);
        if (s->known.dead)
            return false;
        if (x.end == EXECUTION_SPLIT) {
            struct state *other = state_copy(s);
            if (state_assume(l->e, other, negated(l->pool, x.split)))
                push_way(ways, other);
            else
                state_free(other);
            if (!state_assume(l->e, s, x.split))
                return false;
            continue;
        }
        if (x.end != EXECUTION_NEXT)
            return false; // who follows it from here finds the same
        note_decisions(l->pool, s, &x);
        enum on_trail on = state_on_trail(s, x.step);
        if (on != TRAIL_ON)
            return on == TRAIL_ROUND;
    }
    ways->too_many = true;
    return false;
}

static bool is_possible(struct looping *l, const struct state *s)
{
    return solver_ask(l->e->solver, &s->known, NULL, 0, NULL) != SOLVED_NONE;
}

// All that go round the trail from there, where they are of one state; else NULL.
static struct state *go_round(struct looping *l, const struct state *from)
{
    struct ways ways = {.count = 0};
    struct state *round = NULL, *first = state_copy(from);
    first->trail = l->trail;
    first->leapt = 0;
    first->decisions = NULL;
    push_way(&ways, first);
    while (ways.count > 0) {
        struct state *s = ways.items[--ways.count];
        if (!ways.too_many && go_on(l, &ways, s) && (!round || is_possible(l, s))) {
            ways.too_many |= round != NULL && is_possible(l, round);
            state_free(round);
            round = s;
        } else {
            state_free(s);
        }
    }
    if (!ways.too_many && !pool_trouble(l->pool))
        return round;
    state_free(round);
    return NULL;
}

// ---- what moves ----

static bool is_same_value(struct value a, struct value b)
{
    if (a.kind != b.kind)
        return false;
    if (a.kind == VALUE_BYTES)
        return bytes_equal(a.bytes, b.bytes);
    return a.number == b.number && (a.kind == VALUE_NUMBER || a.hi == b.hi);
}

// A constant, and none that grows beyond what forms may hold.
static bool is_step(const struct form *d)
{
    return d->count == 0 && d->c <= INT32_MAX && d->c >= INT32_MIN;
}

// B is A, loaded from addresses that lie BY higher.
static bool bytes_move(struct pool *p, const struct bytes *a, const struct bytes *b, wide *by)
{
    bool any = false;
    if (!a || !b || a->total != b->total || a->count != b->count || a->lo || b->lo)
        return false;
    for (unsigned i = 0; i < a->count; i++) {
        const struct piece_of *x = &a->pieces[i], *y = &b->pieces[i];
        if (x->kind != y->kind || x->from != y->from || x->count != y->count)
            return false;
        if (x->kind != BYTES_LOADED) {
            if (x->of != y->of)
                return false;
            continue;
        }
        const struct form *d = form_sub(p, y->of, x->of);
        if (!is_step(d) || (any && d->c != *by))
            return false;
        *by = d->c;
        any = true;
    }
    return any;
}

static const struct bytes *moved_bytes(struct pool *p, const struct bytes *b, const struct form *by)
{
    struct bytes *moved = pool_alloc(p, sizeof *b + b->count * sizeof *b->pieces);
    memcpy(moved, b, sizeof *b + b->count * sizeof *b->pieces);
    for (unsigned i = 0; i < b->count; i++)
        if (b->pieces[i].kind == BYTES_LOADED)
            moved->pieces[i].of = form_add(p, b->pieces[i].of, by);
    return moved;
}

// After K turns, of what A was at first and B after one. False: it may be anything.
static bool move_bytes(struct pool *p, const struct bytes *a, const struct bytes *b,
                       const struct form *k, const struct bytes **out)
{
    wide by;
    *out = a;
    if (a == b || (a && b && bytes_equal(a, b)))
        return true;
    if (!bytes_move(p, a, b, &by))
        return false;
    *out = moved_bytes(p, a, form_scale(p, k, by));
    return true;
}

static bool move_value(struct pool *p, struct value a, struct value b, const struct form *k,
                       struct value *out)
{
    *out = a;
    if (is_same_value(a, b))
        return true;
    if (a.kind == VALUE_NUMBER && b.kind == VALUE_NUMBER) {
        const struct form *d = form_sub(p, b.number, a.number);
        if (!is_step(d))
            return false;
        *out = value_number(form_reduce(p, form_add_scaled(p, a.number, k, d->c)));
        return true;
    }
    if (a.kind != VALUE_BYTES || b.kind != VALUE_BYTES)
        return false;
    return move_bytes(p, a.bytes, b.bytes, k, &out->bytes);
}

// Registers after K turns, of which the machine has those after one.
static void set_machine(struct looping *l, struct machine *m, const struct form *k)
{
    const struct machine *a = &l->start->machine, *b = &l->after->machine;
    struct pool *p = l->pool;
    *m = *a;
    for (unsigned i = 0; i < GPRS; i++)
        if (l->reg_is_any[i] || !move_value(p, a->regs[i], b->regs[i], k, &m->regs[i]))
            m->regs[i] = value_bytes(bytes_of(p, BYTES_UNKNOWN, NULL, 8));
    for (unsigned i = 0; i < VECTORS; i++)
        if (l->vector_is_any[i] || !move_bytes(p, a->vectors[i], b->vectors[i], k, &m->vectors[i]))
            m->vectors[i] = a->none;
    for (unsigned i = 0; i < MASKS; i++)
        if (a->masks[i].number != b->masks[i].number || a->masks[i].hi != b->masks[i].hi)
            m->masks[i] = (struct value){.number = NULL};
    m->flags = (struct flags){.kind = FLAGS_UNKNOWN};
}

// ---- what holds in each turn ----

static void add_candidate(struct looping *l, struct claim c)
{
    for (size_t i = 0; i < l->candidate_count; i++)
        if (l->candidates[i].claim.form == c.form)
            return;
    if (l->candidate_count < CANDIDATES_MAX)
        l->candidates[l->candidate_count++] = (struct candidate){.claim = c};
}

// What never is zero, and goes there by constant steps, might stay on its side.
static void add_sides(struct looping *l, const struct form *f, wide by)
{
    struct pool *p = l->pool;
    wide far = by < 0 ? -by : by;
    const struct form *up = by < 0 ? form_scale(p, f, -1) : f;
    add_candidate(l, at_most(form_plus(p, up, far)));
    add_candidate(l, at_most(form_plus(p, up, 1)));
}

static void match(struct looping *l, const struct decision *d, const struct decision *all)
{
    for (; all; all = all->before) {
        if (all->step != d->step || all->claim.relation != d->claim.relation)
            continue;
        const struct form *by = form_sub(l->pool, all->claim.form, d->claim.form);
        if (!is_step(by) || by->c == 0)
            continue;
        const struct form *f = form_add_scaled(l->pool, d->claim.form, l->k, by->c);
        if (d->claim.relation == AT_MOST)
            add_candidate(l, (struct claim){AT_MOST, f});
        else if (d->claim.relation == UNEQUAL)
            add_sides(l, f, by->c);
    }
}

// What the first two turns decided alike.
static bool find_candidates(struct looping *l)
{
    l->why = "its second turn goes another way than its first";
    struct state *second = go_round(l, l->after);
    if (!second)
        return false;
    for (const struct decision *d = l->after->decisions; d; d = d->before)
        match(l, d, second->decisions);
    state_free(second);
    return true;
}

static bool is_shown(struct looping *l, const struct known *k, struct claim c)
{
    enum answer a = known_quick(k, c);
    if (a != OPEN)
        return a == YES;
    struct claim not_so = negated(l->pool, c);
    return solver_ask(l->e->solver, k, &not_so, 1, NULL) == SOLVED_NONE;
}

static struct claim in_turn(struct looping *l, struct claim c, const struct form *turn)
{
    return (struct claim){c.relation, form_substitute(l->pool, c.form, l->k_atom, turn)};
}

static void hold_at_first(struct looping *l)
{
    for (size_t i = 0; i < l->candidate_count; i++) {
        struct candidate *c = &l->candidates[i];
        c->out = !is_shown(l, &l->after->known, in_turn(l, c->claim, form_constant(l->pool, 0)));
    }
}

// ---- induction ----

// The state after k turns, k from 1 on.
static struct state *general(struct looping *l)
{
    struct state *g = state_copy(l->after);
    set_machine(l, &g->machine, l->k);
    g->machine.pc = l->trail->head;
    for (size_t i = 0; i < l->candidate_count; i++)
        if (!l->candidates[i].out)
            known_assume(&g->known,
                         in_turn(l, l->candidates[i].claim, form_plus(l->pool, l->k, -1)));
    return g;
}

static bool is_any_bytes(const struct bytes *b)
{
    return b && !b->lo && b->count == 1 && b->pieces[0].kind == BYTES_UNKNOWN;
}

// Leaves out of the guess what the state after one turn more does not fulfil. True: all of it
// is.
static bool is_inductive(struct looping *l, const struct state *next)
{
    struct machine wanted;
    bool all = true;
    set_machine(l, &wanted, form_plus(l->pool, l->k, 1));
    for (unsigned i = 0; i < GPRS; i++) {
        if (l->reg_is_any[i] || is_same_value(wanted.regs[i], next->machine.regs[i]) ||
            (wanted.regs[i].kind == VALUE_BYTES && is_any_bytes(wanted.regs[i].bytes)))
            continue;
        l->reg_is_any[i] = true;
        all = false;
    }
    for (unsigned i = 0; i < VECTORS; i++) {
        const struct bytes *a = wanted.vectors[i], *b = next->machine.vectors[i];
        if (a == b || (a && b && bytes_equal(a, b)) || is_any_bytes(a))
            continue;
        l->vector_is_any[i] = true;
        all = false;
    }
    for (size_t i = 0; i < l->candidate_count; i++) {
        struct candidate *c = &l->candidates[i];
        if (c->out || is_shown(l, &next->known, c->claim))
            continue;
        c->out = true;
        all = false;
    }
    return all;
}

// Masks that differ are not followed on either side; what else there is has to stay.
static bool stays(const struct state *a, const struct state *b)
{
    for (unsigned i = 0; i < MASKS; i++)
        if (a->machine.masks[i].number &&
            (a->machine.masks[i].number != b->machine.masks[i].number ||
             a->machine.masks[i].hi != b->machine.masks[i].hi))
            return false;
    return a->machine.stack == b->machine.stack && a->machine.down == b->machine.down;
}

static bool assumes_data(const struct state *s, const struct given *until)
{
    for (const struct given *g = s->known.given; g != until; g = g->before)
        for (size_t i = 0; i < g->clause->count; i++)
            if (form_is_data(g->clause->any[i].form))
                return true;
    return false;
}

static bool is_any_shown(struct looping *l, const struct known *k, const struct clause *c)
{
    for (size_t i = 0; i < c->count; i++)
        if (is_shown(l, k, c->any[i]))
            return true;
    return false;
}

// Do the conditions that are told of every turn say all that this one assumed? Else a path
// through the loop would be taken to fit cases that leave it another way: one that goes on to
// an aligned address.
static bool tells_all(struct looping *l, const struct state *s, const struct state *next)
{
    struct known k;
    bool all = true;
    known_copy(&k, &s->known);
    for (size_t i = 0; i < l->candidate_count; i++)
        if (!l->candidates[i].out)
            known_assume(&k, l->candidates[i].claim);
    for (const struct given *g = next->known.given; g != s->known.given && all; g = g->before)
        all = is_any_shown(l, &k, g->clause);
    known_free(&k);
    return all;
}

// The state, and in NEXT that after a turn more. NULL: nothing is shown.
static struct state *induce(struct looping *l, struct state **next)
{
    l->why = "its turns are not shown to be alike";
    for (unsigned i = 0; i < ROUNDS_MAX; i++) {
        struct state *g = general(l);
        struct state *n = g->known.dead ? NULL : go_round(l, g);
        if (n && stays(g, n) && is_inductive(l, n)) {
            *next = n;
            return g;
        }
        bool over = !n || !stays(g, n);
        state_free(n);
        state_free(g);
        if (over)
            return NULL;
    }
    return NULL;
}

// Any turn so far fulfilled what each does.
static void tell_of_turn(struct looping *l, struct known *k, const struct form *index)
{
    known_assume(k, is_below(l->pool, index, l->k));
    for (size_t i = 0; i < l->candidate_count; i++)
        if (!l->candidates[i].out)
            known_assume(k, in_turn(l, l->candidates[i].claim, index));
}

// Does it end after the same few turns whatever the inputs are? Then it is a part of what is
// around it, which may be a loop.
static bool has_few_turns(const struct looping *l, const struct state *s)
{
    enum { FEW = 256 };
    for (size_t i = 0; i < l->candidate_count; i++)
        if (!l->candidates[i].out && l->candidates[i].claim.form->count > 1)
            return false;
    return known_bounds(&s->known, l->k).hi <= FEW;
}

// Of the state after some turns, and that after one more.
static bool may_be_told(struct looping *l, const struct state *s, const struct state *next)
{
    bool may = false;
    if (known_bounds(&s->known, l->k).hi >= TURNS_MAX)
        l->why = "it is not shown to end";
    else if (assumes_data(next, l->start->known.given))
        l->why = "its turns depend on the data";
    else if (!tells_all(l, s, next))
        l->why = "where it ends is not told of each turn";
    else if (has_few_turns(l, s))
        l->few = true;
    else
        may = true;
    return may;
}

static struct state *summarised(struct looping *l)
{
    struct state *next = NULL, *g = induce(l, &next);
    const struct form *index = NULL;
    bool may = g && may_be_told(l, g, next);
    if (may)
        index = family_add(l->pool, &g->machine, l->k_atom, l->start->machine.events,
                           next->machine.events, l->after->machine.events);
    if (may && !index)
        l->why = "its accesses overlap, leave gaps, or are not of one kind";
    state_free(next);
    if (index) {
        tell_of_turn(l, &g->known, index);
        return g;
    }
    state_free(g);
    return NULL;
}

static struct state *attempt(struct looping *l)
{
    struct state *after = go_round(l, l->start), *result = NULL;
    l->why = "its turns go different ways";
    if (!after)
        return NULL;
    l->after = after;
    l->k = form_input(l->pool, ATOM_TURNS, "turns", 1, TURNS_MAX);
    l->k_atom = form_atom(l->k);
    l->why = "it changes masks, the stack or the direction flag in each turn";
    if (stays(l->start, after) && find_candidates(l)) {
        hold_at_first(l);
        result = summarised(l);
    }
    state_free(after);
    return result;
}

// S goes on for what leaves the loop in its first turn.
static void take_leave(struct exploration *e, struct looping *l, struct state *s, struct state *g)
{
    struct jump *j = pool_alloc(e->pool, sizeof *j);
    *j = (struct jump){.to = l->trail->head, .looped = true};
    g->jumps = j;
    g->trail = s->trail = l->trail;
    g->leapt = s->leapt = 0;
    g->returns[0].count = s->returns[0].count = 0;
}

struct state *loop_summarise(struct exploration *e, struct state *s, const struct setting *setting)
{
    struct loop_head *h = loop_to_try(e, s);
    if (!h)
        return NULL;
    struct looping l = {.e = e, .setting = setting, .pool = e->pool, .start = s};
    l.trail = find_trail(&l, s);
    struct state *g = l.trail ? attempt(&l) : NULL;
    h->tried += l.trail != NULL;
    h->why = l.why;
    h->within = l.within;
    h->few = l.few;
    if (!g)
        return NULL;
    h->told++;
    take_leave(e, &l, s, g);
    return g;
}
