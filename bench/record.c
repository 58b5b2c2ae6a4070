// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What recording costs: the rewritten copy of a routine against the routine
// itself, called directly, on the same memory, in turns. The recorder's inside
// is used here, because laying out a case and expanding its log are no part of
// the call; the sweeps measure those.

#include "bench.h"

#include "base/error.h"
#include "record/rewrite/rewrite.h"

#include <assert.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SIZE_STEP = 16,
    SIZE_LAST = 4096,
    PAIRS = 5,
    RUN_NS = 50000, // of one timed run
    CALLS_MAX = 2000,
};

typedef rewrite_function copy_function;

// One routine, open for recording.
struct bench_routine {
    struct routine routine;
    const struct recorder_kind *kind;
    struct recorder *recorder;
    struct arena *arena;
    struct layout layout;
    uint64_t arg4;
};

// CALLS calls of the routine, or of its rewritten copy.
static double calls_ns(const struct bench_routine *b, copy_function *function, unsigned calls)
{
    // Volatile, so that the compiler makes each call.
    copy_function *volatile copy = function;
    const struct layout *l = &b->layout;
    const uint64_t words[NATIVE_WORDS] = {(uintptr_t)l->dst, layout_second(l), l->size, b->arg4};
    const uint64_t start = clock_now_ns();
    for (unsigned i = 0; i < calls; i++)
        CPU_ENTER(copy, words);
    return (double)(clock_now_ns() - start);
}

static copy_function *native(const struct bench_routine *b)
{
    return (copy_function *)b->routine.entry;
}

static unsigned calls_for(const struct bench_routine *b)
{
    const double one = calls_ns(b, native(b), 64) / 64;
    const double calls = one > 0 ? RUN_NS / one : CALLS_MAX;
    return calls > CALLS_MAX ? CALLS_MAX : calls < 16 ? 16 : (unsigned)calls;
}

static double ratio_of_pairs(const struct bench_routine *b)
{
    double ratios[PAIRS];
    const unsigned calls = calls_for(b);
    copy_function *const recorded = rewrite_entry(b->recorder);
    calls_ns(b, recorded, calls);
    for (unsigned i = 0; i < PAIRS; i++) {
        const double alone = calls_ns(b, native(b), calls);
        ratios[i] = calls_ns(b, recorded, calls) / alone;
    }
    return median(ratios, PAIRS);
}

// Runs the case once through the recorder, so that all of its code is rewritten.
static bool prepare(struct bench_routine *b, enum copy_op op, uint64_t size, struct trace *trace)
{
    const struct copy_case c = {.op = op, .size = size, .fill = 1};
    b->kind->run(b->recorder, b->arena, &c, false, &b->layout, trace);
    return trace->outcome == OUTCOME_RETURNED;
}

// Appends one ratio a size. Gives how many ratios there are then.
static size_t measure_sizes(struct bench_routine *b, const struct backend *backend, double *ratios,
                            size_t count)
{
    struct trace trace;
    trace_init(&trace);
    b->arena = arena_new();
    assert(b->arena);
    for (uint64_t size = SIZE_STEP; size <= SIZE_LAST; size += SIZE_STEP) {
        if (!prepare(b, backend->op, size, &trace)) {
            fprintf(stderr, "bench: %s leaves out size %llu: %s\n", backend->name,
                    (unsigned long long)size, trace.reason);
            continue;
        }
        ratios[count++] = ratio_of_pairs(b);
        arena_clear(b->arena, &b->layout, false);
    }
    arena_free(b->arena);
    trace_free(&trace);
    return count;
}

static bool open_routine(struct bench_routine *b, const struct backend *backend, int loads)
{
    struct error error;
    const struct recorder_options options = {.loads = loads, .timeout_ms = 10000};
    *b = (struct bench_routine){.kind = recorder_find("rewrite"), .arg4 = backend->arg4};
    if (routine_load(backend, &b->routine, &error))
        b->recorder = b->kind->open(&b->routine, b->arg4, &options, &error);
    if (!b->recorder)
        fprintf(stderr, "bench: %s left out: %s\n", backend->name, error.text);
    return b->recorder != NULL;
}

static size_t measure_backend(const struct backend *backend, int loads, double *ratios,
                              size_t count)
{
    struct bench_routine b;
    if (!open_routine(&b, backend, loads))
        return count;
    count = measure_sizes(&b, backend, ratios, count);
    b.kind->close(b.recorder);
    return count;
}

double recorded_copy_ns(const struct backend *backend, size_t size)
{
    struct bench_routine b;
    struct trace trace;
    double result = NAN;
    if (!open_routine(&b, backend, 1))
        return NAN;
    trace_init(&trace);
    b.arena = arena_new();
    assert(b.arena);
    if (prepare(&b, backend->op, size, &trace)) {
        double values[PAIRS];
        for (unsigned i = 0; i < PAIRS; i++)
            values[i] = calls_ns(&b, rewrite_entry(b.recorder), CALLS_MAX) / CALLS_MAX;
        result = median(values, PAIRS);
    }
    arena_free(b.arena);
    trace_free(&trace);
    b.kind->close(b.recorder);
    return result;
}

double recorded_ratio(const struct backend_list *backends, int loads)
{
    double *ratios = calloc(backends->count * (SIZE_LAST / SIZE_STEP), sizeof *ratios);
    size_t count = 0;
    assert(ratios);
    for (size_t i = 0; i < backends->count; i++) {
        const struct backend *backend = &backends->items[i];
        if (fnmatch("glibc/*", backend->name, 0) == 0 && !backend->missing)
            count = measure_backend(backend, loads, ratios, count);
    }
    const double result = count == 0 ? NAN : median(ratios, count);
    free(ratios);
    return result;
}
