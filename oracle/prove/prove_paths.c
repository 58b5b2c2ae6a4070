// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "prove/proving.h"

#include "base/clock.h"
#include "base/memory.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// What a check's callback needs.
struct asking {
    struct proving *proving;
    struct check_state *state; // NULL: only whether it may be broken matters
    bool broken;
};

void proving_leave_open(struct proving *p, const char *format, ...)
{
    va_list args;
    if (p->open[0])
        return;
    va_start(args, format);
    vsnprintf(p->open, sizeof p->open, format, args);
    va_end(args);
}

static void point_for(struct proving *p, struct point *at)
{
    point_init(at, p->pool);
}

static void tell_found(const struct proving *p, const struct copy_case *c, bool breaks)
{
    if (p->options->found)
        p->options->found(p->options->context, c, breaks);
}

// Keeps the smallest case of all paths.
static void keep_case(const struct proving *p, struct check_state *s, const struct copy_case *c)
{
    tell_found(p, c, true);
    if (s->has_case && case_compare(&s->c, c) <= 0)
        return;
    s->has_case = true;
    s->c = *c;
}

static bool could_be_smaller(const struct check_state *s, struct pool *pool,
                             const struct path_check *c)
{
    if (!s->has_case)
        return true;
    struct bounds b = known_bounds(c->known, c->path->setting->n);
    (void)pool;
    return b.lo < (wide)s->c.size;
}

static bool note_broken(struct path_check *c, const struct claim *how, size_t count,
                        const struct point *hint)
{
    struct asking *a = c->context;
    struct proving *p = a->proving;
    struct copy_case found;
    a->broken = true;
    if (!a->state)
        return false;
    if (could_be_smaller(a->state, p->pool, c) &&
        sample(&p->sampler, c->path->arrangement, &p->inputs[c->path->arrangement], c->known, how,
               count, hint, &found))
        keep_case(p, a->state, &found);
    return false;
}

// Asks the solver, or where there is none looks for a case.
static bool may_be_broken(struct path_check *c, const struct claim *how, size_t count)
{
    struct asking *a = c->context;
    struct proving *p = a->proving;
    struct point hint;
    point_for(p, &hint);
    enum solved solved = solver_ask(c->solver, c->known, how, count, &hint);
    bool go_on = true;
    if (solved == SOLVED_SOME)
        go_on = note_broken(c, how, count, &hint);
    else if (solved == SOLVED_UNKNOWN)
        c->open = c->solver ? "the solver does not know whether it holds"
                            : "bounds alone do not show it, and z3 was not built in";
    point_free(&hint);
    return go_on;
}

static struct path_check check_of(struct proving *p, const struct path *path,
                                  const struct rule_params *params, struct asking *asking)
{
    return (struct path_check){.path = path,
                               .op = p->op,
                               .result = p->backend->result,
                               .params = params,
                               .known = path->known,
                               .solver = p->solver,
                               .broken = may_be_broken,
                               .context = asking};
}

// Is everything that it touches known to be its own? What lies outside may be what the path
// takes for unchanged.
static bool stays_inside(struct proving *p, const struct path *path)
{
    static const enum rule_id rules[] = {RULE_OUT_OF_BOUNDS_STORE, RULE_OUT_OF_BOUNDS_LOAD};
    const struct rule_params params = {.max = 0};
    for (unsigned i = 0; i < 2; i++) {
        struct asking asking = {.proving = p};
        struct path_check c = check_of(p, path, &params, &asking);
        path_rule_check(&c, rules[i]);
        if (asking.broken || c.open)
            return false;
    }
    return true;
}

static void note_sizes(struct check_state *s, const struct path *path)
{
    struct bounds b = known_bounds(path->known, path->setting->n);
    uint64_t lo = (uint64_t)b.lo, hi = (uint64_t)b.hi;
    s->size_lo = s->broken == 1 || lo < s->size_lo ? lo : s->size_lo;
    s->size_hi = s->broken == 1 || hi > s->size_hi ? hi : s->size_hi;
}

static void note_open(struct check_state *s, const char *why)
{
    s->open++;
    if (!s->why[0])
        snprintf(s->why, sizeof s->why, "%s", why);
}

static void judge_check(struct proving *p, const struct path *path, size_t i, bool inside)
{
    const struct check *check = &p->judge->checks[i];
    struct check_state *s = &p->checks[i];
    const char *open = NULL;
    bool broken = false;
    for (size_t k = 0; k < check->param_count && !broken; k++) {
        struct asking asking = {.proving = p, .state = s};
        struct path_check c = check_of(p, path, &check->params[k], &asking);
        path_rule_check(&c, check->rule);
        broken = asking.broken;
        open = open ? open : c.open;
    }
    if (broken) {
        s->broken++;
        note_sizes(s, path);
    } else if (open || !inside) {
        note_open(s, open ? open : "it may touch bytes outside of its buffers before");
    }
}

static void judge_path(struct proving *p, const struct path *path)
{
    bool inside = stays_inside(p, path);
    for (size_t i = 0; i < p->judge->count; i++)
        if (!p->options->brief || !p->checks[i].has_case)
            judge_check(p, path, i, inside);
}

// Does nothing where there is a reason already.
static void keep_within_limits(struct proving *p)
{
    const struct proof_options *o = p->options;
    struct exploration *e = &p->exploration;
    if (e->given_up)
        return;
    if (o->brief && p->open[0] && !o->found)
        e->given_up = p->open;
    else if (o->paths_max && p->paths >= o->paths_max)
        e->given_up = "it has more paths than are followed";
    else if (o->questions_max && solver_asked(p->solver) >= o->questions_max)
        e->given_up = "it takes more questions than are asked";
    else if (o->until_ms && clock_now_ms() >= o->until_ms)
        e->given_up = "time ran out";
}

// Where the two overlap, data that a branch depends on might be stored over before it is
// loaded again: what is then known of it is wrong.
static bool data_is_sound(struct proving *p, const struct path *path)
{
    bool overlap = path->arrangement == ARRANGED_DST_INTO || path->arrangement == ARRANGED_SRC_INTO;
    const struct rule_params params = {.max = 0};
    struct asking asking = {.proving = p};
    if (!overlap || !path_depends_on_data(path))
        return true;
    struct path_check c = check_of(p, path, &params, &asking);
    return path_reads_first(&c);
}

static void tell_end(struct proving *p, const struct path *path)
{
    const struct step *s = path->step;
    p->ended++;
    if (!s)
        proving_leave_open(p, "%s", path->why);
    else if (strcmp(path->why, "is not modelled") == 0)
        proving_leave_open(p, "+0x%" PRIx64 " `%s` is not modelled", s->at - p->program.entry,
                           s->site.text);
    else
        proving_leave_open(p, "+0x%" PRIx64 " `%s`: %s", s->at - p->program.entry, s->site.text,
                           path->why);
}

// A case of the path that fulfils MORE. Among large sizes few do, such as those of a few bytes more
// than a multiple of pages: a solver has to say which.
static bool find_case_of(struct proving *p, const struct path *path, const struct claim *more,
                         size_t count, struct copy_case *c)
{
    enum { SMALL = 4096, RANGE = 1 << 17, MORE_MAX = 2 };
    const struct inputs *in = &p->inputs[path->arrangement];
    struct bounds n = known_bounds(path->known, path->setting->n);
    if (n.lo > (wide)CASE_SIZE_MAX)
        return false;
    if (n.lo < SMALL || !p->solver)
        return sample(&p->sampler, path->arrangement, in, path->known, more, count, NULL, c);
    struct claim near[MORE_MAX] = {at_most(form_plus(p->pool, path->setting->n, -n.lo - RANGE))};
    struct point hint;
    for (size_t i = 0; i < count; i++)
        near[1 + i] = more[i];
    point_for(p, &hint);
    bool found = solver_ask(p->solver, path->known, near, 1 + count, &hint) == SOLVED_SOME &&
                 sample(&p->sampler, path->arrangement, in, path->known, more, count, &hint, c);
    point_free(&hint);
    return found;
}

// Larger ones take long to be recorded.
enum { LARGE = 1 << 20 };

// Cases that go through the loop once, twice, and more often.
static void find_more_cases(struct proving *p, const struct path *path, const struct family *f,
                            struct taken *t)
{
    enum { OFTEN = 5 };
    struct pool *pool = p->pool;
    const struct claim how_often[] = {
        {EQUAL, form_plus(pool, f->turns, -1)},
        {EQUAL, form_plus(pool, f->turns, -2)},
        at_most(form_plus(pool, form_scale(pool, f->turns, -1), OFTEN)),
    };
    for (size_t i = 0; i < sizeof how_often / sizeof *how_often; i++) {
        struct copy_case *c = &t->more[t->more_count];
        if (t->more_count < MORE_CASES_MAX && known_quick(path->known, how_often[i]) != NO &&
            find_case_of(p, path, &how_often[i], 1, c) && c->size <= LARGE)
            t->more_count++;
    }
}

static void keep_path(struct proving *p, const struct path *path, const struct copy_case *c)
{
    if (p->taken_count == p->taken_capacity) {
        p->taken_capacity = p->taken_capacity ? 2 * p->taken_capacity : 256;
        p->taken = must(realloc(p->taken, p->taken_capacity * sizeof *p->taken));
    }
    const struct event **events =
        pool_alloc(p->pool, (path->event_count + 1) * sizeof *path->events);
    for (size_t i = 0; i < path->event_count; i++)
        events[i] = path->events[i];
    struct taken *t = &p->taken[p->taken_count++];
    *t = (struct taken){.arrangement = path->arrangement,
                        .end = path->end,
                        .given = path->known->given,
                        .events = events,
                        .event_count = path->event_count,
                        .c = *c};
    for (size_t i = 0; i < path->event_count && c->size <= LARGE; i++)
        if (path->events[i]->family && path->events[i]->leads)
            find_more_cases(p, path, path->events[i]->family, t);
}

enum taken_by { TAKEN_BY_NONE, TAKEN_BY_CASE, TAKEN_BY_OTHERS };

// Do any inputs take the path, and is one of them a case?
static enum taken_by find_case(struct proving *p, const struct path *path, struct copy_case *c)
{
    const struct inputs *in = &p->inputs[path->arrangement];
    struct point hint;
    if (find_case_of(p, path, NULL, 0, c))
        return TAKEN_BY_CASE;
    point_for(p, &hint);
    enum solved solved = solver_ask(p->solver, path->known, NULL, 0, &hint);
    bool found = solved == SOLVED_SOME &&
                 sample(&p->sampler, path->arrangement, in, path->known, NULL, 0, &hint, c);
    point_free(&hint);
    return found ? TAKEN_BY_CASE : solved == SOLVED_NONE ? TAKEN_BY_NONE : TAKEN_BY_OTHERS;
}

// For proving_compare_plan. That no input takes it does no harm.
static void take_unjudged(struct proving *p, const struct path *path)
{
    static const struct copy_case none;
    p->paths++;
    p->loose |=
        path->end != EXECUTION_UNKNOWN && (!stays_inside(p, path) || !data_is_sound(p, path));
    if (path->end == EXECUTION_UNKNOWN)
        tell_end(p, path);
    keep_path(p, path, &none);
}

static void take_path(struct proving *p, struct path *path)
{
    struct copy_case c;
    if (p->options->also) {
        take_unjudged(p, path);
        return;
    }
    enum taken_by by = find_case(p, path, &c);
    if (by == TAKEN_BY_NONE)
        return;
    p->paths++;
    if (by == TAKEN_BY_CASE)
        tell_found(p, &c, false);
    if (path->end == EXECUTION_UNKNOWN) {
        tell_end(p, path);
        return;
    }
    if (!data_is_sound(p, path))
        proving_leave_open(p, "a branch depends on data that may be stored over before");
    judge_path(p, path);
    if (by == TAKEN_BY_CASE)
        keep_path(p, path, &c);
    else
        proving_leave_open(p, "no case was found that takes one of its paths, to be recorded");
}

void proving_take_path(void *context, struct path *path)
{
    struct proving *p = context;
    take_path(p, path);
    keep_within_limits(p);
}
