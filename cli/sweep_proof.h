// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// --prove: what a sweep found nothing against is proved where that is quick, and what the
// proof finds against it is judged as any other case.

#ifndef STORESCOPE_SWEEP_PROOF_H
#define STORESCOPE_SWEEP_PROOF_H

#include "cli/cli.h"

// Adds to RESULTS of a sweep, one a contract of O, what is proved of the cases that it did not
// have. False and one line in ERROR only for the system's failures.
bool sweep_prove(const struct options *o, struct result *results, struct error *error);

#endif
