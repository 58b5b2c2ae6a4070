// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What FILE should hold: what it held when it was first mapped, and what the
// recorded stores put there since. In the end FILE itself must agree; where it
// does not, somebody else stored, or a store was missed.

#ifndef STORESCOPE_FILE_CONTENTS_H
#define STORESCOPE_FILE_CONTENTS_H

#include <stdbool.h>
#include <stdint.h>

struct contents;

struct contents_difference {
    uint64_t bytes;  // that differ
    uint64_t lo, hi; // hi: the byte after the last
    bool all_stored; // every one of them was stored to
};

// PATH NULL: nothing is known, and nothing compared.
struct contents *contents_new(const char *path);
void contents_free(struct contents *c);

// Takes what FILE holds now.
void contents_begin(struct contents *c);

// VALUE NULL: stored, but nobody knows what.
void contents_store(struct contents *c, uint64_t offset, const uint8_t *value, uint64_t bytes);

// Does FILE differ?
bool contents_compare(struct contents *c, struct contents_difference *out);

#endif
