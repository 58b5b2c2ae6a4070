// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Numbers and times as users write them.

#ifndef STORESCOPE_BASE_NUMBER_H
#define STORESCOPE_BASE_NUMBER_H

#include <stdbool.h>
#include <stdint.h>

// Reads a number at TEXT, decimal or 0x hex, without sign; END is set to the
// character after it. False when there is none, or it is above UINT64_MAX.
bool number_parse(const char *text, const char **end, uint64_t *out);

// A number that is the whole of TEXT.
bool number_whole(const char *text, uint64_t *out);

// A number and a unit of time that is the whole of TEXT, "500ms" or "8h", in
// milliseconds. False when it is 0, above MAX_MS, or its unit is none of FROM..TO.
enum number_unit { NUMBER_MS, NUMBER_S, NUMBER_M, NUMBER_H, NUMBER_D };
bool number_time(const char *text, enum number_unit from, enum number_unit to, uint64_t max_ms,
                 uint64_t *out_ms);

#endif
