// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Routines in files for other CPUs.

#ifndef STORESCOPE_CROSS_PATH_H
#define STORESCOPE_CROSS_PATH_H

#include "backends/backend.h"
#include "base/error.h"

// PATH:SYMBOL of a file for another CPU, GIVEN as the user wrote PATH.
enum cross_found {
    CROSS_NOT,    // the file is none
    CROSS_FOUND,  // appended
    CROSS_FAILED, // one line in ERROR
};
enum cross_found cross_find(const char *given, const char *path, const char *symbol,
                            struct backend_list *out, struct error *error);

#endif
