// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What `probe` found, routine by routine.

#ifndef STORESCOPE_PROBE_REPORT_H
#define STORESCOPE_PROBE_REPORT_H

#include "base/terminal.h"
#include "probe/probe.h"

void probe_text(const struct probe_result *r, const struct terminal *terminal, FILE *out);

// One object: its beginning, an item a result, its end.
void probe_json_begin(const struct map *map, FILE *out);
void probe_json_add(const struct probe_result *r, bool first, FILE *out);
void probe_json_end(FILE *out);

#endif
