// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// How many stores the same copy makes on ordinary memory, as a recorder has them.

#ifndef STORESCOPE_STORES_H
#define STORESCOPE_STORES_H

#include "probe/run.h"

// Those to the destination, an element of a string instruction each. False and one line in
// ERROR when there is no trace that can be trusted.
bool stores_recorded(const struct backend *backend, const struct probe_request *request,
                     uint64_t *stores, struct error *error);

#endif
