// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What explains a finding, in the process that runs the routine: the case is
// recorded again, with the bytes of its stores where they matter, and the broken
// check says which accesses are to blame, and one sentence.

#ifndef STORESCOPE_EXPLAIN_H
#define STORESCOPE_EXPLAIN_H

#include "sweep/rig.h"

struct explanation {
    bool again;                // the rule was broken this time, too; else nothing below holds
    struct rule_params params; // with which it was
    char message[RULE_MESSAGE_MAX];
    uint32_t *accesses; // the caller's: room for CAPACITY indices into rig->trace
    size_t capacity, count;
};

// Does explaining a check take the bytes that were stored?
bool explain_wants_values(const struct check *check);

// Records the case into the rig and builds its shadow. False when there is no
// trace to explain; rig->trace says why.
bool explain_record(struct rig *rig, const struct copy_case *c, bool values);

// Of the case just recorded. ACCESSES and CAPACITY are set by the caller.
void explain_check(struct rig *rig, const struct check *check, struct explanation *out);

// Puts the arena in order again.
void explain_end(struct rig *rig);

#endif
