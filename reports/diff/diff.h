// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Two reports side by side: which contracts, rules, sizes and instructions
// changed from A to B. Takes reports as the format `json` writes them, and gives
// a JSON document (docs/schema/diff.schema.json), which is also what is printed
// as text. It runs nothing; who has the routines draws their pictures.

#ifndef STORESCOPE_DIFF_H
#define STORESCOPE_DIFF_H

#include "base/error.h"
#include "reports/format.h"

#include <cjson/cJSON.h>

struct diff_side {
    const char *name; // what the user called it
    bool saved;       // read from a file; else swept now
    cJSON *report;
};

// Has the document what a report of check or compare must have? False and one
// line in ERROR.
bool diff_report_is_valid(const cJSON *report, struct error *error);

// Both reports must be valid. The caller frees the result.
cJSON *diff_make(const struct diff_side *a, const struct diff_side *b);

// Of a document of diff_make: how many pairs of routines there are, how many of
// their verdicts were judged on both sides, and how many are worse.
size_t diff_pairs(const cJSON *diff);
size_t diff_judged(const cJSON *diff);
size_t diff_worse(const cJSON *diff);

// A call that was recorded to show it.
struct diff_recorded {
    const struct backend *backend;
    const char *recorder;
    struct copy_case c;
    struct recording recording; // to be freed
};

// How a document is shown, and where. `record` records the call CASE_TEXT of the
// routine BACKEND of side 0 (A) or 1 (B). False when it cannot be run here; the
// accesses that the report holds are drawn then.
struct diff_view {
    bool (*record)(void *context, int side, const char *backend, const char *case_text,
                   struct diff_recorded *out);
    void *context;
    const struct run_facts *facts; // of the command at hand
    struct terminal terminal;
    FILE *out;
};

// As text; as a comment on a pull request; as a page.
void diff_print(const cJSON *diff, const struct diff_view *view);
void diff_markdown(const cJSON *diff, const struct diff_view *view);
void diff_page(const cJSON *diff, const struct diff_view *view);

#endif
