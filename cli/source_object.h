// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// A routine in source, such as a `static inline` of a header: a file that includes it and
// has the routine made is compiled by the user's own command. From there on it is a
// backend like any other, PATH:SYMBOL, whose debug information leads to the user's lines.

#ifndef STORESCOPE_SOURCE_OBJECT_H
#define STORESCOPE_SOURCE_OBJECT_H

#include "base/error.h"
#include "cli/options/options.h"

// With --source, makes the objects, one for each --cc, and puts them in place of the
// words that name routines: the first COUNT, if the --call does not name one. Nothing
// without. False and one line in ERROR; what the compiler says is on stderr by then.
bool source_words(struct options *o, size_t count, struct error *error);

#endif
