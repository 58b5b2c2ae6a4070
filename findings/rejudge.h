// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// One case again, judged under contracts as a sweep judges it: in a worker, with
// every check of the recording. What replay, baselines and campaigns share.

#ifndef STORESCOPE_REJUDGE_H
#define STORESCOPE_REJUDGE_H

#include "base/error.h"
#include "findings/saved_case.h"
#include "sweep/sweep.h"

// One result a contract, to be freed with result_free. False and one line in
// ERROR only for the system's failures; a backend that does not take the case
// has results that are skipped, with the reason.
bool rejudge(const struct backend *b, const struct copy_case *c, const struct contract *contracts,
             size_t count, const struct sweep_options *options, struct result *results,
             struct error *error);

// The finding of a rule in a result, or NULL.
const struct finding *rejudge_finding(const struct result *r, enum rule_id rule);

// The pair of sites of a finding, as signature_pair gives it.
void rejudge_sites(const struct finding *f, char *pair);

// "shared,./mine.contract" as contracts, which the caller frees.
bool rejudge_contracts(const char *list, struct contract **out, size_t *count, struct error *error);

#endif
