// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Where in the source code is, by the debug information of the file that holds it:
// for reports that lead people there. No debug information, or a build without
// libdw: nowhere.

#ifndef STORESCOPE_SOURCE_H
#define STORESCOPE_SOURCE_H

#include "backends/backend.h"

struct source_place {
    char file[4096]; // as a path from here where it lies below this folder
    int line;
};

// Where a routine is defined.
bool source_find(const struct backend *b, struct source_place *out);

// A line of source that an instruction was made of.
struct source_line {
    char file[1024]; // as source_place
    char function[128];
    int line;
};

// What stands on that line of the file, without blanks around it, as far as it can be
// shown. False: it cannot be read.
bool source_text(const struct source_line *line, char *text, size_t size);

// The debug information of an ELF file.
struct source_lines;

// BYTES are the file's, which are written to and outlive what is opened. DEBUG: the file
// that has its debug information, which is looked into when its own has none; or NULL.
// NULL: there is none.
struct source_lines *source_lines_open(uint8_t *bytes, size_t length, const char *debug);

// Of byte OFFSET of a relocatable object's SECTION, or of the address OFFSET of any other
// file: the innermost line, then those that it was inlined at, at most MAX. Gives their
// number; 0: not known.
size_t source_lines_at(struct source_lines *s, uint32_t section, uint64_t offset,
                       struct source_line *out, size_t max);

void source_lines_close(struct source_lines *s); // NULL is taken

#endif
