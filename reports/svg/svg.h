// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The store picture: time runs downwards, the bytes of the copy across; one bar
// an access, stores over the destination, loads over the source beside it, the
// instruction at each. Bytes stored again, torn and out-of-order stores are
// marked by shape and word, cache lines and pages by lines. Of a long recording
// the middle is drawn as a shape, several accesses to a line, and says so.

#ifndef STORESCOPE_SVG_H
#define STORESCOPE_SVG_H

#include "reports/report.h"
#include "reports/svg/dedup.h"
#include "reports/svg/markup.h"

struct svg_options {
    uint64_t rows_max;   // accesses drawn one by one; 0: all
    bool standalone;     // a document of its own: with its colours and a heading
    struct dedup *dedup; // of the page it is in; NULL: one of its own
};

void svg_picture(struct markup *m, const struct trace_report *report,
                 const struct svg_options *options);

// What the pictures of a page share: the patterns that their bars are filled with.
void svg_patterns(struct markup *m);

// The document of `trace --format svg`.
void svg_document(const struct trace_report *report, uint64_t rows_max, FILE *out);

#endif
