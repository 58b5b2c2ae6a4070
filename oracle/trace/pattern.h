// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A pattern says in one line which stores a routine makes for a whole range of
// sizes, each at an offset from the copy's start or from its end:
//
//   33..64: [0,32) then [n-32,n); [n-32,32) is stored twice
//
// Patterns are read off recordings of one size after the other. They judge nothing,
// and speak of the sizes that were recorded, at the alignment they were.

#ifndef STORESCOPE_PATTERN_H
#define STORESCOPE_PATTERN_H

#include "trace/trace.h"

enum {
    PATTERN_STORES_MAX = 12, // of a pattern that names each store
    PATTERN_RUNS_MAX = 6,    // of a pattern that names runs of equal stores
};

// Where a store begins or ends: at a fixed offset, at one from the end, or (as
// far as the sizes seen so far tell) either.
struct pattern_end {
    bool fixed, from_end;
    int64_t at, before_end;
};

// A store, or a run of stores of one width that touch each other.
struct pattern_part {
    struct pattern_end lo, hi;
    uint64_t width; // bytes of each store; 0: not the same for all sizes
    bool run;       // several stores
    bool downwards; // of a run
};

struct pattern_form {
    bool holds; // for all sizes of the pattern
    size_t count;
    struct pattern_part parts[PATTERN_STORES_MAX];
};

// Bytes stored more than once, where they are one run of bytes, or none at all.
struct pattern_again {
    bool known; // for all sizes of the pattern
    struct pattern_end lo, hi;
};

struct pattern {
    uint64_t lo, hi, unit; // sizes lo, lo + unit, ..., hi
    struct pattern_form stores, runs;
    struct pattern_again again;
    bool again_holds; // how many: again_slope * n + again_base
    int64_t again_slope, again_base;
    unsigned times_max;             // how often any byte is stored
    char refused[TRACE_REASON_MAX]; // why these sizes were not recorded; "": they were
};

struct patterns {
    struct pattern *items; // in the order of sizes, without gaps between the first
                           // size and the last; owned
    size_t count, capacity;
    struct pattern_scratch *scratch;
};

// Zeroed: no patterns yet. Takes the recording of one more size, the sizes growing
// by UNIT. Of a recording that did not return it only notes that no pattern holds, and of
// one that was refused why.
void patterns_add(struct patterns *patterns, const struct recording *r, uint64_t size,
                  uint64_t unit);
void patterns_free(struct patterns *patterns);

// One line of text: the sizes, and which stores are made for them.
enum { PATTERN_SIZES_MAX = 64, PATTERN_TEXT_MAX = 512, PATTERN_LINES_MAX = 4 };
struct pattern_line {
    char sizes[PATTERN_SIZES_MAX]; // "33..64", "8k+1..8k+7"
    char text[PATTERN_TEXT_MAX];   // "[0,32) then [n-32,n); [n-32,32) is stored twice"
};

// The lines about the pattern at index AT, and about those after it that say no more:
// where a few patterns come again and again for larger sizes, each is one line with a
// k. Returns the index of the next pattern to tell; COUNT is the number of LINES.
size_t patterns_lines(const struct patterns *patterns, size_t at,
                      struct pattern_line lines[PATTERN_LINES_MAX], size_t *count);

#endif
