// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a sweep was asked for: the routines, in order, with what each was swept with, and
// the contracts. It stands at the head of its JSON report. All shards of a sweep have the
// same, but for their number; so shards of two sweeps are told apart, and what is missing
// is known.

#ifndef STORESCOPE_SWEEP_HEAD_H
#define STORESCOPE_SWEEP_HEAD_H

#include "base/error.h"
#include "case/shard.h"
#include "judge/contract.h"

#include <cjson/cJSON.h>

// A routine and an op of it.
struct sweep_routine {
    // As struct backend has them, and the name of its arch; only the name is never NULL. Owned.
    char *name, *path, *symbol, *from, *arch;
    char *build_id; // of the file at PATH; NULL: it has none, or nobody looked
    enum copy_op op, own_op;
    bool named;     // by the command line; what a glob brings along may be left unjudged
    bool runs;      // here; else its results say why not
    uint64_t cases; // of its plan
    // Digests of the plan, and of the file that the code comes from.
    uint64_t plan, code;
};

struct sweep_contract {
    char *name, *memory; // owned
    uint64_t rules;      // a digest
};

struct sweep_head {
    struct shard shard;
    char *command; // "check" or "compare"
    enum device_side device;
    char *recorder; // that was asked for; owned, as the rest
    char *cpu;      // --cpu, or NULL
    char **link;    // --link
    size_t link_count;
    struct sweep_contract *contracts;
    size_t contract_count;
    struct sweep_routine *routines;
    size_t routine_count;
};

cJSON *sweep_head_object(const struct sweep_head *head);

// The inverse, freed by sweep_head_free in any case. False and one line in ERROR when it
// is none.
bool sweep_head_read(const cJSON *object, struct sweep_head *out, struct error *error);

// Are they of the same sweep? False and in ERROR what of B differs, to go on after "its".
bool sweep_head_same(const struct sweep_head *a, const struct sweep_head *b, struct error *error);

// What its shard has of a routine, by its index.
enum shard_share sweep_head_share(const struct sweep_head *head, size_t routine,
                                  struct shard shard);

void sweep_head_free(struct sweep_head *head);

// A digest of the rules of a contract, whatever it is called.
uint64_t sweep_rules_digest(const struct contract *contract);

#endif
