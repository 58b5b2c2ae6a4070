// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Routines in files that the user names.

#ifndef STORESCOPE_PATH_BACKENDS_H
#define STORESCOPE_PATH_BACKENDS_H

#include "backends/backend.h"
#include "base/error.h"

struct call;

// May it be PATH:SYMBOL, or PATH alone?
bool path_is_routine(const char *word);

// PATH or PATH:SYMBOL with how the routine is called: PATH:CALL, for path_find. The
// caller frees it. NULL and one line in ERROR.
char *path_with_call(const char *word, const struct call *call, struct error *error);

// PATH:SYMBOL, as backend_list_find has it.
bool path_find(const char *pattern, struct backend_list *out, struct error *error);

#endif
