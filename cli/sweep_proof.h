// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// --prove: what a sweep found nothing against is proved where that is quick, and what the
// proof finds against it is judged as any other case.
//
// Where all is proved for every size, a light sweep stands for the whole one, as long as it
// ran each instruction that some input leads to.

#ifndef STORESCOPE_SWEEP_PROOF_H
#define STORESCOPE_SWEEP_PROOF_H

#include "cli/cli.h"
#include "prove/prove_results.h"

// What is proved of a routine, one proof a contract. All zero: nothing was tried.
struct sweep_proof {
    struct proof *proofs;
    struct reached reached;
};

// Proves what RESULTS of a sweep, one a contract of O, leave open. False and one line in ERROR
// only for the system's failures; OUT is to be freed in any case.
bool sweep_prove(const struct options *o, const struct result *results, struct sweep_proof *out,
                 struct error *error);
void sweep_proof_free(struct sweep_proof *p);

// Adds to RESULTS what is proved of the cases that the sweep did not have: of that which
// was proved, or of a longer one of the same routine. False: as above.
bool sweep_join_proof(const struct options *o, const struct sweep_proof *p, struct result *results,
                      struct error *error);

// May a light sweep of the routine be enough, if all is proved?
bool sweep_may_be_light(const struct options *o, const struct backend *b, enum copy_op op);
// Is it, by these results of it?
bool sweep_is_enough(const struct options *o, const struct result *results);

#endif
