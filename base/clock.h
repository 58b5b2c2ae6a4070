// SPDX-License-Identifier: MIT
// Copyright (c) 2026 The storescope authors
//
// Clocks.

#ifndef STORESCOPE_BASE_CLOCK_H
#define STORESCOPE_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

// What a clock says now.
uint64_t clock_ns(clockid_t clock);
uint64_t clock_ms(clockid_t clock);

// A clock that only goes forward.
uint64_t clock_now_ns(void);
uint64_t clock_now_ms(void);

#endif
