// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#include "sweep/boundaries.h"

#include "backends/call.h"
#include "base/clock.h"
#include "sweep/ask.h"

#include <stdlib.h>
#include <string.h>

enum { STEP_FAR = 256, RUN_LONG = 32 };

// Where the routine is run to find its boundaries: alike and unlike alignments, and a
// move up and down over its own source.
static const struct {
    uint32_t dst, src;
    int64_t overlap; // 0: two buffers
} places[] = {
    {0, 0, 0}, {0, 1, 0}, {1, 0, 0}, {1, 1, 0}, {8, 3, 0}, {33, 17, 0}, {0, 0, 1}, {0, 0, -1},
};

struct survey {
    struct worker *worker;
    const struct job *job;
    const struct sweep_options *options;
    struct copy_case c;
    uint64_t unit;
};

// ---- which sizes stand for all ----

static bool comes_in(const uint64_t *paths, size_t count, uint64_t path)
{
    for (size_t i = 0; i < count; i++)
        if (paths[i] == path)
            return true;
    return false;
}

void boundaries_choose(const uint64_t *paths, size_t count, uint64_t lo, uint64_t step,
                       struct plan_sizes *out)
{
    for (size_t first = 0, end; first < count; first = end) {
        for (end = first; end < count && paths[end] == paths[first]; end++)
            continue;
        if (paths[first] == 0 || (comes_in(paths, first, paths[first]) &&
                                  comes_in(paths + end, count - end, paths[first])))
            continue;
        uint64_t from = lo + first * step, to = lo + (end - 1) * step;
        uint64_t middle = lo + (first + (end - first) / 2) * step;
        plan_sizes_add(out, from);
        plan_sizes_add(out, to);
        if (end - first < RUN_LONG)
            continue;
        plan_sizes_add(out, from + step);
        plan_sizes_add(out, middle);
    }
}

// ---- what is asked of the worker ----

// COUNT paths at sizes LO, LO + STEP, ... False: it has no answer.
static bool ask_paths(struct survey *s, uint64_t lo, uint64_t step, size_t count, uint64_t *paths)
{
    const struct worker_command command = {
        .kind = COMMAND_PATHS, .lo = lo, .hi = lo + (count - 1) * step, .step = step, .c = s->c};
    uint64_t until_ms = clock_now_ms() + ask_stall_ms(s->options);
    struct message f;
    struct error error;
    if (s->options->stop && *s->options->stop)
        return false;
    (void)worker_ask(s->worker, &command); // when it fails the worker is dead
    if (!ask_message(s->worker, MESSAGE_PATHS, until_ms, &f, &error))
        return false;
    bool sound = f.length == count * sizeof *paths;
    if (sound)
        memcpy(paths, f.bytes, count * sizeof *paths);
    message_free(&f);
    return sound;
}

// The smallest size above LO, at most HI, whose path is not that of LO: one of them, where
// the path changes more than once.
static bool bisect(struct survey *s, uint64_t lo, uint64_t hi, uint64_t path,
                   struct plan_sizes *out)
{
    while (hi - lo > s->unit) {
        uint64_t middle = lo + (hi - lo) / 2 / s->unit * s->unit, there;
        if (!ask_paths(s, middle, s->unit, 1, &there))
            return false;
        if (there == path)
            lo = middle;
        else
            hi = middle;
    }
    plan_sizes_add(out, lo);
    plan_sizes_add(out, hi);
    return true;
}

static bool survey_far(struct survey *s, struct plan_sizes *out)
{
    enum { COUNT = (BOUNDARIES_FAR - BOUNDARIES_EACH) / STEP_FAR + 1 };
    uint64_t paths[COUNT], step = (STEP_FAR + s->unit - 1) / s->unit * s->unit;
    uint64_t lo = (BOUNDARIES_EACH + s->unit - 1) / s->unit * s->unit;
    size_t count = lo <= BOUNDARIES_FAR ? (size_t)((BOUNDARIES_FAR - lo) / step) + 1 : 0;
    if (count == 0)
        return true;
    if (!ask_paths(s, lo, step, count, paths))
        return false;
    plan_sizes_add(out, lo + (count - 1) * step);
    for (size_t i = 0; i + 1 < count; i++)
        if (paths[i] != paths[i + 1] &&
            !bisect(s, lo + i * step, lo + (i + 1) * step, paths[i], out))
            return false;
    return true;
}

static bool survey_near(struct survey *s, uint64_t size_min, struct plan_sizes *out)
{
    uint64_t paths[BOUNDARIES_EACH + 1], lo = (size_min + s->unit - 1) / s->unit * s->unit;
    size_t count = lo <= BOUNDARIES_EACH ? (size_t)((BOUNDARIES_EACH - lo) / s->unit) + 1 : 0;
    if (count == 0)
        return true;
    if (!ask_paths(s, lo, s->unit, count, paths))
        return false;
    boundaries_choose(paths, count, lo, s->unit, out);
    return true;
}

// Sizes that no recording has to tell: all small ones, and those next to powers of two.
static void add_given(const struct backend *b, struct plan_sizes *out)
{
    for (uint64_t size = 0; size <= BOUNDARIES_FAR; size++) {
        uint64_t near = size + 1;
        bool power =
            (near & (near - 1)) == 0 || (size & (size - 1)) == 0 || ((size - 1) & (size - 2)) == 0;
        bool taken = size >= b->size_min && size % b->size_unit == 0 &&
                     (!b->call || call_takes(b->call, size));
        if (taken && (size <= BOUNDARIES_ALL || power))
            plan_sizes_add(out, size);
    }
}

static bool survey_place(struct survey *s, size_t place, struct plan_sizes *out)
{
    const struct backend *b = s->job->backend;
    struct copy_case *c = &s->c;
    bool suits = places[place].dst % b->align == 0 && places[place].src % b->align == 0 &&
                 (op_has_source(c->op) || places[place].src == 0);
    bool overlapping = places[place].overlap != 0;
    if (!suits || (overlapping && (c->op != OP_MEMMOVE || b->align > 1)))
        return true;
    c->dst_off = places[place].dst;
    c->src_off = places[place].src;
    c->overlapping = overlapping;
    c->overlap = places[place].overlap;
    if (overlapping)
        c->src_off = case_src_off(c->dst_off, c->overlap);
    return survey_near(s, b->size_min, out) && survey_far(s, out);
}

bool boundaries_survey(struct worker *worker, const struct job *job, enum copy_op op,
                       const uint64_t *tunable, const struct sweep_options *options,
                       struct plan_sizes *out)
{
    struct survey s = {
        .worker = worker, .job = job, .options = options, .unit = job->backend->size_unit};
    bool found = true;
    *out = (struct plan_sizes){0};
    s.c = (struct copy_case){.op = op, .fill = 1};
    memcpy(s.c.tunable, tunable, sizeof s.c.tunable);
    add_given(job->backend, out);
    for (size_t i = 0; i < sizeof places / sizeof *places && found; i++)
        found = survey_place(&s, i, out);
    return found;
}

bool boundaries_find(const struct backend *backend, enum copy_op op, const uint64_t *tunable,
                     const struct sweep_options *options, struct plan_sizes *out)
{
    struct job job = {
        .backend = backend,
        .recorder = recorder_for(backend, options->recorder),
        .recorder_options = {.loads = true, .timeout_ms = options->timeout_ms},
    };
    struct worker worker;
    struct error error;
    *out = (struct plan_sizes){0};
    if (op_has_fifo(op) || !job_prepare(&job, options, &error) ||
        !worker_start(&worker, &job, &error))
        return false;
    bool found = boundaries_survey(&worker, &job, op, tunable, options, out);
    worker_end(&worker, NULL, 0);
    return found;
}
