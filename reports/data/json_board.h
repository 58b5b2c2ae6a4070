// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What arrived at a machine's devices, as JSON.

#ifndef STORESCOPE_JSON_BOARD_H
#define STORESCOPE_JSON_BOARD_H

#include "base/json.h"
#include "board/delivery.h"

// The value of the key "device" of a trace; the caller owns it.
cJSON *json_board(const struct delivery *r, const char *machine);

#endif
