// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What arrived at a machine's devices, as text: under the access that was sent, and once
// for the whole call.

#ifndef STORESCOPE_TEXT_BOARD_H
#define STORESCOPE_TEXT_BOARD_H

#include "base/terminal.h"
#include "board/delivery.h"

// "pl011: write addr 0x0, data 0x41, size 1", a line each, of the access of that index.
void text_board_access(const struct delivery *r, size_t access, unsigned indent,
                       const struct terminal *terminal, FILE *out);

// The machine, how accesses were sent, the console; or why nothing can be said.
void text_board_end(const struct delivery *r, const char *machine, const struct terminal *terminal,
                    FILE *out);

#endif
