// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A proof beside a sweep: what a sweep found nothing against is tried to be proved, and
// what both say of a rule is put together. Where they contradict each other neither is
// believed.

#ifndef STORESCOPE_PROVE_RESULTS_H
#define STORESCOPE_PROVE_RESULTS_H

#include "prove/prove.h"

// The instructions that inputs of these sizes may lead to: control goes to no others.
struct reached {
    bool known;
    struct coverage insns;
    uint64_t size_lo, size_hi;
};

// What is quick everywhere, and comes to the same on each machine: limits of paths,
// instructions and questions. `run` is the caller's.
extern const struct proof_options proof_quick;

// Of the routine and op of RESULTS, COUNT as a whole sweep gave them, one proof each in PROOFS:
// for every size, or where that is not known, for the ASKED ones, or the small ones where no
// sizes were asked for (step 0). What breaks a rule at other sizes than were asked for settles
// nothing. The sizes of OPTIONS do not matter. One whose verdict is PROOF_SKIPPED was not tried:
// no result conforms, or nothing was judged. REACHED is to be freed. False and one line in
// ERROR only for the system's failures.
bool prove_results(const struct result *results, size_t count, const struct range *asked,
                   const struct proof_options *options, struct proof *proofs,
                   struct reached *reached, struct error *error);

// Marks what no input leads to of the instructions that the sweep knows.
void result_join_reached(struct result *result, const struct reached *reached);

// Tells in RESULT what PROOF says. Where the sweep broke a rule in a case of which it is
// proved that none does, the result is broken, and says both.
void result_join_proof(struct result *result, const struct proof *proof);

// Takes over the finding of that rule from OTHER, the result of a sweep of its case alone.
// False: it has none.
bool result_take_finding(struct result *result, enum rule_id rule, struct result *other);

#endif
