// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The lists of `storescope list`, gathered by a glob and shown as text or
// JSON.

#ifndef STORESCOPE_LIST_ROWS_H
#define STORESCOPE_LIST_ROWS_H

#include "backends/selection.h"
#include "base/error.h"
#include "base/terminal.h"

enum list_kind {
    LIST_BACKENDS,
    LIST_RECORDERS,
    LIST_CONTRACTS,
    LIST_RULES,
    LIST_OBSERVERS,
    LIST_KIND_COUNT
};
extern const char *const list_kind_name[LIST_KIND_COUNT];

// Which backends: those of a glob, whether or not they can run here; without a glob those
// that can, and of the others a line a reason.
enum list_which { LIST_EVERY, LIST_READY, LIST_MISSING };

struct list_rows {
    struct selection backends;
    enum list_which which;
    const char *glob; // over the names of the other kinds; NULL: all
};

// KINDS: bit per enum list_kind. False and one line in ERROR when nothing in
// them matches the glob. ALL: planted backends as well.
bool list_gather(struct list_rows *rows, unsigned kinds, const char *glob, bool all,
                 struct error *error);
void list_free(struct list_rows *rows);

void list_text(const struct list_rows *rows, unsigned kinds, const struct terminal *terminal,
               FILE *out);
void list_json(const struct list_rows *rows, unsigned kinds, FILE *out);

#endif
