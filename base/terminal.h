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

struct terminal {
    unsigned columns; // 80 where the output is no terminal
    bool is_screen;   // it is one, which breaks what is longer
    bool utf8;        // by the locale
    bool color;
};

// What OUT can show. AUTO means colour on a terminal, unless NO_COLOR is set
// to something or TERM is dumb.
struct terminal terminal_of(FILE *out, enum color_when when);
struct terminal terminal_at(int fd, enum color_when when);

enum hue { HUE_NONE, HUE_GOOD, HUE_BAD, HUE_DOUBT, HUE_FAINT, HUE_STRONG };
void terminal_start(const struct terminal *terminal, FILE *out, enum hue hue);
void terminal_end(const struct terminal *terminal, FILE *out, enum hue hue);

// The bytes of what terminal_start or terminal_end has printed at TEXT; 0: more of it must
// be known to tell; 1: it is neither.
size_t terminal_color_bytes(const char *text, size_t length);

// TEXT in a hue; returns the columns it took (one a character).
unsigned terminal_put(const struct terminal *terminal, FILE *out, enum hue hue, const char *text);

// TEXT broken at blanks, each line indented by INDENT columns, ended by a
// newline. A word wider than the line is not broken.
void terminal_wrap(const struct terminal *terminal, FILE *out, unsigned indent, const char *text);

// Digits of VALUE in base ten.
unsigned terminal_digits(uint64_t value);

// WORD as one argument of a POSIX shell: as it is where that is safe, in
// quotes otherwise.
void terminal_quote(FILE *out, const char *word);

#endif
