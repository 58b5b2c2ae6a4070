// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The engine `solve': a case of each path through a routine's code, as the prover finds it
// with the arguments unknown, however many conditions lead there. Each is judged as any
// other, and a seed of the other engines.

#ifndef STORESCOPE_CAMPAIGN_SOLVE_H
#define STORESCOPE_CAMPAIGN_SOLVE_H

#include "fuzz/campaign/campaign.h"

// Before the other engines start, for MS at most. What breaks a contract is among the
// folder's found. False and one line in ERROR for the system's failures.
bool campaign_solve(struct fuzz *x, uint64_t ms, struct error *error);

#endif
