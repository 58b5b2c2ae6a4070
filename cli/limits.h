// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// What a shell may have limited too far for any command to work.

#ifndef STORESCOPE_LIMITS_H
#define STORESCOPE_LIMITS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>

// Raises what is too low and may be raised. False, and one line in ERROR that says
// what to raise, when something stays too low.
bool limits_suffice(struct error *error);

#endif
