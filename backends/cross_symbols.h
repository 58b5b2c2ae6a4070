// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The symbols of object files and archives for any CPU, of either class and byte
// order. Takes files that may be anything: what does not lie within the bytes that
// were read is passed over. Maps and runs nothing.

#ifndef STORESCOPE_CROSS_SYMBOLS_H
#define STORESCOPE_CROSS_SYMBOLS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cross_symbol_kind {
    CROSS_SYMBOL_OTHER, // data, a section, a label that lies in no code
    CROSS_SYMBOL_CODE,  // a function, or a label in code as assembly has them
    CROSS_SYMBOL_IFUNC,
};

struct cross_symbol {
    const char *name;
    enum cross_symbol_kind kind;
    bool defined, local, weak, thread_local_data;
};

// One object: the file itself, or a member of an archive.
struct cross_object {
    const uint8_t *bytes;
    size_t length;
    char member[64]; // its name in the archive; "": the file is no archive
};

// A file in memory.
struct cross_file {
    uint8_t *bytes;
    size_t length;
};

// False and one line in ERROR when it cannot be read.
bool cross_file_open(struct cross_file *f, const char *path, struct error *error);
void cross_file_close(struct cross_file *f);
bool cross_file_is_archive(const struct cross_file *f);

// The next object of the file; AT is zeroed before the first. False: no more.
bool cross_file_next(const struct cross_file *f, size_t *at, struct cross_object *out);

// Visits the symbols of an object; false from VISIT ends it.
typedef bool cross_symbol_visit(const struct cross_object *object,
                                const struct cross_symbol *symbol, void *context);
void cross_symbols_each(const struct cross_object *object, cross_symbol_visit *visit,
                        void *context);

// The object that defines the routine NAME: a global symbol, or else the first
// local one in code. False when none does.
bool cross_routine_find(const struct cross_file *f, const char *name, struct cross_object *object,
                        struct cross_symbol *symbol);

// May the file be linked with an object: is it one, or an archive? False and why not,
// without its name, in WHY.
bool elf_can_be_linked(const char *path, struct error *why);

#endif
