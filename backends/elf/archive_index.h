// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The names in an archive's index, which every architecture writes alike: a
// count, that many offsets, that many strings (GNU's ar). Reads nothing else of
// the archive, and takes nothing in it on trust.

#ifndef STORESCOPE_ARCHIVE_INDEX_H
#define STORESCOPE_ARCHIVE_INDEX_H

#include <stdbool.h>

// False stops the visit.
typedef bool archive_index_visit(const char *name, void *context);

// False when the file cannot be read, or is no archive with an index.
bool archive_index_each(const char *path, archive_index_visit *visit, void *context);

#endif
