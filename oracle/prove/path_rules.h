// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The proof form of each rule: what has to be true of a path's accesses, for all inputs of
// the path, so that no case on it breaks the rule. One table, path_rules.c; a rule without a
// row has no proof form, and is never held.

#ifndef STORESCOPE_PROVE_PATH_RULES_H
#define STORESCOPE_PROVE_PATH_RULES_H

#include "judge/judge.h"
#include "prove/explore.h"

enum { CONDITIONS_MAX = 24 };

// What becomes of one check on one path: it may be broken under any of the conditions
// that `broken` gets, it may be that nothing is known of it, or it holds.
struct path_check {
    const struct path *path;
    enum copy_op op;
    enum copy_result result; // what the routine is to return
    const struct rule_params *params;
    struct known *known; // of the path, and the requests that the contract means
    struct solver *solver;
    const char *open; // why it is not known to hold, or NULL
    // Called for each way in which it may be broken; the conditions can be fulfilled, as
    // far as bounds tell, but no solver was asked. False: enough is known.
    bool (*broken)(struct path_check *c, const struct claim *how, size_t count);
    bool enough;
    void *context;
    uint64_t asked; // conditions that bounds did not rule out
};

// Has the rule a proof form, with these parameters?
bool path_rule_has_form(enum rule_id rule, const struct rule_params *p);

// Do all loads of the path read what lay there when the routine was called, for certain? C as
// for a check.
bool path_reads_first(struct path_check *c);

// Do its conditions depend on bytes of the source, or on what is not known at all?
bool path_depends_on_data(const struct path *path);

void path_rule_check(struct path_check *c, enum rule_id rule);

#endif
