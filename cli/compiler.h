// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The user's own compilers, and where what they make is kept.

#ifndef STORESCOPE_COMPILER_H
#define STORESCOPE_COMPILER_H

#include "base/error.h"

#include <stdio.h>

// "KIND" in storescope's part of the user's cache folder, which is made; the caller frees
// it. NULL and one line in ERROR, which ends with ADVICE.
char *compiler_folder(const char *kind, const char *advice, struct error *error);

// The text as the name of a file that no other text has: what a name cannot hold is %XX, and
// the end of a long one is a digest of all of it.
enum { COMPILER_NAME_MAX = 240 };
void compiler_file_name(const char *text, char name[COMPILER_NAME_MAX]);

// Compiles SOURCE, which is in LANGUAGE (of gcc's -x), to OBJECT by CC: a compiler and its
// options as a shell takes them. What it says goes to MESSAGES. Returns the status that
// waitpid gives; 0: the object is there.
int compiler_run(const char *cc, const char *language, const char *source, const char *object,
                 FILE *messages);

// Was it the shell that found no such compiler?
bool compiler_is_missing(int status);

#endif
