// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Loads one routine out of a relocatable object or an archive of them, as a
// linker with --gc-sections would: the section that holds the routine, and what
// its relocations reach, also in other members of the archive. The image lies
// in the low 2 GiB, so that 32-bit relocations fit: code, constants and data
// apart, inaccessible pages between them.
//
// Undefined symbols: the variables that steer glibc's routines are provided, with
// its defaults, and the thunks of a kernel that does without them. Functions that end the
// program and all that is left over are kept by name (undefined.h). Nothing is left
// unresolved silently. Thread-local variables lie in this thread's own memory, and
// code asks for them as it does in a program.

#ifndef STORESCOPE_IMAGE_H
#define STORESCOPE_IMAGE_H

#include "backends/backend.h"
#include "base/error.h"

// SYMBOL is a function of the file at PATH, global or local. Fills OUT, and runs
// nothing. False and one line in ERROR when the file or what it asks for cannot be
// loaded.
bool image_load(const char *path, const char *symbol, struct routine *out, struct error *error);

// Runs the constructors of the files that the image has parts of. False and one
// line in ERROR when one needs what they do not define.
bool image_start(const char *path, const struct routine *routine, struct error *error);

// What a libc's __x86_* variable of that name begins with in an image.
uint64_t image_variable(const char *name);

// Takes an image that image_load gave out of memory. A worker never does: its
// routine lives as long as it.
void image_unload(struct routine *routine);

#endif
