// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#ifndef STORESCOPE_AARCH64_STATE_H
#define STORESCOPE_AARCH64_STATE_H

#include "record/entry_registers.h"
#include "record/rewrite/aarch64/a64.h"

// The CPU that this process runs on.
const struct a64_cpu *state_cpu(void);

// What d8 to d15 hold when a routine that may change them is entered: none of the general
// registers' values.
#define STATE_VECTOR(d) ENTRY_REGISTER(32 + (d))

#endif
