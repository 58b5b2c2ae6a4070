// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the files of the history share.

#ifndef STORESCOPE_HISTORY_DB_H
#define STORESCOPE_HISTORY_DB_H

#include "base/error.h"
#include "fuzz/campaign/history.h"

#include <sqlite3.h>
#include <stdarg.h>

struct history {
    sqlite3 *db;
    char *path;
};

// What SQLite has to say, as one line. Returns false.
bool history_fail(const struct history *h, struct error *error);

// Prepares a statement and binds its parameters: TYPES has t (text), n (int64_t)
// or d (double) for each. The statement is to be finalized in any case.
bool history_bind(struct history *h, sqlite3_stmt **s, const char *sql, const char *types, ...);

#endif
