// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Families of other CPUs.

#ifndef STORESCOPE_CROSS_BACKENDS_H
#define STORESCOPE_CROSS_BACKENDS_H

#include "backends/arch.h"
#include "backends/backend.h"

// Appends the families of other CPUs.
void cross_list(struct backend_list *out);

// Appends the routines of that list which ARCH has in its own libc, or OF_ENGINE in
// storecopy.
void cross_list_of(struct backend_list *out, const struct arch *arch, bool of_engine);

// Appends a routine for ARCH; it is missing where the tools for that are.
struct backend *cross_add(struct backend_list *out, const struct arch *arch, const char *name,
                          const char *path, const char *symbol, const char *from);

#endif
