// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Earlier reports, and what they say of a routine, as JSON.

#ifndef STORESCOPE_HISTORY_JSON_H
#define STORESCOPE_HISTORY_JSON_H

#include "reports/history/history.h"

// The value of the key "history" of a report: a list of the earlier ones, the oldest
// first. The caller owns it.
cJSON *history_reports_object(const struct history *h);

// That of a result: what each of those that have it says of it, and at last what became
// of it since.
cJSON *history_verdicts_object(const struct history_table *t, size_t column);

#endif
