// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What the comments on a pull request share: text that stays text whatever it
// holds, and pieces that are left out whole where a comment would get too long.

#ifndef STORESCOPE_MARKDOWN_WRITE_H
#define STORESCOPE_MARKDOWN_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

// What GitHub takes, in characters.
enum { MARKDOWN_COMMENT_MAX = 65536 };

// Text that grows to a limit; a piece that does not fit is left out whole.
struct markdown_text {
    char *bytes;
    size_t length, limit;
    size_t taken, left_out; // pieces
};

void markdown_add(struct markdown_text *t, const char *piece, size_t length);

// Pieces that end in a NUL of theirs, as far as they fit in ROOM; how many do not.
size_t markdown_pieces(const struct markdown_text *t, size_t room, FILE *out);

// TEXT as it is, whatever it holds, in a span of code; a bar would end a CELL.
void markdown_code(FILE *out, const char *text, bool cell);

// A sentence, whose spans of code stay such.
void markdown_sentence(FILE *out, const char *text);

#endif
