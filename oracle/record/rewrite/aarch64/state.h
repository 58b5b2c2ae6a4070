// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors

#ifndef STORESCOPE_AARCH64_STATE_H
#define STORESCOPE_AARCH64_STATE_H

#include "record/entry_registers.h"
#include "record/rewrite/aarch64/a64.h"

// The CPU that this process runs on.
const struct a64_cpu *state_cpu(void);

#endif
