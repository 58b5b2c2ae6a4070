// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Loads one routine out of a relocatable object or an archive of them, as a
// linker with --gc-sections would: the section that holds the routine, and what
// its relocations reach, also in other members of the archive. The image lies
// in the low 2 GiB, so that 32-bit relocations fit: code, constants and data
// apart, inaccessible pages between them.
//
// Undefined symbols: a libc's __x86_* variables are provided, with glibc's
// defaults; functions that end the program and all that is left over become
// traps, with their names kept. Nothing is left unresolved silently.

#ifndef STORESCOPE_IMAGE_H
#define STORESCOPE_IMAGE_H

#include "backends/backend.h"

// SYMBOL is a function of the file at PATH, global or local. Fills OUT. False
// and one line in ERROR when the file or what it asks for cannot be loaded.
bool image_load(const char *path, const char *symbol, struct routine *out, char *error,
                size_t error_size);

// What a libc's __x86_* variable of that name begins with in an image.
uint64_t image_variable(const char *name);

// Takes an image that image_load gave out of memory. A worker never does: its
// routine lives as long as it.
void image_unload(struct routine *routine);

#endif
