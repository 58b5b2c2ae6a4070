// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// How text looks where it goes: its width, whether it may hold colour and
// characters beyond ASCII, and the few helpers that print accordingly. Colour
// only repeats what a word or a sign already says.

#ifndef STORESCOPE_TERMINAL_H
#define STORESCOPE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

struct look {
    unsigned columns; // 80 where the output is no terminal
    bool utf8;        // by the locale
    bool color;
};

// What OUT can show. AUTO means colour on a terminal, unless NO_COLOR is set
// to something or TERM is dumb.
struct look look_of(FILE *out, enum color_when when);
struct look look_at(int fd, enum color_when when);

enum hue { HUE_NONE, HUE_GOOD, HUE_BAD, HUE_DOUBT, HUE_FAINT, HUE_STRONG };
void look_start(const struct look *look, FILE *out, enum hue hue);
void look_end(const struct look *look, FILE *out, enum hue hue);

// The bytes of what look_start or look_end has printed at TEXT; 0: more of it must
// be known to tell; 1: it is neither.
size_t look_color_bytes(const char *text, size_t length);

// TEXT in a hue; returns the columns it took (one a character).
unsigned look_put(const struct look *look, FILE *out, enum hue hue, const char *text);

// TEXT broken at blanks, each line indented by INDENT columns, ended by a
// newline. A word wider than the line is not broken.
void look_wrap(const struct look *look, FILE *out, unsigned indent, const char *text);

// Digits of VALUE in base ten.
unsigned look_digits(uint64_t value);

// WORD as one argument of a POSIX shell: as it is where that is safe, in
// quotes otherwise.
void look_quote(FILE *out, const char *word);

#endif
