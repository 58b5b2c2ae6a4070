// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The rules of several contracts as one flat list of checks, for a given
// device side: a rule that several contracts share with the same parameters is
// one check, made once a case. Tallies count, for each check, the cases that
// broke it and keep the smallest.

#ifndef STORESCOPE_JUDGE_H
#define STORESCOPE_JUDGE_H

#include "case/heatmap.h"
#include "judge/contract.h"

enum { CHECK_PARAMS_MAX = 4, CHECK_NONE = UINT16_MAX };

// Broken when the rule is broken with any of the parameters (a contract may
// have a row for each side).
struct check {
    enum rule_id rule;
    struct rule_params params[CHECK_PARAMS_MAX];
    size_t param_count;
};

struct judge {
    struct check *checks; // in the order of the rule table
    size_t count;
    uint16_t first_of[RULE_COUNT + 1]; // where each rule's checks begin
    uint64_t rules;                    // bits by id: rules that have checks
    uint64_t scans;                    // those of them that some check has scan
    uint64_t alignment_mask;           // bits of addresses that checks ask about
    bool asks_source;                  // ... of the source's too
    size_t data_dependent;             // index of that check, or `count`: the last
    uint16_t (*check_of)[RULE_COUNT];  // [contract][rule], or CHECK_NONE
    size_t contract_count;
    bool loads, values; // what some check needs recorded
    unsigned lines;     // LINE_* bits that some check asks about, see order_lines
    bool rewrites;      // does some check ask what stores outside put there?
};

struct tally {
    uint64_t cases;
    struct copy_case witness;
};

// False when memory runs out.
bool judge_init(struct judge *j, const struct contract *contracts, size_t contract_count,
                enum device_side device);
void judge_free(struct judge *j);

// NULL, or the first of the check's parameters with which the rule is broken.
const struct rule_params *check_broken(const struct check *check, const struct shadow *s);

// Makes every check but the data-dependent one on the shadow of a case. BROKEN, with
// room for all checks, gets those that it breaks, in order; gives their number.
size_t judge_case(const struct judge *j, const struct shadow *s, uint16_t *broken);

// Looks whether a case that was just counted is the smallest.
void tally_look(struct tally *t, const struct copy_case *c);
static inline void tally_add(struct tally *t, const struct copy_case *c)
{
    // The size and the offsets decide nearly always, and a sweep may break a rule in every case.
    const struct copy_case *w = &t->witness;
    bool apart = !c->overlapping && !w->overlapping;
    if (t->cases++ == 0 ||
        (c->size <= w->size &&
         !(c->size == w->size && apart &&
           (c->dst_off > w->dst_off || (c->dst_off == w->dst_off && c->src_off > w->src_off)))))
        tally_look(t, c);
}
void tally_merge(struct tally *into, const struct tally *from);

#endif
