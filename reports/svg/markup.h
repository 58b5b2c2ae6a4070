// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Writes HTML and SVG element by element. Whatever text it is given comes out as
// text: escaped, and UTF-8 that XML allows, whatever bytes it held. Elements are
// closed in the order in which they were opened; nothing else is possible. It
// keeps nothing of what was written. A terse one leaves out what HTML lets go:
// quotes around plain values, and end tags that the next start tag implies.

#ifndef STORESCOPE_MARKUP_H
#define STORESCOPE_MARKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { MARKUP_DEPTH_MAX = 32 };

struct markup {
    FILE *out;
    const char *open[MARKUP_DEPTH_MAX]; // names of the elements that are open
    unsigned depth;
    unsigned foreign; // depth of the outermost svg element; 0: none is open
    bool in_tag;      // attributes of the innermost may still follow
    bool bare;        // the latest attribute has no quotes
    bool terse;       // HTML, not XML
};

void markup_init(struct markup *m, FILE *out);

// Begins an element; its attributes follow, then its content. TAG must outlive it.
void markup_open(struct markup *m, const char *tag);
void markup_attr(struct markup *m, const char *name, const char *value);
void markup_attr_format(struct markup *m, const char *name, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
// An attribute that counts by being there.
void markup_flag(struct markup *m, const char *name);

void markup_text(struct markup *m, const char *text);
void markup_format(struct markup *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Ends the innermost element.
void markup_close(struct markup *m);
// Ends the N innermost.
void markup_close_all(struct markup *m, unsigned n);

// Shorthands: begin an element of a class ("" for none); a whole one with text.
void markup_open_class(struct markup *m, const char *tag, const char *class);
void markup_element(struct markup *m, const char *tag, const char *class, const char *text);

// Content of the innermost element as it is. For text of this program's own (its
// style sheet), and for what was written through another markup.
void markup_raw(struct markup *m, const char *text, size_t length);

#endif
