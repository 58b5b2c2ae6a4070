// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// How a store picture is laid out; what svg.c and svg_layout.c share.

#ifndef STORESCOPE_SVG_LAYOUT_H
#define STORESCOPE_SVG_LAYOUT_H

#include "reports/svg/steps.h"
#include "reports/svg/svg.h"

// A strip of the picture that stands for the bytes lo..hi-1 of a buffer.
struct lane {
    double x, width;   // pixels
    double per_byte;   // pixels
    int64_t lo, hi;    // offsets from the buffer's start
    uint64_t page_off; // of the buffer's start
};

struct svg {
    struct markup *m;     // axes, bars and marks: the same for all that store alike
    struct markup *texts; // the instructions
    const struct trace_report *report;
    struct svg_options options;
    struct steps steps;
    struct lane dst, src;
    uint64_t rows;           // steps in all
    uint64_t head_end;       // steps below this number, from 0, are drawn
    uint64_t tail;           // ... and from this one on
    uint64_t per_line;       // steps that one line of the middle stands for
    double row, bar;         // pixels: height of a row, and of its bar
    double number_x, text_x; // right end of the numbers, left end of the text
    double width, y;         // of the picture; where the next row goes
    double range_chars;      // of the widest range
};

enum { SVG_INSTRUCTION_MAX = 1024 };

// Pixels of a character of the picture's fixed-width text.
#define SVG_CHAR 6.62

// Measures the recording and places everything across.
void svg_lay_out(struct svg *p);

// Where an offset lies, kept within the lane.
double lane_x(const struct lane *l, int64_t offset);

// Text of a row behind its bar: range, instruction, marks.
void svg_row_text(const struct svg *p, const struct step *step, char *range, char *instruction,
                  size_t instruction_size);

#endif
