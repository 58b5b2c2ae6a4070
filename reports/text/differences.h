// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What changed against expectations (findings/difference.h), as text and JSON: only
// what is new, gone or worse.

#ifndef STORESCOPE_DIFFERENCES_H
#define STORESCOPE_DIFFERENCES_H

#include "findings/difference.h"
#include "reports/format.h"

// In place of the formats `text` and `json` of compare.
extern const struct format format_text_baseline, format_json_baseline;

void baseline_text(const struct baseline *b, const struct terminal *terminal, FILE *out);
// The same as an object for another report, a struct cJSON.
struct cJSON *baseline_object(const struct baseline *b);
void baseline_json(const struct baseline *b, FILE *out);

#endif
