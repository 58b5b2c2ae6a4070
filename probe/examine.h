// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Findings of what a run left behind: a pure function of it.

#ifndef STORESCOPE_EXAMINE_H
#define STORESCOPE_EXAMINE_H

#include "probe/probe.h"

// Appends a finding with no place in the destination, or one.
void finding_add(struct probe_result *r, enum probe_rule rule, uint64_t lo, uint64_t hi,
                 const char *format, ...) __attribute__((format(printf, 5, 6)));

// How the routine ended, and what it returned.
void examine_end(const struct probe_run *run, struct probe_result *r);

// What memory holds: r->wanted and r->got, and of the source what RUN says.
void examine_memory(const struct probe_run *run, struct probe_result *r);

// Of a finding about bytes: those that differ.
bool finding_differs(const struct probe_result *r, uint64_t index);

#endif
