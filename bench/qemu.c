// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the recorder `qemu` costs: cases of AArch64 glibc's memcpy, laid out, run,
// recorded and copied back, in one qemu process; against a qemu process for each
// case, and against valgrind's lackey with copies of this CPU's libc. Lackey
// records one stream for a whole program: cases that are to be told apart, and
// may crash, take a process each.

#include "bench.h"
#include "record/recorder.h"
#include "table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { REPEATS = 5, CASES = 4096, AHEAD = 64, PROCESSES = 5 };

static const char subject_name[] = "aarch64/glibc/memcpy_generic";

struct desk {
    const struct recorder_kind *kind;
    struct recorder_options options;
    struct arena *arena;
    struct trace trace;
};

static struct recorder *open_recorder(struct desk *d)
{
    struct error error;
    struct recorder *r = d->kind->open(NULL, 0, &d->options, &error);
    if (!r)
        fprintf(stderr, "bench: %s\n", error.text);
    return r;
}

static struct copy_case case_of(size_t size, unsigned number)
{
    return (struct copy_case){.op = OP_MEMCPY,
                              .size = size,
                              .dst_off = number % 64,
                              .src_off = number / 64 % 64,
                              .fill = 1};
}

// As a sweep does.
static void expect_cases(struct desk *d, struct recorder *r, size_t size, unsigned from)
{
    struct copy_case cases[AHEAD];
    for (unsigned i = 0; i < AHEAD; i++)
        cases[i] = case_of(size, from + i);
    d->kind->expect(r, d->arena, cases, AHEAD, false);
}

// One case; false when it was not recorded.
static bool record_one(struct desk *d, struct recorder *r, size_t size, unsigned number)
{
    struct layout layout = {0};
    const struct copy_case c = case_of(size, number);
    d->kind->run(r, d->arena, &c, false, &layout, &d->trace);
    arena_clear(d->arena, &layout, false);
    return d->trace.outcome == OUTCOME_RETURNED && d->trace.count > 0;
}

// Nanoseconds of a case, of CASES in one process. `ahead`: the recorder knows which come.
static double case_ns(struct desk *d, struct recorder *r, size_t size, bool ahead)
{
    const uint64_t start = clock_now_ns();
    for (unsigned i = 0; i < CASES; i++) {
        if (ahead && i % AHEAD == 0)
            expect_cases(d, r, size, i);
        if (!record_one(d, r, size, i))
            return NAN;
    }
    return (double)(clock_now_ns() - start) / CASES;
}

static double process_ns(struct desk *d, size_t size)
{
    double ns[PROCESSES];
    for (unsigned i = 0; i < PROCESSES; i++) {
        const uint64_t start = clock_now_ns();
        struct recorder *r = open_recorder(d);
        bool recorded = r && record_one(d, r, size, i);
        if (r)
            d->kind->close(r);
        if (!recorded)
            return NAN;
        ns[i] = (double)(clock_now_ns() - start);
    }
    return median(ns, PROCESSES);
}

static void measure(struct table *t, struct desk *d, struct recorder *r, const char *copies_program,
                    size_t size)
{
    char what[96];
    double ns[REPEATS], one_by_one[REPEATS];
    for (unsigned i = 0; i < REPEATS; i++) {
        ns[i] = case_ns(d, r, size, true);
        one_by_one[i] = case_ns(d, r, size, false);
    }
    const double ours = median(ns, REPEATS), alone = process_ns(d, size);
    snprintf(what, sizeof what, "%zu bytes: recorded cases a second", size);
    table_row(t, what, "%.0f", 1e9 / ours, BETTER_MORE, size == 15 ? ">= 500000" : "");
    snprintf(what, sizeof what, "%zu bytes: / cases one by one, not ahead", size);
    table_row(t, what, "%.1f", median(one_by_one, REPEATS) / ours, BETTER_MORE, "");
    snprintf(what, sizeof what, "%zu bytes: / one qemu process for each case", size);
    table_row(t, what, "%.0f", alone / ours, BETTER_MORE, "");
    snprintf(what, sizeof what, "%zu bytes: / lackey, a process for each case", size);
    table_row(t, what, "%.0f", lackey_case_ns(copies_program, size) / ours, BETTER_MORE, ">= 100");
    snprintf(what, sizeof what, "%zu bytes: / lackey, copies of one process, not told apart", size);
    table_row(t, what, "%.2f", lackey_copy_ns(copies_program, size) / ours, BETTER_MORE, "");
}

static const struct backend *find_subject(const struct backend_list *all)
{
    for (size_t i = 0; i < all->count; i++)
        if (strcmp(all->items[i].name, subject_name) == 0)
            return &all->items[i];
    return NULL;
}

int main(int argc, char **argv)
{
    struct backend_list all;
    struct error error = {"install gcc-aarch64-linux-gnu"};
    struct desk d = {.kind = recorder_find("qemu"),
                     .options = {.loads = true, .timeout_ms = 10000},
                     .arena = arena_new()};
    struct table table;
    int next = 0;
    if (!d.arena || !table_open(&table, "qemu", argc, argv, &next, &error) || next != argc - 1) {
        fprintf(stderr, "bench: %s\n", next ? "run script/bench qemu instead" : error.text);
        return 2;
    }
    trace_init(&d.trace);
    backend_list_all(&all);
    const struct backend *subject = find_subject(&all);
    if (subject && !subject->missing)
        d.options.prepared = d.kind->prepare(subject, &(struct recorder_setup){0}, &error);
    struct recorder *r = d.options.prepared ? open_recorder(&d) : NULL;
    if (!r) {
        fprintf(stderr, "bench: %s does not run here: %s\n", subject_name,
                subject && subject->missing ? subject->missing : error.text);
        return 2;
    }
    measure(&table, &d, r, argv[next], 15);
    measure(&table, &d, r, argv[next], 256);
    d.kind->close(r);
    backend_list_free(&all);
    if (table_close(&table, &error))
        return 0;
    fprintf(stderr, "bench: %s\n", error.text);
    return 2;
}
