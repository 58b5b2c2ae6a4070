// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which addresses of the guest are mappings of FILE.

#ifndef STORESCOPE_WATCH_MAPPINGS_H
#define STORESCOPE_WATCH_MAPPINGS_H

#include "watch/plugin/guest.h"

enum { WATCHED_MAX = 256 };

// The lowest watched address, and how many bytes from there may be watched.
extern _Atomic uint64_t watched_low, watched_span;

// The mapping that the byte at ADDR belongs to.
bool watched_find(uint64_t addr, struct watched *out);

// All of them; how many there are.
size_t watched_list(struct watched out[WATCHED_MAX]);

// The guest is about to unmap BYTES at ADDR.
void watched_unmap(uint64_t addr, uint64_t bytes);

// It has given them another protection.
void watched_protect(uint64_t addr, uint64_t bytes, uint8_t protection);

// It has mapped something where NOW says: FILE, if IS_FILE. What it moved there was at
// OLD; with 0 OLD_BYTES it moved nothing.
void watched_map(const struct watched *now, bool is_file, uint64_t old, uint64_t old_bytes);

// Around a fork, so that the child does not inherit a lock that is held.
void watched_before_fork(void);
void watched_after_fork(void);

#endif
