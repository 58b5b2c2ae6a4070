// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Which backends a command line means.

#ifndef STORESCOPE_SELECTION_H
#define STORESCOPE_SELECTION_H

#include "backends/backend.h"
#include "base/error.h"

struct selection {
    struct backend_list all, found; // owners of the backends
    const struct backend **items;   // those meant, each once
    size_t count;
};

// PATTERNS as backend_list_find takes them. With none: every backend but the
// planted ones, this system's own libc first and other CPUs' routines last. False and one line in ERROR when a pattern means nothing.
bool select_backends(char *const *patterns, size_t pattern_count, struct selection *out,
                     struct error *error);

void select_free(struct selection *s);

#endif
