// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Drawings of a page, each written once: many routines do the very same thing in
// many cases. A drawing that comes again refers to the first. Of what was written
// it keeps a number of 16 bytes alone.

#ifndef STORESCOPE_DEDUP_H
#define STORESCOPE_DEDUP_H

#include "reports/svg/markup.h"

struct dedup_entry {
    uint64_t hash[2]; // never both zero
    size_t id;
};

struct dedup {
    struct dedup_entry *entries; // open addressing; owned
    size_t count, capacity;
};

// A stream for a drawing, within an svg element, and its end: into M as a group,
// or as a reference to the one that was the same.
struct dedup_drawing {
    struct markup markup; // draw here
    char *text;
    size_t length;
};
void dedup_begin(struct dedup_drawing *d, const struct markup *m);
void dedup_end(struct dedup *dedup, struct dedup_drawing *d, struct markup *m);

// Has TEXT been here before? Its number, from 0, either way.
bool dedup_seen(struct dedup *dedup, const char *text, size_t length, size_t *id);

void dedup_free(struct dedup *dedup);

#endif
