// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Names for places in code: the functions and labels of an ELF file, of any CPU,
// and of its debug file, where one is read as well.

#ifndef STORESCOPE_SYMBOL_TABLE_H
#define STORESCOPE_SYMBOL_TABLE_H

#include <gelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct symbol_table;

struct symbol_place {
    const char *name; // printable; lives as long as the table
    uint64_t offset;  // from it, bytes
    bool inside;      // the symbol says that the place is part of it; else it is the nearest before
    bool sized;       // it says how far it reaches
    bool local;       // to its object
};

struct symbol_table *symbol_table_new(void);
void symbol_table_free(struct symbol_table *t); // NULL is taken

// Adds the symbols of ELF, which may be closed afterwards.
void symbol_table_read(struct symbol_table *t, Elf *elf);

// The symbol of byte VALUE of a relocatable object's SECTION; of any other file VALUE
// is an address of its own, and SECTION is not asked. False: there is none before it.
bool symbol_table_find(struct symbol_table *t, size_t section, uint64_t value,
                       struct symbol_place *out);

#endif
