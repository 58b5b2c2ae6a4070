// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Measures everything and prints one table. Called by script/bench with the options of
// table.h and the path of the program that other tools trace.

#include "bench.h"
#include "table.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { REPEATS = 5 };

// What the 4.2 million cases and the comparisons are made with.
static const char subject_name[] = "glibc/memmove_avx_unaligned_erms";

static const struct backend *find_subject(const struct backend_list *all)
{
    for (size_t i = 0; i < all->count; i++) {
        if (strcmp(all->items[i].name, subject_name) == 0)
            return &all->items[i];
    }
    return NULL;
}

// Nanoseconds a case of a sweep on one core: prepared, run, recorded, judged. The
// difference between sweeps of 2N and of N cases, so that the worker's start
// drops out, as it does for the others.
static double case_ns(const struct backend *subject, const char *size, const char *dst,
                      const char *dst_twice, const char *src)
{
    const struct sweep sweep = {size, dst, src, 1};
    const struct sweep twice = {size, dst_twice, src, 1};
    double slopes[REPEATS];
    for (unsigned i = 0; i < REPEATS; i++) {
        uint64_t cases = 0, cases_twice = 0;
        const double seconds = sweep_seconds(subject, &sweep, &cases);
        const double seconds_twice = sweep_seconds(subject, &twice, &cases_twice);
        if (isnan(seconds) || isnan(seconds_twice))
            return NAN;
        slopes[i] = (seconds_twice - seconds) * 1e9 / (double)(cases_twice - cases);
    }
    return median(slopes, REPEATS);
}

static void whole_sweep(struct table *t, const struct backend *subject, unsigned jobs)
{
    const struct sweep sweep = {"0..1024", "0..63", "0..63", jobs};
    uint64_t cases = 0;
    char what[80];
    const double seconds = sweep_seconds(subject, &sweep, &cases);
    snprintf(what, sizeof what, "sweep of %.1f million cases, %u at a time", (double)cases / 1e6,
             jobs);
    table_row(t, what, "%.2f s", seconds, BETTER_LESS, "");
}

static void against_others(struct table *t, const struct backend *subject,
                           const char *copies_program, size_t bytes)
{
    char size[24], what[80];
    snprintf(size, sizeof size, "%zu", bytes);
    const double recorded = recorded_copy_ns(subject, bytes);
    const double judged = case_ns(subject, size, "0..1023", "0..2047", "0..511");
    const struct {
        const char *name;
        double ns;
        const char *goal;
    } others[] = {
        {"lackey", lackey_copy_ns(copies_program, bytes), ">= 1000"},
        {"ptrace steps", ptrace_copy_ns(bytes), ">= 10000"},
        {"trap flag steps", trap_flag_copy_ns(bytes), ">= 10000"},
    };
    snprintf(what, sizeof what, "%zu bytes: recorded copy", bytes);
    table_row(t, what, "%.1f ns", recorded, BETTER_LESS, "");
    snprintf(what, sizeof what, "%zu bytes: judged case", bytes);
    table_row(t, what, "%.0f ns", judged, BETTER_LESS, "");
    // The others only record: what compares with them is recording.
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(what, sizeof what, "%zu bytes: recorded copies a second / %s", bytes,
                 others[i].name);
        table_row(t, what, "%.0f", others[i].ns / recorded, BETTER_MORE, others[i].goal);
        snprintf(what, sizeof what, "%zu bytes: judged cases a second / %s", bytes, others[i].name);
        table_row(t, what, "%.0f", others[i].ns / judged, BETTER_MORE, "");
    }
}

// A whole `check` of the default cases, from the start of its worker to its end.
static void default_sweep(struct table *t, const struct backend *subject)
{
    const struct sweep sweep = {NULL, NULL, NULL, 1};
    double seconds[REPEATS];
    uint64_t cases = 0;
    char what[80];
    for (unsigned i = 0; i < REPEATS; i++)
        seconds[i] = sweep_seconds(subject, &sweep, &cases);
    snprintf(what, sizeof what, "%.1f million default cases, one core", (double)cases / 1e6);
    table_row(t, what, "%.2f s", median(seconds, REPEATS), BETTER_LESS, "<= 0.2 s");
}

static void measure(struct table *t, const struct backend_list *all, const struct backend *subject,
                    const char *copies_program)
{
    table_row(t, "recorded loads and stores / native call", "%.2f", recorded_ratio(all, 1),
              BETTER_LESS, "<= 1.25");
    table_row(t, "recorded stores / native call", "%.2f", recorded_ratio(all, 0), BETTER_LESS,
              "<= 1.25");
    table_row(t, "judged cases a second and core, sizes 0..64", "%.2f million",
              1e3 / case_ns(subject, "0..64", "0..63", "0..127", "0..511"), BETTER_MORE,
              ">= 15 million");
    table_row(t, "judged cases a second and core, sizes 0..1024", "%.2f million",
              1e3 / case_ns(subject, "0..1024", "0..31", "0..63", "0..63"), BETTER_MORE,
              ">= 5 million");
    default_sweep(t, subject);
    whole_sweep(t, subject, (unsigned)sysconf(_SC_NPROCESSORS_ONLN));
    against_others(t, subject, copies_program, 15);
    against_others(t, subject, copies_program, 256);
}

int main(int argc, char **argv)
{
    struct table table;
    struct error error;
    struct backend_list all;
    int next = 0;
    if (!table_open(&table, "recording", argc, argv, &next, &error) || next != argc - 1) {
        fprintf(stderr, "bench: %s\n", next ? "run script/bench instead" : error.text);
        return 2;
    }
    backend_list_all(&all);
    const struct backend *subject = find_subject(&all);
    if (!subject || subject->missing) {
        fprintf(stderr, "bench: %s does not run here: %s\n", subject_name,
                subject ? subject->missing : "install libc6-dev");
        return 2;
    }
    measure(&table, &all, subject, argv[next]);
    backend_list_free(&all);
    if (table_close(&table, &error))
        return 0;
    fprintf(stderr, "bench: %s\n", error.text);
    return 2;
}
