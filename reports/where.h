// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Where an instruction of a recording is: its symbol and the offset from it, the module
// when that is not the routine's, and with debug information its line of source and
// those that it was inlined at. Files are read when the first of their instructions is
// asked for, and kept for the life of the process.

#ifndef STORESCOPE_WHERE_H
#define STORESCOPE_WHERE_H

#include "judge/message_sites.h"
#include "reports/source.h"
#include "trace/recording.h"

enum { WHERE_LINES_MAX = 6, WHERE_NAME_MAX = 256, WHERE_TEXT_MAX = 768 };

struct where {
    char symbol[WHERE_NAME_MAX]; // "": none, and the offset is the module's
    char name[WHERE_NAME_MAX];   // the symbol as people write it, of C++ and Rust demangled
    bool local;                  // to its object
    uint64_t symbol_offset;
    char module[WHERE_NAME_MAX];               // name of its file, without folders; "": not known
    bool foreign;                              // another module than the routine's
    char called[ORIGIN_NAME_MAX];              // what the routine's calls it; "": not known
    struct source_line lines[WHERE_LINES_MAX]; // innermost first
    size_t line_count;
};

// The symbol_offset of a place in recording.told of which nothing is known.
#define WHERE_NOWHERE UINT64_MAX

// Of a site of the recording, by its index. False: nothing is known of it.
bool where_of(const struct recording *r, size_t site, struct where *out);

// Of an address of the ELF file at PATH, of any CPU.
bool where_in_file(const char *path, uint64_t address, struct where *out);

// "my_copy+0x1c (ram_copy.h:11)"; "my_copy+0x1c (ram_copy.h:11, from mine.c:5)" where that
// is inlined; "__memmove_evex+0x40 of libc.so.6". "" when nothing is known. TEXT holds
// WHERE_TEXT_MAX bytes. Gives TEXT.
char *where_print(const struct recording *r, size_t site, char *text);

// The same without lines, as far as there is room for it.
void where_name_site(const struct recording *r, size_t site, char name[SITE_NAME_MAX]);

#endif
