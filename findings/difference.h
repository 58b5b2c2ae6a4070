// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What changed against expectations (expectations.h). Who compares fills the
// structure; reports print it.
//
// A difference is: a rule newly broken; a rule no longer broken; a rule broken
// at other sites than are known; a rule that now breaks at a smaller size, with
// the same tunables. A larger smallest size is none, nor are other offsets.

#ifndef STORESCOPE_FINDINGS_DIFFERENCE_H
#define STORESCOPE_FINDINGS_DIFFERENCE_H

#include "findings/expectations.h"

enum difference_kind {
    DIFFERENCE_NEW_RULE,
    DIFFERENCE_NEW_SITES,
    DIFFERENCE_WORSE,
    DIFFERENCE_GONE,
    DIFFERENCE_KINDS
};
extern const char *const difference_name[DIFFERENCE_KINDS];

struct difference {
    enum difference_kind kind;
    char *backend; // owned
    struct expect_key key;
    enum rule_id rule;
    bool has_before, has_now;
    struct copy_case before, now;
    char sites[SIGNATURE_PAIR_MAX]; // of now; "" when GONE
    char message[RULE_MESSAGE_MAX]; // of now
};

struct unjudged { // what could not be compared
    char *backend;
    char contract[CONTRACT_NAME_MAX];
    char reason[TRACE_REASON_MAX];
};

struct baseline {
    const char *path;    // compared with; NULL: nothing
    const char *written; // rewritten; NULL: not
    struct difference *items;
    size_t count;
    struct unjudged *unjudged;
    size_t unjudged_count;
    uint64_t judged;      // pairs of backend and contract
    uint64_t as_expected; // rules broken as expected
    uint64_t strangers;   // backends that it does not know
    uint64_t recorded;    // their broken rules, where expectations are only written
    bool interrupted;
};

// The item added, all else zero but kind, backend, key and rule.
struct difference *baseline_add(struct baseline *b, enum difference_kind kind, const char *backend,
                                const struct expect_key *key, enum rule_id rule);

void baseline_add_unjudged(struct baseline *b, const char *backend, const char *contract,
                           const char *reason);

void baseline_free(struct baseline *b);

// What a difference of a kind means: "newly broken".
extern const char *const difference_meaning[DIFFERENCE_KINDS];

// Contracts that have the same difference are one story.
bool difference_is_same(const struct difference *a, const struct difference *b);

// Is there a difference of a backend, which has an op, under a contract, and if so,
// is any of them for the worse?
enum { CELL_CHANGED = 1, CELL_WORSE = 2 };
unsigned baseline_cell(const struct baseline *b, const char *backend, enum copy_op op,
                       const char *contract);

#endif
