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

// "2026-11-24T06:30:00Z", of seconds since 1970: texts of two times sort as the times do.
// Gives TEXT.
enum { DATE_TEXT_MAX = 40 };
char *clock_date(time_t when, char text[DATE_TEXT_MAX]);

#endif
