// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A shard is one of several parts of a sweep, each for a machine of its own. Which
// routines and cases are its follows from its number alone, so no two machines have to
// talk to each other; all shards together are the sweep.
//
// Routines go round, one a shard, as long as there is one for each. Those that are left
// over are split: each shard has every OF-th of their cases.

#ifndef STORESCOPE_SHARD_H
#define STORESCOPE_SHARD_H

#include <stdbool.h>
#include <stdint.h>

enum { SHARDS_MAX = 4096 };

struct shard {
    uint32_t number, of; // 1..of; all zero, or 1 of 1: the whole sweep
};

// Reads "2/8". False on anything else.
bool shard_parse(const char *text, struct shard *out);

enum shard_share {
    SHARE_NOTHING,
    SHARE_ALL,
    SHARE_CASES, // those of shard_cases
};

// What the shard has of the ROUTINE-th of ROUTINES, counted from 0, which has CASES.
enum shard_share shard_share(struct shard shard, uint64_t routine, uint64_t routines,
                             uint64_t cases);

// How many of CASES are the shard's: those with the numbers shard_case(shard, 0), ...
uint64_t shard_cases(struct shard shard, uint64_t cases);
static inline uint64_t shard_case(struct shard shard, uint64_t index)
{
    return shard.number - 1 + index * shard.of;
}

#endif
