// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a copy does to whoever looks: a story is one interleaving of a case's atomic pieces
// with the steps of an observer, in an order that the CPU's memory model allows, that ends
// as no copy could end that stores each element once, whole and ascending. It is told of a
// finding's witness, not of a sweep.

#ifndef STORESCOPE_STORY_H
#define STORESCOPE_STORY_H

#include "story/observer.h"
#include "trace/recording.h"

enum story_outcome {
    STORY_TOLD,         // there is one
    STORY_NONE,         // all interleavings were searched, and none goes wrong
    STORY_CUT,          // a limit was reached before; none of those searched goes wrong
    STORY_NOT_SEARCHED, // `reason`
    STORY_OUTCOME_COUNT
};
extern const char *const story_outcome_name[STORY_OUTCOME_COUNT];

enum { STORY_STEPS_MAX = 64, STORY_NAMES_MAX = 4 * CONTRACT_NAME_MAX };

struct story {
    enum story_outcome outcome;
    char observer[STORY_NAMES_MAX]; // who sees it; else all who have looked, ", " between
    char about[OBSERVER_TEXT_MAX];  // TOLD: what that one does
    enum device_side side;          // TOLD: of the element
    uint64_t offset;                // ... bytes from the start of that side
    unsigned width;                 // ... bytes
    uint64_t interleavings;         // searched
    char *steps[STORY_STEPS_MAX];   // TOLD: what happens, a sentence each; owned
    size_t step_count;
    char bad[OBSERVER_TEXT_MAX]; // TOLD: what has gone wrong in the end
    char reason[OBSERVER_TEXT_MAX + CONTRACT_NAME_MAX];
};
void story_free(struct story *s); // may be NULL

// Does the contract promise, by its rules, that the observer is not led astray?
bool story_is_promised(const struct observer *o, const struct contract *contract,
                       enum device_side device, enum copy_op op);

// One observer looks at a case. WIDTH_MAX: of the elements it watches, bytes.
struct story *story_look(const struct observer *o, const struct contract *contract,
                         enum device_side device, unsigned width_max, const struct copy_case *c,
                         const struct recording *r);

// The widest element that the contract promises to be stored whole; 1: none.
unsigned story_width(const struct contract *contract, enum device_side device,
                     enum device_side side);

// What tells of a broken rule: NAMED, or where it is NULL the first of the built-in
// observers that fit the rule and the contract. The caller frees it.
struct story *story_of(const struct observer *named, enum rule_id rule,
                       const struct contract *contract, enum device_side device,
                       const struct copy_case *c, const struct recording *r);

#endif
