// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Counts the accesses of one call: how many, how wide, where, in which order,
// and which bytes were stored more than once.

#ifndef STORESCOPE_WATCH_TALLY_H
#define STORESCOPE_WATCH_TALLY_H

#include "watch/log.h"

// For each byte of FILE that was ever stored, or loaded, the last call that did so. Needs
// four bytes a byte, for the pages that are stored to.
struct stamps;
struct stamps *stamps_new(void);
void stamps_free(struct stamps *s);

// Adds an access to the tally of its kind, which has the stamps of that kind.
void watch_tally_add(struct watch_tally *t, const struct watch_access *a, struct stamps *stamps);

#endif
