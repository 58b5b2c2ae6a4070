// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Names of C++ and Rust, as people write them: "hw::Bar::write",
// "hw::Bar::write(unsigned int*, unsigned long)". The one file that demangles.

#ifndef STORESCOPE_NAMES_H
#define STORESCOPE_NAMES_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

// Which symbol of the file a name means.
enum name_found {
    NAME_UNKNOWN,   // none that has another name than its symbol
    NAME_FOUND,     // SYMBOL, which the caller frees
    NAME_AMBIGUOUS, // several: one line with the choices in ERROR
};

// A name may leave out its parameters, and namespaces before it, as long as one routine
// alone is meant. GIVEN is the file's name for messages. NAME_UNKNOWN for a symbol that
// the file has just so, and for a file that cannot be read.
enum name_found name_resolve(const char *given, const char *path, const char *name, char **symbol,
                             struct error *error);

enum { NAME_TEXT_MAX = 256 };
// The symbol as people write it, without parameters: "hw::Bar::write",
// "hw::Bar::write.cold"; what is no mangled name as it is. What is longer than SIZE, which
// is more than 8, ends in "...". Gives TEXT.
char *name_print(const char *symbol, char *text, size_t size);

// Is NAME the symbol, or a name of it that people may write: with or without parameters,
// and the namespaces before it?
bool name_means(const char *name, const char *symbol);

#endif
