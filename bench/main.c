// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Measures everything and prints one table. Called by script/bench with the
// path of the program that other tools trace.

#include "bench.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { REPEATS = 5 };

// What the 4.2 million cases and the comparisons are made with.
static const char subject_name[] = "glibc/memmove_avx_unaligned_erms";

static void row(const char *what, const char *format, double value, const char *goal)
{
    char text[32];
    if (isnan(value))
        snprintf(text, sizeof text, "not measured");
    else
        snprintf(text, sizeof text, format, value);
    printf("%-58s %14s   %s\n", what, text, goal);
    fflush(stdout);
}

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
                      const char *dst_twice)
{
    const struct sweep sweep = {size, dst, "0..511", 1};
    const struct sweep twice = {size, dst_twice, "0..511", 1};
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

static void whole_sweep(const struct backend *subject, unsigned jobs)
{
    const struct sweep sweep = {"0..1024", "0..63", "0..63", jobs};
    uint64_t cases = 0;
    char what[80];
    const double seconds = sweep_seconds(subject, &sweep, &cases);
    snprintf(what, sizeof what, "sweep of %.1f million cases, %u at a time", (double)cases / 1e6,
             jobs);
    row(what, "%.2f s", seconds, "seconds");
}

static void against_others(const struct backend *subject, const char *copies_program, size_t bytes)
{
    char size[24], what[80];
    snprintf(size, sizeof size, "%zu", bytes);
    const double recorded = recorded_copy_ns(subject, bytes);
    const double judged = case_ns(subject, size, "0..1023", "0..2047");
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
    row(what, "%.1f ns", recorded, "");
    snprintf(what, sizeof what, "%zu bytes: judged case", bytes);
    row(what, "%.0f ns", judged, "");
    // The others only record: what compares with them is recording.
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        snprintf(what, sizeof what, "%zu bytes: recorded copies a second / %s", bytes,
                 others[i].name);
        row(what, "%.0f", others[i].ns / recorded, others[i].goal);
        snprintf(what, sizeof what, "%zu bytes: judged cases a second / %s", bytes, others[i].name);
        row(what, "%.0f", others[i].ns / judged, "");
    }
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s COPIES-PROGRAM; run script/bench instead\n", argv[0]);
        return 2;
    }
    struct backend_list all;
    backend_list_all(&all);
    const struct backend *subject = find_subject(&all);
    if (!subject || subject->missing) {
        fprintf(stderr, "bench: %s does not run here: %s\n", subject_name,
                subject ? subject->missing : "install libc6-dev");
        return 2;
    }
    printf("%-58s %14s   %s\n", "measure", "here", "to reach");
    row("recorded loads and stores / native call", "%.2f", recorded_ratio(&all, 1), "<= 2.0");
    row("recorded stores / native call", "%.2f", recorded_ratio(&all, 0), "<= 1.5");
    row("judged cases a second and core, sizes 0..64", "%.2f million",
        1e3 / case_ns(subject, "0..64", "0..63", "0..127"), ">= 3 million");
    whole_sweep(subject, (unsigned)sysconf(_SC_NPROCESSORS_ONLN));
    against_others(subject, argv[1], 15);
    against_others(subject, argv[1], 256);
    backend_list_free(&all);
    return 0;
}
