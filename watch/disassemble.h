// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// The text of one instruction, by Capstone, of the machines whose `text_by_qemu`
// is false.

#ifndef STORESCOPE_WATCH_DISASSEMBLE_H
#define STORESCOPE_WATCH_DISASSEMBLE_H

#include "watch/machine.h"

// Instructions that Capstone does not know are shown as their bytes.
void disassemble(const struct machine *machine, uint64_t pc, const uint8_t *bytes, size_t length,
                 char *text, size_t text_size);

#endif
