// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The instruction at fault, as text.

#ifndef STORESCOPE_INSTRUCTION_H
#define STORESCOPE_INSTRUCTION_H

#include "probe/run.h"

// "" when there is none.
void instruction_text(const struct probe_fault *fault, char *text, size_t size);

#endif
