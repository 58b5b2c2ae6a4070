// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The matrix of `compare`: a line per backend, a column per contract, a mark a
// cell. A cell that violates shows the first rule that was broken, in full
// where it fits, else by a short name that is explained below the matrix. Then
// each broken rule with its smallest case, and what was not judged and why.

#ifndef STORESCOPE_MATRIX_H
#define STORESCOPE_MATRIX_H

#include "reports/report.h"

struct matrix_cell {
    enum verdict verdict;
    enum proved proved;
    const char *says;         // the verdict's name for a reader
    enum rule_id rule;        // VIOLATES only: the first broken; where a hint explains what
                              // is returned, the first other one
    struct copy_case witness; // ... and its smallest case
    char reason[TRACE_REASON_MAX];
};

struct matrix_row {
    const struct backend *backend;
    enum copy_op op;
    char cpu[RECORDER_CPU_MAX]; // model that was emulated; "": none was
    char *hint;                 // of its results; owned
    struct matrix_cell *cells;  // one a contract
};

struct matrix {
    const struct contract *contracts;
    size_t contract_count;
    struct matrix_row *rows;
    size_t row_count, row_capacity;
};

// CONTRACTS stay the caller's, and must outlive the matrix.
void matrix_init(struct matrix *m, const struct contract *contracts, size_t contract_count);
void matrix_free(struct matrix *m);

// One more line; keeps what it needs of RESULTS, one a contract in order.
void matrix_add(struct matrix *m, const struct result *results);

void matrix_print(const struct matrix *m, const struct terminal *terminal, FILE *out);

// One line of the matrix, and what stands above all of them, in columns of the least width
// after names of NAME columns: for whoever shows lines as they come. A line nothing of which
// was run is none. Each returns how many lines it has printed.
unsigned matrix_heading_print(const struct matrix *m, unsigned name, FILE *out);
unsigned matrix_row_print(const struct matrix *m, size_t row, unsigned name,
                          const struct terminal *terminal, FILE *out);
enum { MATRIX_PITCH_MIN = 5 };

// The name of a rule in at most four characters.
const char *matrix_rule_short(enum rule_id rule);

#endif
