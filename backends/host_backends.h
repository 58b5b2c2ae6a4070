// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Families of this CPU.

#ifndef STORESCOPE_HOST_BACKENDS_H
#define STORESCOPE_HOST_BACKENDS_H

#include "backends/backend.h"

// Appends the running CPU's and libraries' families.
void families_list(struct backend_list *out);

#endif
