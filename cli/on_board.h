// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// --on and --at: a recorded call is sent to a machine's memory.

#ifndef STORESCOPE_CLI_ON_BOARD_H
#define STORESCOPE_CLI_ON_BOARD_H

#include "board/delivery.h"
#include "board/map.h"
#include "cli/options/options.h"

// Do the options about a machine go together? False and one line in ERROR.
bool on_board_fits(const struct options *o, struct error *error);

// Lays the side that is the device where --at has it in a page: routines look at that.
// From then on --at is where the first byte of that side lies.
void on_board_place(struct options *o, struct copy_case *c);

// Sends the recording of a case that was placed to the machine, or through the map of --map.
// False and one line in ERROR.
bool on_board_deliver(const struct options *o, const struct map *map, const struct backend *backend,
                      const struct copy_case *c, const struct recording *r, struct delivery *out,
                      struct error *error);

#endif
