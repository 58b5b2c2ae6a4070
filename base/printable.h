// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Names of files, symbols and sections, and messages of foreign code, may hold
// anything: a newline that forges a line of a report, or an escape sequence that
// the reader's terminal obeys. This says what of a text is no character to be
// read, for all that prints: controls (C0, DEL, C1), line and paragraph
// separators, and what turns the direction of the text around it.

#ifndef STORESCOPE_PRINTABLE_H
#define STORESCOPE_PRINTABLE_H

#include <stdbool.h>
#include <stddef.h>

// The bytes of the first character of TEXT, of which LENGTH > 0 bytes are there: in
// *BYTES. Is it one to be read? Bytes that are no UTF-8 are one character each, and
// are, unless a terminal may take them for a C1 control.
bool printable_next(const char *text, size_t length, size_t *bytes);

// May more bytes make one character of what is here, the beginning of UTF-8?
bool printable_is_part(const char *text, size_t length);

// Makes TEXT one line that can be shown: a `?' for each byte that cannot. Gives TEXT.
char *printable(char *text);

#endif
