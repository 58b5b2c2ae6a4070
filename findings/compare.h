// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Compares what a sweep or a campaign found with expectations, and rewrites
// them. A rule that was expected and not found is run again by its own smallest
// case before it counts as gone, so that a smaller sweep shows no difference.

#ifndef STORESCOPE_COMPARE_H
#define STORESCOPE_COMPARE_H

#include "base/error.h"
#include "findings/difference.h"
#include "findings/rejudge.h"

struct comparing {
    const char *baseline, *write; // paths; NULL: not asked for
    struct expectations known;    // compared with
    struct expectations next;     // to be written
    struct baseline report;
    struct sweep_options run; // for what is run again
    // Of the backend at hand: cases run again, and what they came to.
    const struct backend *backend;
    const struct contract *contracts;
    size_t contract_count;
    struct rerun *reruns;
    size_t rerun_count;
    bool stranger;
    struct error error; // "": the system has not failed
};

// Reads what is at the paths. False and one line in ERROR.
bool comparing_open(struct comparing *x, const char *baseline, const char *write,
                    const struct sweep_options *run, struct error *error);

// The results of one backend's sweep, one a contract.
void comparing_results(struct comparing *x, const struct result *results, size_t count);

// One finding of a campaign, and after the last of a backend, what was expected.
void comparing_finding(struct comparing *x, const struct backend *b,
                       const struct contract *contract, const struct saved *finding,
                       const char *message);
void comparing_expected(struct comparing *x, const struct backend *b,
                        const struct contract *contracts, size_t count, enum copy_op op);

// Rewrites, where that was asked for, all files or none. False and one line in
// ERROR.
bool comparing_write(struct comparing *x, struct error *error);

void comparing_free(struct comparing *x);

#endif
