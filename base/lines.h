// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Reads a short text of a user's own line by line: blanks around a line, and a
// carriage return, are none of it. Knows where it is, for messages. Judges no
// word of it.

#ifndef STORESCOPE_TEXT_LINES_H
#define STORESCOPE_TEXT_LINES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { TEXT_LINE_MAX = 2048 };

struct text_lines {
    const char *file; // only named in messages
    const char *at, *end;
    unsigned line; // of the latest, from 1
    struct error *error;
};

// The next line as it stands, without its end. False at the end.
bool text_lines_cut(struct text_lines *t, const char **line, size_t *length);

// The next line. BAD: it is no text, or as long as TEXT_LINE_MAX. False at the end.
bool text_lines_next(struct text_lines *t, char line[TEXT_LINE_MAX], bool *bad);

// "FILE:LINE: ..." into the error, one printable line. Returns false.
bool text_lines_fail(const struct text_lines *t, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
