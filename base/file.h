// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Folders and paths.

#ifndef STORESCOPE_BASE_FILE_H
#define STORESCOPE_BASE_FILE_H

#include "base/error.h"

#include <fts.h>
#include <stdbool.h>
#include <stddef.h>

// "FOLDER/NAME"; the caller frees it.
char *path_join(const char *folder, const char *name) __attribute__((malloc));

// Makes the folder unless it is there; make_folders with all above it. False and one line
// in ERROR, which ends with ADVICE: what to do about it.
bool make_folder(const char *path, const char *advice, struct error *error);
bool make_folders(const char *path, const char *advice, struct error *error);

// The folder that PATH, a file, is to lie in, with all above it; likewise.
bool make_folders_of(const char *path, const char *advice, struct error *error);

bool is_folder(const char *path);

// What the file at PATH holds, which the caller frees, and its LENGTH: at most
// BYTES_MAX + 1, which is a byte too many. A pipe that somebody writes to is read to
// its end, as `<(...)` gives one; one without a writer is empty, and not waited for.
// NULL, with errno, when it cannot be read.
char *file_read(const char *path, size_t bytes_max, size_t *length) __attribute__((malloc));

// What fts_open gives for files and folders, each folder's entries by their names, links
// followed: always in the same order.
FTS *file_tree(char *const *roots);

// A file, or a folder with all in it. What cannot be removed stays.
void remove_tree(const char *path);

#endif
