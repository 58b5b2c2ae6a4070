// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The witness of each finding of a sweep: the smallest case that broke the rule, recorded
// once more by a worker, with the accesses to blame. What the worker says is looked through
// before it is taken.

#ifndef STORESCOPE_WITNESSES_H
#define STORESCOPE_WITNESSES_H

#include "sweep/dispatch.h"
#include "sweep/verdict.h"

// Adds each check that was broken to the results of the contracts that have it, one result a
// contract in RESULTS. The last contract of the judge has none: what it finds is a fact, told
// in the result of every contract that allows it. WORKER: one of the sweep that records them,
// or none; afterwards one that has, or none.
void witnesses_explain(const struct job *dispatch_job, const struct sweep_options *options,
                       const struct dispatch_sum *sum, struct worker *worker,
                       struct result *results);

#endif
