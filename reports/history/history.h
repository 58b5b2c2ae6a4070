// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A routine's verdicts over time: what earlier JSON reports say of the routines and
// contracts of the one at hand. Takes reports of check and compare, or of the format
// `verdicts'; keeps of each what it was, when, and verdict by verdict which rules were
// broken. A routine of a file is the same one wherever the file lay (backends/file_name.h).

#ifndef STORESCOPE_HISTORY_H
#define STORESCOPE_HISTORY_H

#include "base/clock.h"
#include "base/error.h"
#include "reports/change.h"
#include "sweep/verdict.h"

#include <cjson/cJSON.h>

struct history_verdict {
    const char *contract;
    enum verdict verdict;
    uint64_t rules; // that were broken, bits by id
    uint64_t planned;
};

struct history_routine {
    char *backend; // owned, as `verdicts'
    enum copy_op op;
    struct history_verdict *verdicts;
    size_t count;
};

struct history_report {
    char *path;    // owned
    char date[24]; // as clock_date has it
    char version[24], cpu[128];
    struct history_routine *routines; // owned
    size_t count;
    char **contracts; // their names; owned
    size_t contract_count;
};

struct history {
    struct history_report *reports; // the oldest first; owned
    size_t count;
};

// What is expected of a report: that it is not later than DATE, and about the same side.
struct history_wanted {
    const char *date; // NULL: any
    enum device_side device;
};

enum history_taken { HISTORY_TAKEN, HISTORY_NOT_EARLIER, HISTORY_NO_REPORT };

// Adds what a report says; WRITTEN is when its file was, for a report that has no date.
// Where it is none that can be taken, ERROR says why, in one line.
enum history_taken history_add(struct history *h, const cJSON *report, const char *path,
                               time_t written, const struct history_wanted *wanted,
                               struct error *error);
void history_free(struct history *h);

// Of a routine: reports downwards, the one at hand last, contracts across.
struct history_table {
    size_t rows, columns;
    const struct history_verdict **cells; // NULL: not in that report. Owned
    struct history_verdict *now;          // the last row; owned
};

// RESULTS are those of a routine, one a contract. To be freed.
void history_table_make(const struct history *h, const struct result *results, size_t count,
                        struct history_table *out);
void history_table_free(struct history_table *t);

const struct history_verdict *history_cell(const struct history_table *t, size_t row,
                                           size_t column);

// Is the routine in the report of a row?
bool history_knows(const struct history_table *t, size_t row);

// What became of a verdict since the row before that has it; same where none has. Other
// cases may break other rules: it is no better and no worse then, and only changed.
enum change history_change(const struct history_table *t, size_t row, size_t column);

// The heaviest of a row's.
enum change history_row_change(const struct history_table *t, size_t row);

#endif
