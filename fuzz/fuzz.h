// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What fuzz targets share. A property that does not hold aborts, in every build
// and under every engine.

#ifndef STORESCOPE_FUZZ_H
#define STORESCOPE_FUZZ_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_HOLDS(property)                                                              \
    do {                                                                                  \
        if (!(property)) {                                                                \
            fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #property); \
            abort();                                                                      \
        }                                                                                 \
    } while (0)

// The promise of every function that takes an `error`: one line, and it says
// something.
static inline void fuzz_error_is_one_line(const struct error *error)
{
    FUZZ_HOLDS(memchr(error->text, '\0', sizeof error->text) != NULL);
    FUZZ_HOLDS(error->text[0] != '\0');
    FUZZ_HOLDS(strchr(error->text, '\n') == NULL);
}

#endif
