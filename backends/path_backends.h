// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Routines in files that the user names.

#ifndef STORESCOPE_PATH_BACKENDS_H
#define STORESCOPE_PATH_BACKENDS_H

#include "backends/backend.h"
#include "base/error.h"

// PATH:SYMBOL, as backend_list_find has it.
bool path_find(const char *pattern, struct backend_list *out, struct error *error);

#endif
