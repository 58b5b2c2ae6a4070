// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The lines of the matrix as they are finished, for who waits for it: on a terminal, and
// taken away when the matrix itself is shown there, as far as the screen still holds them;
// in a log line by line.

#ifndef STORESCOPE_ROWS_H
#define STORESCOPE_ROWS_H

#include "reports/text/matrix.h"

struct rows {
    FILE *out; // NULL: show nothing
    struct terminal terminal;
    const struct contract *contracts;
    size_t contract_count;
    unsigned name;  // columns of a line's name
    unsigned lines; // printed
};

// NAME: length of the longest name to come. CONTRACTS must outlive it.
void rows_init(struct rows *r, FILE *out, const struct contract *contracts, size_t contract_count,
               size_t name);
// One line, of results one a contract in order.
void rows_add(struct rows *r, const struct result *results);
// Takes them away, on a terminal whose screen holds all of them.
void rows_clear(struct rows *r);

#endif
