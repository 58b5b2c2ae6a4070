// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Whose code a routine runs besides its own: functions of other modules that touch memory
// in its recordings, each once.

#ifndef STORESCOPE_CALLS_H
#define STORESCOPE_CALLS_H

#include "reports/where.h"
#include "sweep/verdict.h"

enum { CALLS_MAX = 16 };

struct called {
    char by[WHERE_NAME_MAX];     // what the routine's module calls it; "": not known
    char symbol[WHERE_NAME_MAX]; // its own module's; "": code without a name
    char module[WHERE_NAME_MAX];
};

struct calls {
    struct called items[CALLS_MAX];
    size_t count; // what is beyond CALLS_MAX is left out
};

void calls_of_recording(const struct recording *r, struct calls *out);

// As far as the smallest cases of the findings show it.
void calls_of_results(const struct result *results, size_t count, struct calls *out);

// "memcpy of libc.so.6 (__memmove_evex_unaligned)", names as people write them. TEXT holds
// WHERE_TEXT_MAX bytes. Gives TEXT.
char *called_print(const struct called *c, char *text);

#endif
