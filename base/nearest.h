// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The names nearest to one that nobody has, for a message: those with few
// letters changed, or with the wanted one as a part.

#ifndef STORESCOPE_NEAREST_H
#define STORESCOPE_NEAREST_H

#include <stddef.h>

enum { NEAREST_MAX = 3, NEAREST_NAME_MAX = 96, NEAREST_TEXT_MAX = NEAREST_MAX * 104 };

struct nearest {
    const char *wanted;
    size_t count;
    unsigned distance[NEAREST_MAX];
    char name[NEAREST_MAX][NEAREST_NAME_MAX];
};

// How many letters are changed, left out, put in, or swapped with the next to make the one
// of the other (optimal string alignment). B is shorter than NEAREST_NAME_MAX.
unsigned nearest_distance(const char *a, const char *b);

void nearest_offer(struct nearest *n, const char *name);

// " (did you mean a, b or c?)", or "" when nothing is near.
void nearest_print(const struct nearest *n, char *text, size_t text_size);

#endif
