// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Names for places in the watched program's code: the file that an instruction
// was mapped from and an offset in it become a symbol and a library. Symbols
// come from the file, from its debug file where that is installed (here or in
// the program's own root), and are kept for as long as the table lives.

#ifndef STORESCOPE_SYMBOLS_H
#define STORESCOPE_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

struct modules;

struct place {
    const char *module; // name of the file, without folders; "" for code of no file
    const char *path;   // "" likewise
    const char *symbol; // NULL: none
    uint64_t addr;      // in its file
    uint64_t offset;    // from the symbol; without one, from the start of the module
    bool inside; // the symbol says that the place is part of it; else it is the nearest before
};

// SYSROOT may be NULL. Never fails: what cannot be read has no symbols.
struct modules *modules_new(const char *sysroot);
void modules_free(struct modules *m);

// Of byte FILE_OFF of the file PATH. The texts live as long as the table.
void modules_place(struct modules *m, const char *path, uint64_t file_off, struct place *out);

// "memcpy+0x84 (libc.so.6)", "near strcpy+0x240 (libc.so.6)", "libc.so.6+0x97c80",
// "0x7f00 (no file)". Without DETAIL the offset from a symbol is left out.
void place_print(const struct place *p, uint64_t pc, bool detail, char *text, unsigned text_size);

#endif
