// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a bench measured, a row each, printed as it comes. It can be saved as JSON, and
// set beside what was saved earlier, so that a change that costs speed is seen:
//
//   {"bench": "recording", "cpu": "...", "date": "...",
//    "rows": [{"measure": "...", "value": 12.5, "better": "less"}]}
//
// `value` is null where it could not be measured.

#ifndef STORESCOPE_BENCH_TABLE_H
#define STORESCOPE_BENCH_TABLE_H

#include "base/error.h"

#include <cjson/cJSON.h>
#include <stdbool.h>

enum better { BETTER_LESS, BETTER_MORE };

struct table {
    const char *json_path; // NULL: it is not saved
    cJSON *json, *earlier; // `earlier`: the other's rows, or NULL; owned by `against`
    cJSON *against;
};

// For BENCH, with the arguments that all benches take: [--json FILE] [--against FILE], from
// ARGV[1] on; *NEXT is the first that is none of them. False and one line in ERROR.
bool table_open(struct table *t, const char *bench, int argc, char **argv, int *next,
                struct error *error);

// FORMAT takes VALUE; NAN was not measured. GOAL: what is to be reached, or "".
void table_row(struct table *t, const char *what, const char *format, double value,
               enum better better, const char *goal);

// Saves it, and frees what it holds.
bool table_close(struct table *t, struct error *error);

#endif
