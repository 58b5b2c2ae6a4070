// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#ifndef STORESCOPE_DWARF_FUNCTIONS_H
#define STORESCOPE_DWARF_FUNCTIONS_H

#include <elfutils/libdw.h>

// Shows LOOK each function of the debug information in the file at PATH (NULL: none),
// until it returns DWARF_CB_ABORT. The file itself alone: a report does not search the
// system, nor a network.
void dwarf_functions_each(const char *path, int (*look)(Dwarf_Die *function, void *context),
                          void *context);

#endif
