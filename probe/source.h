// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What is copied, or set, when memory is probed.

#ifndef STORESCOPE_PROBE_SOURCE_H
#define STORESCOPE_PROBE_SOURCE_H

#include <stdint.h>

// SIZE bytes that follow from the seed alone, none of them PROBE_FILL.
void probe_source(uint64_t seed, uint8_t *bytes, uint64_t size);

// The value that a routine is to set, as memset takes it: the first of these bytes, and
// negative where it is above 0x7f.
int probe_value(uint64_t seed);

#endif
