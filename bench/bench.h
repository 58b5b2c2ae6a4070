// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the bench measures, one function a question. Every number is a median of
// repeated or paired runs; what cannot be measured here is NAN, and the reason
// goes to stderr.

#ifndef STORESCOPE_BENCH_H
#define STORESCOPE_BENCH_H

#include <stddef.h>
#include <stdint.h>

#include "backends/backend.h"
#include "base/clock.h"

// Sorts VALUES. COUNT is at least 1; of an even count, the lower middle.
double median(double *values, size_t count);

// One copy of SIZE bytes by the libc's memcpy, in nanoseconds: the difference
// between runs of 2N and of N copies, divided by N, so that start-up drops out.
double lackey_copy_ns(const char *copies_program, size_t size);

// One copy, with lackey's start: what a case costs that has a process of its own.
double lackey_case_ns(const char *copies_program, size_t size);
double ptrace_copy_ns(size_t size);
double trap_flag_copy_ns(size_t size);

// Recorded time over native time of the same calls: the median over every
// runnable glibc variant and sizes 16, 32, ..., 4096.
double recorded_ratio(const struct backend_list *backends, int loads);

// Nanoseconds of one recorded call, loads and stores, of SIZE bytes: the median of
// several runs of many calls. NAN where the routine does not take it.
double recorded_copy_ns(const struct backend *backend, size_t size);

// Seconds of a sweep under the contract `shared`, and how many cases it judged.
struct sweep {
    const char *size, *dst, *src; // ranges, as on the command line; NULL, all: the default sweep
    unsigned jobs;
};
double sweep_seconds(const struct backend *backend, const struct sweep *sweep, uint64_t *cases);

#endif
