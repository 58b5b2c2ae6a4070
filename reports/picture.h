// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The picture of a copy: one bar per access over the offsets of the copy's
// bytes. A cell of the bar stands for one byte, or for 2, 4, 8, ... where there
// are more bytes than cells. A byte that an earlier access of the picture
// already touched is marked as touched again.

#ifndef STORESCOPE_PICTURE_H
#define STORESCOPE_PICTURE_H

#include "base/terminal.h"
#include "reports/access_text.h"

enum mark { MARK_NONE, MARK_FIRST, MARK_AGAIN };

struct picture {
    uint64_t size;           // bytes
    uint64_t bytes_per_cell; // a power of two
    unsigned cells;
    uint8_t *marks;    // enum mark, one a cell, of the last access added
    uint8_t *touched;  // times, one a byte, up to 255
    bool below, above; // the last access also touched bytes outside
    bool again;        // ... or some byte again
};

// A picture of SIZE bytes in at most CELLS_MAX cells.
void picture_init(struct picture *p, uint64_t size, unsigned cells_max);
void picture_free(struct picture *p);

// Counts the access in and leaves its bar in `marks`.
void picture_add(struct picture *p, const struct extent *e, const struct access *a);

// Prints the bar of the last access added: `cells` columns. `load` draws it
// with the signs of loads.
void picture_print_bar(const struct picture *p, const struct terminal *terminal, FILE *out,
                       bool load);

// What the signs mean: "= stored  # stored again".
void picture_print_legend(const struct picture *p, const struct terminal *terminal, FILE *out,
                          bool loads);

// One sentence on what stands out in the stores of a recording of SIZE bytes.
void picture_sentence(const struct recording *r, uint64_t size, char *text, size_t text_size);

#endif
